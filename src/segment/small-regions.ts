import type { Size } from "../geometry.ts";
import { dropSmallParts, fillSmallGaps } from "./blob.ts";
import type { Candidate } from "./candidate.ts";
import { decodeRle, encodeTight, type MeasuredRle } from "./rle.ts";
import { suppressInOrder } from "./suppress.ts";

/**
 * Fills gaps and drops parts smaller than `leastPx`, 8-connected, then drops doubles again by box IoU,
 * masks that needed no change first.
 *
 * Source: segment-anything, `postprocess_small_regions`. One difference: background that reaches past
 * the mask's own surroundings is never a gap, while the reference fills it where the rest of the patch is
 * smaller than `leastPx`.
 */
export function tidySmallRegions(
  candidates: readonly Candidate[],
  patch: Size,
  leastPx: number,
  nmsIou: number,
): Candidate[] {
  const unchanged: Candidate[] = [];
  const changed: Candidate[] = [];
  for (const candidate of candidates) {
    const mask = tidied(candidate, patch, leastPx);
    if (mask === null) unchanged.push(candidate);
    else changed.push({ ...candidate, ...mask });
  }
  return suppressInOrder([...unchanged, ...changed], nmsIou, "box");
}

/** The mask with gaps filled and specks dropped, or null where there were none. */
function tidied(mask: MeasuredRle, patch: Size, leastPx: number): MeasuredRle | null {
  // A rim of background, where the patch has it, joins what lies outside the mask's box.
  const { box } = mask;
  const left = Math.min(1, box.x);
  const top = Math.min(1, box.y);
  const right = Math.min(1, patch.width - box.x - box.width);
  const bottom = Math.min(1, patch.height - box.y - box.height);
  const width = box.width + left + right;
  const height = box.height + top + bottom;
  const own = decodeRle(mask.rle);
  const data = new Uint8Array(width * height);
  for (let row = 0; row < box.height; row++) {
    data.set(own.subarray(row * box.width, (row + 1) * box.width), (row + top) * width + left);
  }
  const open = { left: left === 1, top: top === 1, right: right === 1, bottom: bottom === 1 };
  const filled = fillSmallGaps(data, width, height, leastPx, open);
  const dropped = dropSmallParts(data, width, height, leastPx);
  if (!filled && !dropped) return null;
  return encodeTight(data, width, height, box.x - left, box.y - top);
}
