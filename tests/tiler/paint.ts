import sharp, { type Sharp } from "sharp";

/** RGB bytes of a picture whose every pixel is `at(x, y)`. */
export function paint(
  width: number,
  height: number,
  at: (x: number, y: number) => readonly [number, number, number],
): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) data.set(at(x, y), o);
  }
  return data;
}

/** A picture with structure at every scale and no symmetry: misplaced pixels show. */
export function busy(x: number, y: number): readonly [number, number, number] {
  return [
    (x * 37 + y * 11) % 256,
    (x * x + 3 * y) % 256,
    ((x >> 2) + Math.floor(y / 3)) % 2 ? 255 : 0,
  ];
}

/** sharp over raw RGB. */
export function rgb(data: Uint8Array, width: number, height: number): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
