const HALF = 2 ** 15;

/** What a value of Cb or Cr adds to green, in 2^-16ths, each entry rounded. */
const greenOf = (weight: number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, i) => Math.round(-weight * 2 ** 16 * (i - 128)));
const [CB_TO_GREEN, CR_TO_GREEN] = [greenOf(0.34414), greenOf(0.71414)];

/**
 * Turns interleaved YCbCr of 8 bits, full range, into RGB in place (ITU-T T.871).
 *
 * In fixed point, to the last bit as OpenSlide 4.0.1 converts Aperio's JPEG 2000 tiles: compared over
 * every pair of Cb and Cr.
 */
export function yCbCrToRgb(data: Uint8Array): void {
  for (let i = 0; i + 2 < data.length; i += 3) {
    const y = data[i]!;
    const [cb, cr] = [data[i + 1]!, data[i + 2]!];
    data[i] = clamp(y + ((91_881 * (cr - 128) + HALF) >> 16));
    data[i + 1] = clamp(y + ((CB_TO_GREEN[cb]! + CR_TO_GREEN[cr]! + HALF) >> 16));
    data[i + 2] = clamp(y + ((116_130 * (cb - 128) + HALF) >> 16));
  }
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
