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

/**
 * The cell below a pixel's centre on one axis, and the weight of the cell above it: half-pixel centres, clamped at
 * the ends, so that pixel k reads the cell coordinate (k + ½)/cellPx − ½.
 */
export function cellBelow(
  pixel: number,
  cells: number,
  cellPx: number,
): { lower: number; weight: number } {
  const at = Math.min(Math.max((pixel + 0.5) / cellPx - 0.5, 0), cells - 1);
  const lower = Math.min(Math.floor(at), Math.max(0, cells - 2));
  return { lower, weight: at - lower };
}

function axis(cells: number, cellPx: number): Axis {
  const pixels = Math.ceil(cells * cellPx - 1e-6);
  const start = new Int32Array(cells + 1).fill(pixels);
  const weight = new Float64Array(pixels);
  for (let k = pixels - 1; k >= 0; k--) {
    const place = cellBelow(k, cells, cellPx);
    weight[k] = place.weight;
    start[place.lower] = k;
  }
  // An interval narrower than a pixel may hold none: it starts where the next one does.
  for (let j = cells - 1; j >= 0; j--) start[j] = Math.min(start[j]!, start[j + 1]!);
  return { start, weight };
}

/** Logits are cut at `threshold`; stability compares the cuts at `threshold` ± `offset`. */
export interface CutLevels {
  readonly threshold: number;
  readonly offset: number;
  /** Masks whose stability score is lower are not wanted; 0 wants all. */
  readonly leastStability: number;
}

/** How far rounding may carry an interpolated value past its neighbours, as a share of the largest logit. */
const ROUNDING = 2 ** -50;

/** The part of a window that can hold mask pixels: quads of neighbouring cells and the pixels among them. */
interface Reach {
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
  /** In the window's own pixels. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** What interpolation may add to or take from a value by rounding. */
  readonly margin: number;
}

/**
 * Turns windows of logits into masks at patch resolution: bilinear upsampling (half-pixel centres,
 * clamped at the window's edge), a threshold, the stability score and the RLE in one pass.
 *
 * Only the box of cells that can reach the threshold is visited, and a quad of cells that lies
 * wholly above or below is settled without interpolating: what costs is the outline, not the area.
 *
 * **Nothing of that changes an answer.** A pixel's value is a convex combination of the four cells round
 * it: a + (d − a)·v down both sides, then the same across, 0 ≤ v < 1. In exact arithmetic it lies between
 * their least and greatest. In doubles each of the two steps rounds a difference, a product and a sum,
 * monotonically, and so errs by less than 2·2⁻⁵³ of its operands, which are no larger than the largest
 * logit M: `margin` = M·2⁻⁵⁰ holds both steps' errors. Hence a quad whose least cell exceeds a level by more than the margin
 * has all its n pixels above it, and one whose greatest cell is below the level by as much has none. Summed
 * over quads that bounds both counts of the stability score, A (above the upper level) over B (above the lower):
 *
 * - A ≤ the pixels of quads that can exceed the upper level;
 * - B ≥ the pixels of quads that must exceed the lower one, and each pixel counted in A counts in B: the
 *   score A / B is greatest where every open quad counts in both, since (A + n) / (B + n) ≥ A / B for A ≤ B.
 *
 * Where even that is less than `leastStability` the mask is dropped unseen; where it is not, the exact score is
 * measured in the pass that cuts the mask, since every answer carries it.
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
   * only pixels inside `clip` (patch px, integers); null where no pixel exceeds the threshold, or where
   * the stability score is below `leastStability`.
   */
  cut(
    logits: Float32Array,
    originX: number,
    originY: number,
    clip: Box,
    levels: CutLevels,
  ): CutMask | null {
    const reach = this.#reach(logits, originX, originY, clip, levels);
    if (reach === null) return null;
    const { leastStability } = levels;
    if (leastStability > 0 && this.#mostStability(logits, reach, levels) < leastStability) {
      return null;
    }
    const mask = this.#upsample(logits, originX, originY, reach, levels);
    // Written so that a score of NaN cannot pass.
    return mask !== null && mask.stabilityScore >= leastStability ? mask : null;
  }

  /** Which quads can hold a pixel above the lower level, or null where no pixel can exceed the threshold. */
  #reach(
    logits: Float32Array,
    originX: number,
    originY: number,
    clip: Box,
    { threshold, offset }: CutLevels,
  ): Reach | null {
    const { columns, rows } = this.#grid;
    let [greatest, least] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = 0; i < rows * columns; i++) {
      const value = logits[i]!;
      if (value > greatest) greatest = value;
      if (value < least) least = value;
    }
    const margin = Math.max(Math.abs(greatest), Math.abs(least)) * ROUNDING;
    if (!(greatest > threshold - margin)) return null;

    const low = threshold - offset - margin;
    let [c0, r0, c1, r1] = [columns, rows, -1, -1];
    for (let r = 0; r < rows; r++) {
      const row = r * columns;
      let c = 0;
      while (c < columns && !(logits[row + c]! > low)) c++;
      if (c === columns) continue;
      if (c < c0) c0 = c;
      c = columns - 1;
      while (c > c1 && !(logits[row + c]! > low)) c--;
      if (c > c1) c1 = c;
      if (r0 > r) r0 = r;
      r1 = r;
    }
    const [xs, ys] = [this.#x.start, this.#y.start];
    const firstColumn = Math.max(0, c0 - 1);
    const lastColumn = Math.min(c1, Math.max(0, columns - 2));
    const firstRow = Math.max(0, r0 - 1);
    const lastRow = Math.min(r1, Math.max(0, rows - 2));
    const left = Math.max(xs[firstColumn]!, clip.x - originX);
    const top = Math.max(ys[firstRow]!, clip.y - originY);
    const right = Math.min(xs[lastColumn + 1]!, clip.x + clip.width - originX);
    const bottom = Math.min(ys[lastRow + 1]!, clip.y + clip.height - originY);
    if (right <= left || bottom <= top) return null;
    return { firstColumn, lastColumn, firstRow, lastRow, left, top, right, bottom, margin };
  }

  /** The stability score that no upsampling can exceed: see the class. */
  #mostStability(logits: Float32Array, reach: Reach, { threshold, offset }: CutLevels): number {
    const { columns, rows } = this.#grid;
    const { firstColumn, lastColumn, firstRow, lastRow, left, top, right, bottom, margin } = reach;
    const [xs, ys] = [this.#x.start, this.#y.start];
    const canExceed = threshold + offset - margin;
    const mustExceed = threshold - offset + margin;
    let [above, below] = [0, 0];
    for (let r = firstRow; r <= lastRow; r++) {
      const height = Math.min(ys[r + 1]!, bottom) - Math.max(ys[r]!, top);
      if (height <= 0) continue;
      const upper = r * columns;
      const lower = Math.min(r + 1, rows - 1) * columns;
      for (let c = firstColumn; c <= lastColumn; c++) {
        const width = Math.min(xs[c + 1]!, right) - Math.max(xs[c]!, left);
        if (width <= 0) continue;
        const next = Math.min(c + 1, columns - 1);
        const a = logits[upper + c]!;
        const b = logits[upper + next]!;
        const d = logits[lower + c]!;
        const e = logits[lower + next]!;
        if (a > canExceed || b > canExceed || d > canExceed || e > canExceed) {
          above += width * height;
          below += width * height;
        } else if (a > mustExceed && b > mustExceed && d > mustExceed && e > mustExceed) {
          below += width * height;
        }
      }
    }
    return below === 0 ? 1 : above / below;
  }

  /** The mask within its reach, and its exact stability score; null where no pixel exceeds the threshold. */
  #upsample(
    logits: Float32Array,
    originX: number,
    originY: number,
    reach: Reach,
    { threshold, offset }: CutLevels,
  ): CutMask | null {
    const { columns, rows } = this.#grid;
    const { firstColumn, lastColumn, firstRow, lastRow, left, top, right, bottom, margin } = reach;
    const low = threshold - offset;
    const high = threshold + offset;
    const allBelow = low - margin;
    const allAbove = high + margin;
    const width = right - left;
    const height = bottom - top;
    if (this.#scratch.length < width * height) this.#scratch = new Uint8Array(width * height);
    const out = this.#scratch;
    out.fill(0, 0, width * height);

    const [xs, ys] = [this.#x.start, this.#y.start];
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
        if (a <= allBelow && b <= allBelow && d <= allBelow && e <= allBelow) continue;
        if (a > allAbove && b > allAbove && d > allAbove && e > allAbove) {
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
            // Written so that NaN is background.
            if (!(value > low)) continue;
            below++;
            if (value > high) above++;
            if (!(value > threshold)) continue;
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
