import type { Size } from "../geometry.ts";
import type { CellColors } from "./cell-colors.ts";
import { countAround } from "./mask-cleanup.ts";

/** Below this detail a cell has no structure: glass, out-of-focus ink, shade. */
export const SMOOTH = 0.008;

/** Structure of tissue is above this plus what the noise of dark cells fakes. */
const TEXTURED = 0.012;

/** Noise of a cell's mean, grey levels over the three channels together. */
const NOISE = 4;

/** Half the side of the square over which structure is counted, cells: a mere edge fills less than half of it. */
const REACH = 3;

/**
 * How much each cell's brightness differs from what its four neighbours let expect: the absolute
 * Laplacian over the brightness, no unit.
 *
 * Brightness is relative, so that ink, which takes away the same share of the light everywhere, leaves
 * the figure of what lies beneath it as it is. Gradients (shade, blurred strokes) give 0.
 */
export function cellDetail(colors: CellColors): Float32Array {
  const { grid, data } = colors;
  const { width, height } = grid;
  const bright = new Uint16Array(width * height);
  for (let cell = 0, p = 0; cell < bright.length; cell++, p += 3) {
    bright[cell] = data[p]! + data[p + 1]! + data[p + 2]!;
  }
  const detail = new Float32Array(bright.length);
  for (let y = 0; y < height; y++) {
    const up = y > 0 ? -width : 0;
    const down = y < height - 1 ? width : 0;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = x > 0 ? at - 1 : at;
      const right = x < width - 1 ? at + 1 : at;
      const own = bright[at]!;
      const around = bright[at + up]! + bright[at + down]! + bright[left]! + bright[right]!;
      detail[at] = Math.abs(4 * own - around) / (4 * (own + 3));
    }
  }
  return detail;
}

/** Whether a cell's detail is more than smooth ink, glass or shade of its brightness shows. */
export function isTextured(detail: number, brightness: number): boolean {
  return detail > TEXTURED + NOISE / (brightness + 3);
}

/** The share of cells in the square of 7 × 7 around a cell that `flags` marks, 0..1. */
export function sharesAround(flags: Uint8Array, grid: Size): (cell: number) => number {
  const { width, height } = grid;
  const counts = countAround(flags, grid, REACH);
  return (cell) => {
    const x = cell % width;
    const y = (cell - x) / width;
    const across = Math.min(width - 1, x + REACH) - Math.max(0, x - REACH) + 1;
    const down = Math.min(height - 1, y + REACH) - Math.max(0, y - REACH) + 1;
    return counts[cell]! / (across * down);
  };
}
