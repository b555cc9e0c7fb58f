import { hashUnit } from "../../samples/painter/random.ts";
import type { Box } from "../../src/geometry.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { PlannedPatch } from "../../src/tiler/patch.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";

/** Patches as the task of nuclei cuts them: 0.25 µm/px. */
const PATCH = 1024;
const OVERLAP = 128;
/** Nuclei a patch's step and side: 10 × 10 nuclei a patch. */
const CELLS = 10;

/** Longest and shortest half axes of a nucleus, px: 5 to 9 µm across. */
const HALF_AXES = [10, 18] as const;
/** Of pairs of neighbours, those that touch along a straight border; of nuclei, those with a hole. */
const TOUCHING = 0.2;
const HOLED = 0.02;

/** Runs of one row of a nucleus: up to two, as absolute x. */
interface Nucleus {
  readonly box: Box;
  /** Pairs of runs a row: start, end, start, end; an absent run is empty (start = end). */
  readonly runs: Int32Array;
}

/**
 * A slide of `side` × `side` overlapping patches and 100 nuclei a patch, made where it is looked at.
 *
 * Every nucleus is a wobbly ellipse in a cell of its own, so that the truth has no two that share a
 * pixel; some touch, some have a hole. What a patch reports is the exact part of the truth that it
 * sees, cut at its borders, with a score of its own: so that merging has one right answer. The same
 * seed gives the same slide. Frame: grid px = level-0 px.
 */
export class NucleiWorld {
  readonly patches: readonly PlannedPatch[];
  readonly nuclei: number;
  private readonly seed: number;
  private readonly cells: number;
  private readonly pitch: number;

  constructor(side: number, seed: number) {
    const length = (side - 1) * (PATCH - OVERLAP) + PATCH;
    this.seed = seed;
    this.cells = side * CELLS;
    this.nuclei = this.cells ** 2;
    this.pitch = length / this.cells;
    this.patches = planPatches({
      size: { width: length, height: length },
      scale: { level: 0, gridDownsample: 1, resample: 1, mpp: 0.25, upsampled: false },
      patchSize: PATCH,
      overlap: OVERLAP,
      region: null,
      tissue: null,
    }).patches;
  }

  /** What the patch's model would report. */
  masksOf({ gridBox, index }: PlannedPatch): PatchMask[] {
    const masks: PatchMask[] = [];
    const [c0, c1] = this.cellsAlong(gridBox.x, gridBox.width);
    const [r0, r1] = this.cellsAlong(gridBox.y, gridBox.height);
    for (let row = r0; row <= r1; row++) {
      for (let column = c0; column <= c1; column++) {
        const mask = cutOut(this.nucleus(column, row), gridBox);
        if (mask === null) continue;
        const score = 0.6 + 0.4 * hashUnit(this.seed + index, column, row, 9);
        masks.push({ ...mask, predictedIou: score, stabilityScore: 0.95, hematoxylinOd: 0.5 });
      }
    }
    return masks;
  }

  private cellsAlong(from: number, length: number): readonly [number, number] {
    const last = Math.floor((from + length - 1) / this.pitch);
    return [Math.floor(from / this.pitch), Math.min(this.cells - 1, last)];
  }

  /** The nucleus of a cell, clipped to the cell. */
  private nucleus(column: number, row: number): Nucleus {
    const unit = (what: number) => hashUnit(this.seed, column, row, what);
    const left = Math.ceil(column * this.pitch);
    const right = Math.ceil((column + 1) * this.pitch);
    const top = Math.ceil(row * this.pitch);
    const bottom = Math.ceil((row + 1) * this.pitch);
    const [least, most] = HALF_AXES;
    const a = least + (most - least) * unit(1);
    const b = a * (0.6 + 0.4 * unit(2));
    const turn = Math.PI * unit(3);
    const pairTouches = hashUnit(this.seed, column >> 1, row, 4) < TOUCHING;
    // Both of a pair reach over the border between their cells and are clipped at it.
    const toward = (column & 1) === 0 ? right - 0.4 * b : left + 0.4 * b;
    const cx = pairTouches ? toward : left + a + (right - left - 2 * a) * unit(5);
    const pairY = hashUnit(this.seed, column >> 1, row, 6);
    const cy = top + a + (bottom - top - 2 * a) * (pairTouches ? pairY : unit(6));
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    // x of the border at height v: the quadratic form A x² + B v x + C v² = 1.
    const A = (cos / a) ** 2 + (sin / b) ** 2;
    const B = 2 * cos * sin * (1 / a ** 2 - 1 / b ** 2);
    const C = (sin / a) ** 2 + (cos / b) ** 2;
    const y0 = Math.max(top, Math.ceil(cy - a));
    const y1 = Math.min(bottom, Math.floor(cy + a));
    const phase = 6 * unit(7);
    const hole = unit(8) < HOLED ? 0.3 * b : 0;
    const runs = new Int32Array(4 * Math.max(0, y1 - y0));
    let [x0, x1, first, last] = [right, left, -1, -1];
    for (let y = y0; y < y1; y++) {
      const v = y + 0.5 - cy;
      const root = (B * v) ** 2 - 4 * A * (C * v * v - 1);
      if (root <= 0) continue;
      const wobble = 1 + 0.06 * Math.sin(0.4 * v + phase);
      const middle = cx - (B * v) / (2 * A);
      const half = (wobble * Math.sqrt(root)) / (2 * A);
      const start = Math.max(left, Math.ceil(middle - half));
      const end = Math.min(right, Math.ceil(middle + half));
      if (end <= start) continue;
      if (first < 0) first = y;
      last = y;
      x0 = Math.min(x0, start);
      x1 = Math.max(x1, end);
      const at = 4 * (y - y0);
      const inner = v * v < hole * hole ? Math.round(Math.sqrt(hole * hole - v * v)) : 0;
      const gap = Math.round(middle);
      const [g0, g1] = [Math.max(start + 2, gap - inner), Math.min(end - 2, gap + inner)];
      runs[at] = start;
      if (g1 > g0) runs.set([g0, g1], at + 1);
      else runs.set([end, end], at + 1);
      runs[at + 3] = end;
    }
    const box = { x: x0, y: first, width: x1 - x0, height: last + 1 - first };
    return { box, runs: runs.subarray(4 * (first - y0), 4 * (last + 1 - y0)) };
  }
}

/** The part of a nucleus that lies in a patch, in the patch's own pixels; null where there is none. */
function cutOut(
  { box, runs }: Nucleus,
  patch: Box,
): Pick<PatchMask, "rle" | "box" | "area" | "point"> | null {
  const [left, right] = [patch.x, patch.x + patch.width];
  const y0 = Math.max(box.y, patch.y);
  const y1 = Math.min(box.y + box.height, patch.y + patch.height);
  if (y0 >= y1 || box.x >= right || box.x + box.width <= left) return null;
  let [x0, x1, first, last] = [right, left, -1, -1];
  for (let y = y0; y < y1; y++) {
    for (let k = 4 * (y - box.y), end = k + 4; k < end; k += 2) {
      const [a, b] = [Math.max(runs[k]!, left), Math.min(runs[k + 1]!, right)];
      if (a >= b) continue;
      if (first < 0) first = y;
      last = y;
      if (a < x0) x0 = a;
      if (b > x1) x1 = b;
    }
  }
  if (first < 0) return null;
  const width = x1 - x0;
  const height = last + 1 - first;
  const lengths: number[] = [];
  let [at, area] = [0, 0];
  for (let y = first; y <= last; y++) {
    const base = (y - first) * width - x0;
    for (let k = 4 * (y - box.y), end = k + 4; k < end; k += 2) {
      const [a, b] = [Math.max(runs[k]!, left), Math.min(runs[k + 1]!, right)];
      if (a >= b) continue;
      if (base + a === at && lengths.length > 0) lengths[lengths.length - 1]! += b - a;
      else lengths.push(base + a - at, b - a);
      at = base + b;
      area += b - a;
    }
  }
  if (at < width * height) lengths.push(width * height - at);
  const placed = { x: x0 - patch.x, y: first - patch.y, width, height };
  return {
    rle: { width, height, runs: lengths },
    box: placed,
    area,
    point: { x: placed.x + width / 2, y: placed.y + height / 2 },
  };
}
