import { type Box, uniteBoxes } from "../geometry.ts";
import type { Rle } from "./mask.ts";

/** A run-length mask and where it lies; every PatchMask is one. Frame: whatever frame `box` is in. */
export interface PlacedRle {
  readonly rle: Rle;
  /** Integers; box.width and box.height equal the RLE's. */
  readonly box: Box;
}

/** A placed mask with its foreground pixel count. */
export interface MeasuredRle extends PlacedRle {
  readonly area: number;
}

/**
 * Encodes a window of a binary picture (0 = background, anything else = foreground), row-major.
 *
 * `data` holds rows of `stride` bytes; the window is `width` × `height` pixels from (x, y).
 */
export function encodeRle(
  data: Uint8Array,
  stride: number,
  x: number,
  y: number,
  width: number,
  height: number,
): Rle {
  const runs: number[] = [];
  let foreground = false;
  let run = 0;
  for (let row = y; row < y + height; row++) {
    let start = row * stride + x;
    const end = start + width;
    for (let i = start; i < end; i++) {
      if ((data[i] !== 0) !== foreground) {
        runs.push(run + i - start);
        run = 0;
        start = i;
        foreground = !foreground;
      }
    }
    run += end - start;
  }
  runs.push(run);
  return { width, height, runs };
}

/**
 * Encodes the foreground of a whole binary picture over its tight box, or null where there is none.
 *
 * `data` is width × height bytes, row-major; `originX`, `originY` shift the result's box.
 */
export function encodeTight(
  data: Uint8Array,
  width: number,
  height: number,
  originX = 0,
  originY = 0,
): MeasuredRle | null {
  let [x0, y0, x1, y1, area] = [width, height, -1, -1, 0];
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      if (data[row + x] === 0) continue;
      area++;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  }
  if (area === 0) return null;
  const [w, h] = [x1 - x0 + 1, y1 - y0 + 1];
  return {
    rle: encodeRle(data, width, x0, y0, w, h),
    box: { x: originX + x0, y: originY + y0, width: w, height: h },
    area,
  };
}

/** The binary picture of an RLE: width × height bytes of 0 or 1, row-major. */
export function decodeRle(rle: Rle): Uint8Array {
  const data = new Uint8Array(rle.width * rle.height);
  let at = 0;
  for (let k = 0; k < rle.runs.length; k++) {
    const run = rle.runs[k]!;
    if (k % 2 === 1) data.fill(1, at, at + run);
    at += run;
  }
  return data;
}

/** Foreground pixels of an RLE. */
export function rleArea(rle: Rle): number {
  let area = 0;
  for (let k = 1; k < rle.runs.length; k += 2) area += rle.runs[k]!;
  return area;
}

/**
 * Walks the foreground of a placed RLE as horizontal spans: [x0, x1) of row y, top to bottom, left to
 * right, in the frame of its box. A run that wraps over rows becomes one span a row.
 */
export class SpanCursor {
  y = 0;
  x0 = 0;
  x1 = 0;
  readonly #runs: readonly number[];
  readonly #width: number;
  readonly #left: number;
  readonly #top: number;
  #next = 0;
  #from = 0;
  #to = 0;

  constructor(mask: PlacedRle) {
    this.#runs = mask.rle.runs;
    this.#width = mask.rle.width;
    this.#left = mask.box.x;
    this.#top = mask.box.y;
  }

  /** Moves to the next span; false at the end. */
  next(): boolean {
    while (this.#from >= this.#to) {
      if (this.#next + 1 >= this.#runs.length) return false;
      this.#from = this.#to + this.#runs[this.#next]!;
      this.#to = this.#from + this.#runs[this.#next + 1]!;
      this.#next += 2;
    }
    const row = Math.floor(this.#from / this.#width);
    const rowStart = row * this.#width;
    const end = Math.min(this.#to, rowStart + this.#width);
    this.y = this.#top + row;
    this.x0 = this.#left + this.#from - rowStart;
    this.x1 = this.#left + end - rowStart;
    this.#from = end;
    return true;
  }
}

/** Pixels that two placed masks share. */
export function rleIntersection(a: PlacedRle, b: PlacedRle): number {
  if (
    a.box.x >= b.box.x + b.box.width ||
    b.box.x >= a.box.x + a.box.width ||
    a.box.y >= b.box.y + b.box.height ||
    b.box.y >= a.box.y + a.box.height
  ) {
    return 0;
  }
  const p = new SpanCursor(a);
  const q = new SpanCursor(b);
  let shared = 0;
  let more = p.next() && q.next();
  while (more) {
    if (p.y < q.y) {
      more = p.next();
    } else if (q.y < p.y) {
      more = q.next();
    } else {
      const overlap = Math.min(p.x1, q.x1) - Math.max(p.x0, q.x0);
      if (overlap > 0) shared += overlap;
      more = p.x1 <= q.x1 ? p.next() : q.next();
    }
  }
  return shared;
}

/** Intersection over union of two placed masks, 0..1; 0 where both are empty. */
export function rleIou(a: PlacedRle, b: PlacedRle): number {
  const shared = rleIntersection(a, b);
  const union = rleArea(a.rle) + rleArea(b.rle) - shared;
  return union === 0 ? 0 : shared / union;
}

/** Sets the mask's pixels to `value` in a picture whose rows are `box.width` long and whose corner is (box.x, box.y). */
export function paintRle(mask: PlacedRle, picture: Uint8Array, box: Box, value = 1): void {
  const spans = new SpanCursor(mask);
  while (spans.next()) {
    if (spans.y < box.y || spans.y >= box.y + box.height) continue;
    const row = (spans.y - box.y) * box.width - box.x;
    const x0 = Math.max(spans.x0, box.x);
    const x1 = Math.min(spans.x1, box.x + box.width);
    if (x1 > x0) picture.fill(value, row + x0, row + x1);
  }
}

/** The union of placed masks over the smallest box that holds theirs, or null for none; memory is one byte a pixel of that box. */
export function uniteRles(masks: readonly PlacedRle[]): MeasuredRle | null {
  const first = masks[0];
  if (first === undefined) return null;
  let box = first.box;
  for (const mask of masks) box = uniteBoxes(box, mask.box);
  const picture = new Uint8Array(box.width * box.height);
  for (const mask of masks) paintRle(mask, picture, box);
  return encodeTight(picture, box.width, box.height, box.x, box.y);
}
