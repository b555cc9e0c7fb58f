import type { CellColors } from "./cell-colors.ts";
import { SMOOTH } from "./cell-detail.ts";

/** RGB, 0–255. */
export type Rgb = readonly [number, number, number];

/** Glass is at least this bright in its darkest channel, and this near to grey. */
const GLASS = { least: 195, chroma: 26 } as const;

/** Fewer glass cells than this share of the slide are taken for pale tissue. */
const LEAST_SHARE = 0.002;

/** Brightest share of the glass cells whose mean is the glass: the rest may lie in shade. */
const BRIGHTEST = 0.25;

/** What glass is taken to be where none is found. */
export const ASSUMED_GLASS: Rgb = [250, 250, 250];

/** Pure white or black: what scanners and formats put where nothing was scanned. */
export function isUnscanned(red: number, green: number, blue: number): boolean {
  return (red & green & blue) === 255 || (red | green | blue) === 0;
}

/**
 * The colour of a slide's bare glass, RGB 0–255: the mean of the brightest quarter of its cells that
 * are bright, near grey and without structure. Null where hardly a cell is, as in a field that is all tissue.
 *
 * What was not scanned does not count: pure white is brighter than any glass.
 */
export function estimateGlass(colors: CellColors, detail: Float32Array): Rgb | null {
  const { data } = colors;
  const byShade = new Uint32Array(766);
  const isGlass = (cell: number, p: number): boolean => {
    const red = data[p]!;
    const green = data[p + 1]!;
    const blue = data[p + 2]!;
    const least = Math.min(red, green, blue);
    if (least < GLASS.least || Math.max(red, green, blue) - least > GLASS.chroma) return false;
    return detail[cell]! < SMOOTH && !isUnscanned(red, green, blue);
  };
  let count = 0;
  for (let cell = 0, p = 0; cell < detail.length; cell++, p += 3) {
    if (!isGlass(cell, p)) continue;
    const shade = data[p]! + data[p + 1]! + data[p + 2]!;
    byShade[shade] = byShade[shade]! + 1;
    count++;
  }
  if (count === 0 || count < LEAST_SHARE * detail.length) return null;
  let wanted = count * BRIGHTEST;
  let shade = 765;
  while (shade > 0 && wanted > byShade[shade]!) wanted -= byShade[shade--]!;
  let [red, green, blue, taken] = [0, 0, 0, 0];
  for (let cell = 0, p = 0; cell < detail.length; cell++, p += 3) {
    if (data[p]! + data[p + 1]! + data[p + 2]! < shade || !isGlass(cell, p)) continue;
    red += data[p]!;
    green += data[p + 1]!;
    blue += data[p + 2]!;
    taken++;
  }
  return [red / taken, green / taken, blue / taken];
}
