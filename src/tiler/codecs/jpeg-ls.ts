import { decodeInLane } from "./lanes.ts";

/** What a JPEG-LS picture says of itself, and is expected to say. */
export interface JpegLsHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly bits: number;
}

const SOF55 = 0xf7;

/**
 * Decodes JPEG-LS (ITU-T T.87) with CharLS, on a thread of its own: samples interleaved, one byte each
 * up to 8 bits, else two. Several components of more than 8 bits are refused.
 *
 * Throws plain Errors about the bytes, also where they are not what was expected; the caller names the
 * file.
 */
export async function decodeJpegLs(
  bytes: Uint8Array,
  expected: JpegLsHeader,
): Promise<Uint8Array | Uint16Array> {
  const { width, height, components, bits } = expected;
  const found = readHeader(bytes);
  if (!found) throw new Error("its bytes are no JPEG-LS stream");
  for (const key of ["width", "height", "components", "bits"] as const) {
    if (found[key] === expected[key]) continue;
    throw new Error(
      `its JPEG-LS picture has ${key} ${found[key]} where ${expected[key]} was expected`,
    );
  }
  if (components > 1 && bits > 8) throw new Error(`it is JPEG-LS of ${components} × ${bits} bits`);
  const samples = width * height * components;
  const { data } = await decodeInLane({ codec: "jpeg-ls", bytes }, samples);
  const length = samples * (bits > 8 ? 2 : 1);
  if (data.byteLength !== length) {
    throw new Error(`it decodes to ${data.byteLength} bytes where ${length} were expected`);
  }
  return bits > 8 ? new Uint16Array(data) : new Uint8Array(data);
}

function readHeader(bytes: Uint8Array): JpegLsHeader | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  let at = 2;
  while (at + 10 <= bytes.length && bytes[at] === 0xff) {
    if (bytes[at + 1] === SOF55) {
      return {
        bits: bytes[at + 4]!,
        height: word(at + 5),
        width: word(at + 7),
        components: bytes[at + 9]!,
      };
    }
    at += 2 + Math.max(2, word(at + 2));
  }
  return null;
}
