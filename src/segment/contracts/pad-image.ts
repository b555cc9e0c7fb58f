import type { RgbImage } from "../../tiler/slide.ts";

/** Position `at` of a line of `length` pixels, mirrored at its ends without repeating the last one. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const k = at % period;
  return k < length ? k : period - k;
}

/**
 * Pads to the right and below so that both sides are multiples of `stride`, by reflection: a white
 * margin would be an edge that the model was not calibrated with.
 */
export function padToStride(image: RgbImage, stride: number): RgbImage {
  const width = Math.ceil(image.width / stride) * stride;
  const height = Math.ceil(image.height / stride) * stride;
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  const row = image.width * 3;
  for (let y = 0; y < height; y++) {
    const from = mirrored(y, image.height) * row;
    const to = y * width * 3;
    data.set(image.data.subarray(from, from + row), to);
    for (let x = image.width; x < width; x++) {
      const source = from + mirrored(x, image.width) * 3;
      for (let c = 0; c < 3; c++) data[to + x * 3 + c] = image.data[source + c]!;
    }
  }
  return { data, width, height };
}

/**
 * Pads to a square by reflection, right or below. Models that resize to a square whatever the aspect
 * then see every patch at one scale; a square patch is left as it is.
 */
export function padToSquare(image: RgbImage): RgbImage {
  return padToStride(image, Math.max(image.width, image.height));
}
