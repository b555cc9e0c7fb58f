import { decodePackBits } from "../tiff/packbits.ts";
import type { PixelRules } from "./pixel-rules.ts";

/** Number of segments, then 15 offsets. */
const HEADER_BYTES = 64;

/**
 * RLE of DICOM PS3.5 Annex G: each byte of each sample is a plane of its own, the upper one first,
 * compressed as TIFF's PackBits. Returns interleaved little-endian samples of `pixels` pixels.
 *
 * Throws plain Errors about the bytes.
 */
export function decodeRle(bytes: Uint8Array, rules: PixelRules, pixels: number): Uint8Array {
  if (bytes.length < HEADER_BYTES) throw new Error("it is shorter than an RLE header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { samples, bytesPerSample } = rules;
  const planes = samples * bytesPerSample;
  if (view.getUint32(0, true) !== planes) {
    throw new Error(`it has ${view.getUint32(0, true)} RLE segments where ${planes} were expected`);
  }
  const decoded = new Uint8Array(pixels * planes);
  for (let plane = 0; plane < planes; plane++) {
    const start = view.getUint32(4 + 4 * plane, true);
    const end = plane + 1 < planes ? view.getUint32(8 + 4 * plane, true) : bytes.length;
    const values = decodePackBits(bytes.subarray(start, end), pixels);
    if (values.length < pixels) {
      throw new Error(`RLE segment ${plane} holds ${values.length} bytes of ${pixels}`);
    }
    const sample = Math.floor(plane / bytesPerSample);
    const byte = bytesPerSample - 1 - (plane % bytesPerSample);
    const first = sample * bytesPerSample + byte;
    for (let i = 0; i < pixels; i++) decoded[i * planes + first] = values[i]!;
  }
  return decoded;
}
