import type { Box } from "../geometry.ts";
import type { RgbImage } from "../tiler/slide.ts";

/**
 * The part of a patch that holds slide pixels, where that is its upper left part; else the whole patch.
 *
 * A patch at the slide's right or lower edge is filled up with white. A model that takes any size does
 * better without it: its own padding mirrors tissue, while white looks like a cut through it, and what
 * is not there need not be encoded. Positions stay the patch's own, since the corner does.
 */
export function slidePart(image: RgbImage, clip: Box): RgbImage {
  const { width, height } = clip;
  const isWhole = width === image.width && height === image.height;
  if (isWhole || clip.x !== 0 || clip.y !== 0) return image;
  return cropImage(image, clip);
}

/** A part of a picture, its pixels copied. `box` lies within the picture. */
export function cropImage(image: RgbImage, { x, y, width, height }: Box): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { data, width, height };
}
