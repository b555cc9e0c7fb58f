import type { Size } from "../geometry.ts";
import { fillSmallHoles, isSimpleBlob, keepLargestPart, SMALL_HOLE_PX } from "./blob.ts";
import { byPredictedIou, type Candidate } from "./candidate.ts";
import { decodeRle, encodeTight, type MeasuredRle, paintRle, SpanCursor } from "./rle.ts";
import { isMaskDoubled } from "./suppress.ts";

/** A candidate that loses more than this share of its pixels to better ones is dropped. */
const MOST_LOST = 0.5;

function countTaken(mask: MeasuredRle, taken: Uint8Array, width: number): number {
  const spans = new SpanCursor(mask);
  let count = 0;
  while (spans.next()) {
    const row = spans.y * width;
    for (let x = spans.x0; x < spans.x1; x++) count += taken[row + x]!;
  }
  return count;
}

/** The part of the patch-wide `taken` map under a mask's box. */
function window(taken: Uint8Array, patchWidth: number, mask: MeasuredRle): Uint8Array {
  const { x, y, width, height } = mask.box;
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * patchWidth + x;
    out.set(taken.subarray(from, from + width), row * width);
  }
  return out;
}

/** The mask less the pixels in `taken` (over the mask's box), or null where none is left. */
function without(mask: MeasuredRle, taken: Uint8Array): MeasuredRle | null {
  const { x, y, width, height } = mask.box;
  const data = decodeRle(mask.rle);
  for (let i = 0; i < data.length; i++) if (taken[i] === 1) data[i] = 0;
  return encodeTight(data, width, height, x, y);
}

/** The largest part of a mask, small holes filled unless they hold a pixel in `taken` (over the mask's box). */
function oneBlob(mask: MeasuredRle, taken: Uint8Array | null): MeasuredRle {
  const { x, y, width, height } = mask.box;
  const data = decodeRle(mask.rle);
  keepLargestPart(data, width, height);
  fillSmallHoles(data, width, height, SMALL_HOLE_PX, taken);
  // A mask holds a pixel, and so does its largest part.
  return encodeTight(data, width, height, x, y)!;
}

/** Makes each candidate one blob, largest part kept and small holes filled; overlaps stay. */
export function cleanEach(candidates: readonly Candidate[]): Candidate[] {
  return candidates.map((candidate) =>
    isSimpleBlob(candidate) ? candidate : { ...candidate, ...oneBlob(candidate, null) },
  );
}

/**
 * Makes candidates disjoint, one blob each: greedy, in order of predicted IoU (equal ones by prompt order).
 *
 * A candidate is dropped where more than half of its pixels belong to better ones, or where its IoU
 * with a better one, both as decoded, exceeds `nmsIou`; else it keeps the pixels that are free. Only
 * when all have chosen is each reduced to its largest part. The steps are those of models/README.md.
 * Costs one byte a pixel of the patch.
 */
export function separate(
  candidates: readonly Candidate[],
  patch: Size,
  nmsIou: number,
): Candidate[] {
  const frame = { x: 0, y: 0, width: patch.width, height: patch.height };
  const taken = new Uint8Array(patch.width * patch.height);
  const kept: { readonly whole: Candidate; readonly own: MeasuredRle }[] = [];
  for (const whole of byPredictedIou(candidates)) {
    const lost = countTaken(whole, taken, patch.width);
    if (lost > MOST_LOST * whole.area) continue;
    if (kept.some((better) => isMaskDoubled(better.whole, whole, nmsIou))) continue;
    // At least half of it is free, so it is never empty.
    const own = lost === 0 ? whole : without(whole, window(taken, patch.width, whole))!;
    paintRle(whole, taken, frame);
    kept.push({ whole, own });
  }
  return kept.map(({ whole, own }) => {
    if (isSimpleBlob(own)) return { ...whole, ...own };
    return { ...whole, ...oneBlob(own, window(taken, patch.width, own)) };
  });
}
