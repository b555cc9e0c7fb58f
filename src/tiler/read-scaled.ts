import { setImmediate as nextTurn } from "node:timers/promises";
import { MicrotomeError } from "../errors.ts";
import type { Box, Size } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import { MAX_REGION_PIXELS } from "./limits.ts";
import { makeTaps, type Taps, WEIGHT_BITS } from "./resample-taps.ts";
import type { RgbImage, Slide } from "./slide.ts";

/** Level pixels held at once while a much larger region is shrunk: 2^23, 24 MiB. */
const BAND_PIXELS = 2 ** 23;

/** Level pixels resampled between two turns of the event loop: a server goes on answering meanwhile. */
const TURN_PIXELS = 2 ** 20;

/**
 * Reads a box of the task's grid: level pixels, resampled where the scale asks for it.
 *
 * `gridBox` is in grid pixels, integers. The phase is exact: grid pixel g has its centre at level
 * coordinate (g + 0.5) / resample − 0.5, so overlapping boxes agree in every pixel they share.
 * Grid pixels whose centre is outside the level are white; at the level's edge no white bleeds in.
 * Reads in bands: a huge region is never in memory whole. Throws CorruptSlideError, `usage`.
 */
export async function readScaled(
  slide: Slide,
  scale: Scale,
  gridBox: Box,
  signal?: AbortSignal,
): Promise<RgbImage> {
  if (scale.resample === 1) return slide.readRegion(scale.level, gridBox, signal);
  requireWhole(slide, gridBox);
  const { across, down } = tapsOf(slide, scale, gridBox);
  return resampleLevel(slide, scale.level, across, down, signal);
}

/** The boxes of the scale's level that {@link readScaled} reads for a box of the grid, level px. */
export function levelReads(slide: Slide, scale: Scale, gridBox: Box): readonly Box[] {
  if (scale.resample === 1) return [gridBox];
  const { across, down } = tapsOf(slide, scale, gridBox);
  return bandsOf(slide.levels[scale.level]!.tileSize, across, down);
}

function tapsOf(slide: Slide, scale: Scale, gridBox: Box) {
  const { size } = slide.levels[scale.level]!;
  return {
    across: makeTaps(gridBox.x, gridBox.width, scale.resample, size.width),
    down: makeTaps(gridBox.y, gridBox.height, scale.resample, size.height),
  };
}

/**
 * Resamples a level by the taps of each axis; target pixels without taps are white.
 *
 * Reads in bands, as {@link readScaled} does. Throws CorruptSlideError.
 */
export async function resampleLevel(
  slide: Slide,
  level: number,
  across: Taps,
  down: Taps,
  signal?: AbortSignal,
): Promise<RgbImage> {
  const { tileSize } = slide.levels[level]!;
  const image = {
    data: new Uint8Array(across.count * down.count * 3).fill(255),
    width: across.count,
    height: down.count,
  };
  const rows = new RowResampler(across, down, image);
  for (const box of bandsOf(tileSize, across, down)) {
    const band = await slide.readRegion(level, box, signal);
    const atOnce = Math.max(1, Math.floor(TURN_PIXELS / box.width));
    for (let y = 0; y < box.height; y += atOnce) {
      if (y > 0) await nextTurn();
      rows.add(band, box.y, y, Math.min(box.height, y + atOnce));
    }
  }
  return image;
}

/** Cuts what the taps need into bands; they end where tiles end, so that no tile is decoded for two of them. */
function bandsOf(tileSize: Size, across: Taps, down: Taps): Box[] {
  const width = across.to - across.from;
  if (width === 0) return [];
  const bandRows = Math.max(tileSize.height, Math.floor(BAND_PIXELS / width));
  const bands: Box[] = [];
  for (let y = down.from; y < down.to; ) {
    const tileEnd = Math.floor((y + bandRows) / tileSize.height) * tileSize.height;
    const end = Math.min(down.to, tileEnd > y ? tileEnd : y + bandRows);
    bands.push({ x: across.from, y, width, height: end - y });
    y = end;
  }
  return bands;
}

function requireWhole(slide: Slide, box: Box): void {
  const whole = [box.x, box.y, box.width, box.height].every(Number.isSafeInteger);
  const pixels = box.width * box.height;
  if (whole && box.width > 0 && box.height > 0 && pixels <= MAX_REGION_PIXELS) return;
  throw new MicrotomeError(
    "usage",
    `A region of ${slide.path} was asked for as ${box.x},${box.y},${box.width},${box.height} grid px; expected whole pixels, a size above 0 and at most ${MAX_REGION_PIXELS} pixels.`,
    { path: slide.path, width: box.width, height: box.height },
  );
}

/**
 * Takes level rows from top to bottom and writes the target's rows as they become complete.
 *
 * Each level row is resampled across once and held until no target row needs it. A sum is always
 * of the same integers, so it does not depend on where bands begin.
 */
class RowResampler {
  readonly #across: Taps;
  readonly #down: Taps;
  readonly #width: number;
  /** Clamps what the cubic overshoots. */
  readonly #out: Uint8ClampedArray;
  /** Rows resampled across, by level row modulo their number; HELD_BITS of fraction. */
  readonly #held: Int16Array[];
  readonly #sum: Int32Array;
  #nextTarget = 0;

  constructor(across: Taps, down: Taps, image: RgbImage) {
    this.#across = across;
    this.#down = down;
    this.#width = image.width;
    this.#out = new Uint8ClampedArray(image.data.buffer, image.data.byteOffset, image.data.length);
    const samples = across.count * 3;
    this.#held = Array.from({ length: down.stride }, () => new Int16Array(samples));
    this.#sum = new Int32Array(samples);
  }

  /** Adds the rows [from, to) of `band`, whose first is level row `top`. */
  add(band: RgbImage, top: number, from: number, to: number): void {
    for (let y = from; y < to; y++) {
      const row = top + y;
      this.#acrossRow(band, y, this.#held[row % this.#held.length]!);
      this.#finishRows(row);
    }
  }

  #acrossRow(band: RgbImage, y: number, out: Int16Array): void {
    const { count, first, length, weights, stride, from } = this.#across;
    const { data } = band;
    const rowStart = (y * band.width - from) * 3;
    const half = 1 << (WEIGHT_BITS - HELD_BITS - 1);
    for (let i = 0, o = 0; i < count; i++, o += 3) {
      let p = rowStart + first[i]! * 3;
      const w = i * stride;
      const end = w + length[i]!;
      let red = half;
      let green = half;
      let blue = half;
      for (let k = w; k < end; k++, p += 3) {
        const weight = weights[k]!;
        red = (red + Math.imul(weight, data[p]!)) | 0;
        green = (green + Math.imul(weight, data[p + 1]!)) | 0;
        blue = (blue + Math.imul(weight, data[p + 2]!)) | 0;
      }
      out[o] = red >> (WEIGHT_BITS - HELD_BITS);
      out[o + 1] = green >> (WEIGHT_BITS - HELD_BITS);
      out[o + 2] = blue >> (WEIGHT_BITS - HELD_BITS);
    }
  }

  /** Writes every target row whose last source row is `row` or above. */
  #finishRows(row: number): void {
    const { count, first, length } = this.#down;
    for (; this.#nextTarget < count; this.#nextTarget++) {
      const taps = length[this.#nextTarget]!;
      if (taps === 0) continue;
      if (first[this.#nextTarget]! + taps - 1 > row) return;
      this.#writeRow(this.#nextTarget);
    }
  }

  #writeRow(target: number): void {
    const { first, length, weights, stride } = this.#down;
    const sum = this.#sum.fill(1 << (WEIGHT_BITS + HELD_BITS - 1));
    const w = target * stride;
    const taps = length[target]!;
    const held = (k: number) => this.#held[(first[target]! + k) % this.#held.length]!;
    let k = 0;
    // Four source rows a pass: most kernels need no second one, and the sums stay in registers.
    for (; k + 3 < taps; k += 4) {
      addFourRows(sum, weights, w + k, held(k), held(k + 1), held(k + 2), held(k + 3));
    }
    for (; k < taps; k++) addRow(sum, weights[w + k]!, held(k));
    this.#store(target, sum);
  }

  #store(target: number, sum: Int32Array): void {
    const out = this.#out;
    const taps = this.#across.length;
    let o = target * this.#width * 3;
    for (let i = 0, s = 0; i < taps.length; i++, s += 3, o += 3) {
      if (taps[i] === 0) continue;
      out[o] = sum[s]! >> (WEIGHT_BITS + HELD_BITS);
      out[o + 1] = sum[s + 1]! >> (WEIGHT_BITS + HELD_BITS);
      out[o + 2] = sum[s + 2]! >> (WEIGHT_BITS + HELD_BITS);
    }
  }
}

/** Bits of fraction between the two passes: with the cubic's overshoot a row still fits 16 bits. */
const HELD_BITS = 6;

function addRow(sum: Int32Array, weight: number, row: Int16Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + Math.imul(weight, row[i]!);
}

function addFourRows(
  sum: Int32Array,
  weights: Int32Array,
  at: number,
  a: Int16Array,
  b: Int16Array,
  c: Int16Array,
  d: Int16Array,
): void {
  const wa = weights[at]!;
  const wb = weights[at + 1]!;
  const wc = weights[at + 2]!;
  const wd = weights[at + 3]!;
  for (let i = 0; i < sum.length; i++) {
    sum[i] =
      sum[i]! +
      Math.imul(wa, a[i]!) +
      Math.imul(wb, b[i]!) +
      Math.imul(wc, c[i]!) +
      Math.imul(wd, d[i]!);
  }
}
