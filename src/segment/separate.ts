import type { Size } from "../geometry.ts";
import { fillSmallHoles, isSimpleBlob, keepLargestPart, SMALL_HOLE_PX } from "./blob.ts";
import { byPredictedIou, type Candidate } from "./candidate.ts";
import { decodeRle, encodeTight, type MeasuredRle, SpanCursor } from "./rle.ts";
import { isMaskDoubled } from "./suppress.ts";

/** A candidate that loses more than this share of its pixels to better ones is dropped. */
const MOST_LOST = 0.5;

/** Which object has each pixel of a patch: its number from 1, or 0 for none. */
type Owners = Int32Array;

function countTaken(mask: MeasuredRle, owners: Owners, width: number): number {
  const spans = new SpanCursor(mask);
  let count = 0;
  while (spans.next()) {
    const row = spans.y * width;
    for (let x = spans.x0; x < spans.x1; x++) if (owners[row + x] !== 0) count++;
  }
  return count;
}

/** 1 for the owned pixels under a mask's box; with `by`, for those of one object. */
function window(owners: Owners, patchWidth: number, { box }: MeasuredRle, by?: number): Uint8Array {
  const { x, y, width, height } = box;
  const out = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const from = (y + row) * patchWidth + x;
    for (let column = 0; column < width; column++) {
      const owner = owners[from + column]!;
      if (by === undefined ? owner !== 0 : owner === by) out[row * width + column] = 1;
    }
  }
  return out;
}

/** Gives object `number` the pixels of its mask that are free, and those that its logit claims more than their owner's. */
function claim(kept: readonly Candidate[], number: number, owners: Owners, width: number): void {
  const mask = kept[number - 1]!;
  const spans = new SpanCursor(mask);
  while (spans.next()) {
    const row = spans.y * width;
    for (let x = spans.x0; x < spans.x1; x++) {
      const owner = owners[row + x]!;
      if (owner === 0 || claimsMore(mask, kept[owner - 1]!, x, spans.y)) owners[row + x] = number;
    }
  }
}

/** Whether a mask's logit at a pixel is higher than a better mask's; without logits the better one keeps it. */
function claimsMore(mask: Candidate, better: Candidate, x: number, y: number): boolean {
  if (mask.field === undefined || better.field === undefined) return false;
  return mask.field.at(x, y) > better.field.at(x, y);
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
 * with a better one, both as decoded, exceeds `nmsIou`. A pixel that several of the others hold goes to the one
 * whose logit is highest there (of equal ones, and without `field`, the better). Only when all have chosen is each reduced to its
 * largest part; one that has no pixel left is dropped. `further` candidates, those of a second look, come after all others
 * when some are dropped; a shared pixel still goes by logit. The steps are those of models/README.md.
 * Costs four bytes a pixel of the patch.
 */
export function separate(
  candidates: readonly Candidate[],
  patch: Size,
  nmsIou: number,
  further: readonly Candidate[] = [],
): Candidate[] {
  const owners: Owners = new Int32Array(patch.width * patch.height);
  const kept: Candidate[] = [];
  for (const whole of [...byPredictedIou(candidates), ...byPredictedIou(further)]) {
    const lost = countTaken(whole, owners, patch.width);
    if (lost > MOST_LOST * whole.area) continue;
    if (kept.some((better) => isMaskDoubled(better, whole, nmsIou))) continue;
    kept.push(whole);
    claim(kept, kept.length, owners, patch.width);
  }
  return kept.flatMap(({ field: _, ...whole }, i) => {
    const { x, y, width, height } = whole.box;
    const data = window(owners, patch.width, whole, i + 1);
    const own = encodeTight(data, width, height, x, y);
    if (own === null) return [];
    if (isSimpleBlob(own)) return [{ ...whole, ...own }];
    return [{ ...whole, ...oneBlob(own, window(owners, patch.width, own)) }];
  });
}
