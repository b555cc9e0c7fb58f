import { readJpeg2000Header } from "./jpeg2000-header.ts";
import { decodeInLane } from "./lanes.ts";

/** A decoded JPEG 2000 picture: samples interleaved, rows top to bottom, no padding. */
export interface Jpeg2000Image {
  /** One byte a sample up to 8 bits, else two. */
  readonly data: Uint8Array | Uint16Array | Int16Array;
  readonly width: number;
  readonly height: number;
  /** 1 or 3. */
  readonly components: number;
  readonly bits: number;
  readonly signed: boolean;
  /** Its chroma was subsampled: OpenJPEG has made RGB of it. */
  readonly madeRgb: boolean;
}

/** How to decode. */
export interface Jpeg2000Options {
  /** How often to halve the picture: its own smaller resolutions, 0 for full size. */
  readonly reduce?: number;
  /** Pixels that the full picture may have, where the caller knows; the caps of `limits.ts` hold in any case. */
  readonly maxPixels?: number;
}

/**
 * Decodes a JPEG 2000 codestream (ISO/IEC 15444-1, HTJ2K too) with OpenJPEG, on a thread of its own.
 *
 * The components are as stored: YCbCr stays YCbCr, unless its chroma is subsampled, which OpenJPEG
 * brings to RGB as it enlarges it. Throws plain Errors about the bytes; the caller names the file.
 */
export async function decodeJpeg2000(
  bytes: Uint8Array,
  options: Jpeg2000Options = {},
): Promise<Jpeg2000Image> {
  const header = readJpeg2000Header(bytes);
  const { maxPixels = Number.POSITIVE_INFINITY, reduce = 0 } = options;
  if (header.width * header.height > maxPixels) {
    throw new Error(
      `its JPEG 2000 picture is ${header.width}×${header.height} px where at most ${maxPixels} px were expected`,
    );
  }
  if (reduce > header.reductions) {
    throw new Error(
      `its JPEG 2000 picture can be halved ${header.reductions} times, not ${reduce}`,
    );
  }
  const samples = header.width * header.height * header.components;
  const answer = await decodeInLane({ codec: "jpeg2000", bytes, reduce }, samples);
  const width = Math.ceil(header.width / 2 ** reduce);
  const height = Math.ceil(header.height / 2 ** reduce);
  const expected = width * height * header.components * (header.bits > 8 ? 2 : 1);
  if (answer.components !== header.components || answer.data.byteLength !== expected) {
    throw new Error(
      `it decodes to ${answer.data.byteLength} bytes in ${answer.components} components where ${expected} in ${header.components} were expected`,
    );
  }
  const { components, bits, signed, subsampled: madeRgb } = header;
  const data = typed(answer.data, bits, signed);
  return { data, width, height, components, bits, signed, madeRgb };
}

function typed(data: ArrayBuffer, bits: number, signed: boolean): Jpeg2000Image["data"] {
  if (bits <= 8) return new Uint8Array(data);
  return signed ? new Int16Array(data) : new Uint16Array(data);
}
