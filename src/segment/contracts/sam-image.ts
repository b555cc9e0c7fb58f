import type { RgbImage } from "../../tiler/slide.ts";

/** The side of SAM's square input, px. */
export const SAM_SIZE = 1024;
/** The side of SAM's low-resolution masks, cells. */
export const SAM_CELLS = 256;

/** SAM's normalisation of 0–255 RGB. */
const MEAN = [123.675, 116.28, 103.53] as const;
const STD = [58.395, 57.12, 57.375] as const;

/** Input px per patch px: the long side becomes `size`. */
export function samScale(image: RgbImage, size: number): number {
  return size / Math.max(image.width, image.height);
}

/**
 * Resizes so that the long side is `size`: bilinear, half-pixel centres, edges clamped, no smoothing
 * before shrinking; the image itself where it fits already.
 */
export function resizeLongSide(image: RgbImage, size: number): RgbImage {
  const scale = samScale(image, size);
  if (scale === 1) return image;
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const data = new Uint8Array(width * height * 3);
  const source = image.data;
  const [stepX, stepY] = [image.width / width, image.height / height];
  for (let y = 0, out = 0; y < height; y++) {
    const v = Math.min(Math.max((y + 0.5) * stepY - 0.5, 0), image.height - 1);
    const top = Math.floor(v);
    const fy = v - top;
    const upper = top * image.width;
    const lower = Math.min(top + 1, image.height - 1) * image.width;
    for (let x = 0; x < width; x++) {
      const u = Math.min(Math.max((x + 0.5) * stepX - 0.5, 0), image.width - 1);
      const left = Math.floor(u);
      const fx = u - left;
      const right = Math.min(left + 1, image.width - 1);
      for (let c = 0; c < 3; c++, out++) {
        const a = source[(upper + left) * 3 + c]!;
        const b = source[(upper + right) * 3 + c]!;
        const d = source[(lower + left) * 3 + c]!;
        const e = source[(lower + right) * 3 + c]!;
        const from = a + (b - a) * fx;
        data[out] = Math.round(from + (d + (e - d) * fx - from) * fy);
      }
    }
  }
  return { data, width, height };
}

/** Planar float32 [3, size, size], normalised as SAM does, zero-padded right and below **after** normalising. */
export function samPixels(image: RgbImage, size: number): Float32Array {
  const { data, width, height } = image;
  const plane = size * size;
  const pixels = new Float32Array(3 * plane);
  for (let y = 0, i = 0; y < height; y++) {
    let o = y * size;
    for (let x = 0; x < width; x++, i += 3, o++) {
      pixels[o] = (data[i]! - MEAN[0]) / STD[0];
      pixels[o + plane] = (data[i + 1]! - MEAN[1]) / STD[1];
      pixels[o + 2 * plane] = (data[i + 2]! - MEAN[2]) / STD[2];
    }
  }
  return pixels;
}
