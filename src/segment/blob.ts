import { type PlacedRle, SpanCursor } from "./rle.ts";

/** Holes of up to this many pixels are closed: specks of upsampling, not anatomy. */
export const SMALL_HOLE_PX = 8;

/** True for a mask that is plainly one piece without holes: one span a row, each touching the one above. */
export function isSimpleBlob(mask: PlacedRle): boolean {
  const spans = new SpanCursor(mask);
  if (!spans.next()) return false;
  let [y, x0, x1] = [spans.y, spans.x0, spans.x1];
  while (spans.next()) {
    if (spans.y !== y + 1 || spans.x0 > x1 || spans.x1 < x0) return false;
    [y, x0, x1] = [spans.y, spans.x0, spans.x1];
  }
  return true;
}

/** One connected part of a picture. */
interface Part {
  /** Positions of its pixels. */
  readonly pixels: number[];
  readonly touchesEdge: boolean;
}

/** Collects the part that holds position `from` among pixels equal to `value`, marking them in `seen`. */
function flood(
  data: Uint8Array,
  width: number,
  height: number,
  from: number,
  seen: Uint8Array,
  diagonal: boolean,
): Part {
  const value = data[from]!;
  const pixels = [from];
  let touchesEdge = false;
  seen[from] = 1;
  for (let k = 0; k < pixels.length; k++) {
    const at = pixels[k]!;
    const x = at % width;
    const y = (at - x) / width;
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) touchesEdge = true;
    for (let dy = -1; dy <= 1; dy++) {
      if (y + dy < 0 || y + dy >= height) continue;
      for (let dx = -1; dx <= 1; dx++) {
        if (x + dx < 0 || x + dx >= width) continue;
        if (!diagonal && dx !== 0 && dy !== 0) continue;
        const next = at + dy * width + dx;
        if (seen[next] === 0 && data[next] === value) {
          seen[next] = 1;
          pixels.push(next);
        }
      }
    }
  }
  return { pixels, touchesEdge };
}

/** Keeps the largest 8-connected part of a binary picture (0 or 1) in place; of equal ones the first in raster order. */
export function keepLargestPart(data: Uint8Array, width: number, height: number): void {
  const seen = new Uint8Array(data.length);
  let largest: number[] = [];
  for (let i = 0; i < width * height; i++) {
    if (data[i] !== 1 || seen[i] === 1) continue;
    const { pixels } = flood(data, width, height, i, seen, true);
    if (pixels.length > largest.length) largest = pixels;
  }
  data.fill(0);
  for (const at of largest) data[at] = 1;
}

/** Which sides of a picture go on outside it with background. */
export interface OpenSides {
  readonly left: boolean;
  readonly top: boolean;
  readonly right: boolean;
  readonly bottom: boolean;
}

/**
 * Fills 8-connected background of fewer than `leastPx` pixels in place, unless it reaches an open side.
 * True where anything was filled.
 */
export function fillSmallGaps(
  data: Uint8Array,
  width: number,
  height: number,
  leastPx: number,
  open: OpenSides,
): boolean {
  const seen = new Uint8Array(data.length);
  let filled = false;
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== 0 || seen[i] === 1) continue;
    const { pixels } = flood(data, width, height, i, seen, true);
    if (pixels.length >= leastPx || pixels.some((at) => isOnOpenSide(at, width, height, open))) {
      continue;
    }
    for (const at of pixels) data[at] = 1;
    filled = true;
  }
  return filled;
}

function isOnOpenSide(at: number, width: number, height: number, open: OpenSides): boolean {
  const x = at % width;
  const y = (at - x) / width;
  return (
    (open.left && x === 0) ||
    (open.top && y === 0) ||
    (open.right && x === width - 1) ||
    (open.bottom && y === height - 1)
  );
}

/**
 * Drops 8-connected parts of fewer than `leastPx` pixels in place; where all are, the largest stays. True
 * where there was a part so small.
 */
export function dropSmallParts(
  data: Uint8Array,
  width: number,
  height: number,
  leastPx: number,
): boolean {
  const seen = new Uint8Array(data.length);
  const parts: number[][] = [];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 1 && seen[i] === 0) {
      parts.push(flood(data, width, height, i, seen, true).pixels);
    }
  }
  const large = parts.filter((pixels) => pixels.length >= leastPx);
  if (large.length === parts.length) return false;
  const largest = parts.reduce((best, part) => (part.length > best.length ? part : best));
  data.fill(0);
  for (const part of large.length > 0 ? large : [largest]) for (const at of part) data[at] = 1;
  return true;
}

/**
 * Fills holes of at most `maxPx` pixels in place: 4-connected background that does not reach the
 * picture's edge. A hole that holds a pixel marked in `taken` (another object's) stays open.
 */
export function fillSmallHoles(
  data: Uint8Array,
  width: number,
  height: number,
  maxPx: number,
  taken: Uint8Array | null,
): void {
  const seen = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) {
    if (data[i] !== 0 || seen[i] === 1) continue;
    const { pixels, touchesEdge } = flood(data, width, height, i, seen, false);
    if (touchesEdge || pixels.length > maxPx) continue;
    if (taken !== null && pixels.some((at) => taken[at] === 1)) continue;
    for (const at of pixels) data[at] = 1;
  }
}
