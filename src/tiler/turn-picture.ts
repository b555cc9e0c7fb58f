import type { RgbImage } from "./slide.ts";

/** How a picture is shown: mirrored left to right first, then turned clockwise by quarters. */
export interface Turn {
  readonly mirrored: boolean;
  readonly quarters: 0 | 1 | 2 | 3;
}

/** A picture mirrored and turned; pixels are moved, never mixed. */
export function turnPicture(image: RgbImage, { mirrored, quarters }: Turn): RgbImage {
  if (!mirrored && quarters === 0) return image;
  const { width, height, data } = image;
  // Where the pixel at x, y of the result comes from: a line in each coordinate of the source.
  const [ox, xx, xy] = ACROSS[quarters](width);
  const [oy, yx, yy] = DOWN[quarters](height);
  const sign = mirrored ? -1 : 1;
  const origin = oy * width + (mirrored ? width - 1 - ox : ox);
  const stepX = (yx * width + sign * xx) * 3;
  const stepY = yy * width + sign * xy;
  const [outWidth, outHeight] = quarters % 2 === 1 ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0, o = 0; y < outHeight; y++) {
    let from = (origin + y * stepY) * 3;
    for (let x = 0; x < outWidth; x++, o += 3, from += stepX) {
      out[o] = data[from]!;
      out[o + 1] = data[from + 1]!;
      out[o + 2] = data[from + 2]!;
    }
  }
  return { data: out, width: outWidth, height: outHeight };
}

/** Origin, and change with x and with y, of the source's column and row, by quarters. */
type Line = (length: number) => readonly [origin: number, withX: number, withY: number];
const ACROSS: readonly [Line, Line, Line, Line] = [
  () => [0, 1, 0],
  () => [0, 0, 1],
  (width) => [width - 1, -1, 0],
  (width) => [width - 1, 0, -1],
];
const DOWN: readonly [Line, Line, Line, Line] = [
  () => [0, 0, 1],
  (height) => [height - 1, -1, 0],
  (height) => [height - 1, 0, -1],
  () => [0, 1, 0],
];

/** A picture without colour: ITU-R BT.601 luma in all three channels. */
export function grayPicture(image: RgbImage): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
    data.fill(Math.round(0.299 * red + 0.587 * green + 0.114 * blue), i, i + 3);
  }
  return { ...image, data };
}
