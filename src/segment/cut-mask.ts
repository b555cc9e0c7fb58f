import type { Box } from "../geometry.ts";
import { encodeRle, type MeasuredRle } from "./rle.ts";

/** How a decoder's grid of logits lies on the patch: cells of `cellPx` patch px. */
export interface LogitGrid {
  readonly columns: number;
  readonly rows: number;
  /** Patch px a cell, > 0; may be fractional (a 1000 px patch over 256 SAM cells). */
  readonly cellPx: number;
}

/** A mask cut from logits. Frame of `box`: patch px. */
export interface CutMask extends MeasuredRle {
  /** Pixels above threshold + offset over pixels above threshold − offset, 0..1: SAM's stability score. */
  readonly stabilityScore: number;
}

/** Where the pixels of one axis fall between cell centres. */
interface Axis {
  /** First pixel whose lower cell is j; one more entry closes the last interval. */
  readonly start: Int32Array;
  /** Weight of the upper cell, a pixel each. */
  readonly weight: Float64Array;
}

/** Half-pixel centres, clamped at the ends: pixel k reads the cell coordinate (k + ½)/cellPx − ½. */
function axis(cells: number, cellPx: number): Axis {
  const pixels = Math.ceil(cells * cellPx - 1e-6);
  const start = new Int32Array(cells + 1).fill(pixels);
  const weight = new Float64Array(pixels);
  for (let k = pixels - 1; k >= 0; k--) {
    const at = Math.min(Math.max((k + 0.5) / cellPx - 0.5, 0), cells - 1);
    const lower = Math.min(Math.floor(at), Math.max(0, cells - 2));
    weight[k] = at - lower;
    start[lower] = k;
  }
  // An interval narrower than a pixel may hold none: it starts where the next one does.
  for (let j = cells - 1; j >= 0; j--) start[j] = Math.min(start[j]!, start[j + 1]!);
  return { start, weight };
}

/**
 * Turns windows of logits into masks at patch resolution: bilinear upsampling (half-pixel centres,
 * clamped at the window's edge), a threshold, the stability score and the RLE in one pass.
 *
 * Only the box of cells that can reach the threshold is visited, and a quad of cells that lies
 * wholly above or below is settled without interpolating: what costs is the outline, not the area.
 */
export class MaskCutter {
  readonly #grid: LogitGrid;
  readonly #x: Axis;
  readonly #y: Axis;
  #scratch = new Uint8Array(0);

  constructor(grid: LogitGrid) {
    this.#grid = grid;
    this.#x = axis(grid.columns, grid.cellPx);
    this.#y = axis(grid.rows, grid.cellPx);
  }

  /**
   * Cuts one window whose top left corner lies at (originX, originY), patch px (integers), keeping
   * only pixels inside `clip` (patch px, integers); null where no pixel exceeds the threshold.
   */
  cut(
    logits: Float32Array,
    originX: number,
    originY: number,
    clip: Box,
    threshold: number,
    offset: number,
  ): CutMask | null {
    const { columns, rows } = this.#grid;
    const low = threshold - offset;
    const high = threshold + offset;

    let [c0, r0, c1, r1] = [columns, rows, -1, -1];
    for (let r = 0, i = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++, i++) {
        if (logits[i]! > low) {
          if (c < c0) c0 = c;
          if (c > c1) c1 = c;
          if (r0 > r) r0 = r;
          r1 = r;
        }
      }
    }
    if (c1 < 0) return null;

    const [xs, ys] = [this.#x.start, this.#y.start];
    const firstColumn = Math.max(0, c0 - 1);
    const lastColumn = Math.min(c1, Math.max(0, columns - 2));
    const firstRow = Math.max(0, r0 - 1);
    const lastRow = Math.min(r1, Math.max(0, rows - 2));
    // The window of pixels that is visited, in the logit window's own pixels.
    const left = Math.max(xs[firstColumn]!, clip.x - originX);
    const top = Math.max(ys[firstRow]!, clip.y - originY);
    const right = Math.min(xs[lastColumn + 1]!, clip.x + clip.width - originX);
    const bottom = Math.min(ys[lastRow + 1]!, clip.y + clip.height - originY);
    const width = right - left;
    const height = bottom - top;
    if (width <= 0 || height <= 0) return null;
    if (this.#scratch.length < width * height) this.#scratch = new Uint8Array(width * height);
    const out = this.#scratch;
    out.fill(0, 0, width * height);

    const [fx, fy] = [this.#x.weight, this.#y.weight];
    let [area, above, below] = [0, 0, 0];
    let [x0, y0, x1, y1] = [right, bottom, -1, -1];
    for (let r = firstRow; r <= lastRow; r++) {
      const py0 = Math.max(ys[r]!, top);
      const py1 = Math.min(ys[r + 1]!, bottom);
      if (py1 <= py0) continue;
      const upper = r * columns;
      const lower = Math.min(r + 1, rows - 1) * columns;
      for (let c = firstColumn; c <= lastColumn; c++) {
        const px0 = Math.max(xs[c]!, left);
        const px1 = Math.min(xs[c + 1]!, right);
        if (px1 <= px0) continue;
        const next = Math.min(c + 1, columns - 1);
        const a = logits[upper + c]!;
        const b = logits[upper + next]!;
        const d = logits[lower + c]!;
        const e = logits[lower + next]!;
        if (a <= low && b <= low && d <= low && e <= low) continue;
        if (a > high && b > high && d > high && e > high) {
          const pixels = (py1 - py0) * (px1 - px0);
          area += pixels;
          above += pixels;
          below += pixels;
          for (let y = py0; y < py1; y++) {
            const row = (y - top) * width - left;
            for (let x = px0; x < px1; x++) out[row + x] = 1;
          }
          if (px0 < x0) x0 = px0;
          if (px1 - 1 > x1) x1 = px1 - 1;
          if (py0 < y0) y0 = py0;
          if (py1 - 1 > y1) y1 = py1 - 1;
          continue;
        }
        for (let y = py0; y < py1; y++) {
          const v = fy[y]!;
          const from = a + (d - a) * v;
          const step = b + (e - b) * v - from;
          const row = (y - top) * width - left;
          for (let x = px0; x < px1; x++) {
            const value = from + step * fx[x]!;
            if (value <= low) continue;
            below++;
            if (value > high) above++;
            if (value <= threshold) continue;
            out[row + x] = 1;
            area++;
            if (x < x0) x0 = x;
            if (x > x1) x1 = x;
            if (y < y0) y0 = y;
            if (y > y1) y1 = y;
          }
        }
      }
    }
    if (area === 0) return null;
    const [w, h] = [x1 - x0 + 1, y1 - y0 + 1];
    return {
      rle: encodeRle(out, width, x0 - left, y0 - top, w, h),
      box: { x: originX + x0, y: originY + y0, width: w, height: h },
      area,
      stabilityScore: below === 0 ? 0 : above / below,
    };
  }
}
