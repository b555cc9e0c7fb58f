import type { Size } from "../geometry.ts";
import { fillSmallHoles, isSimpleBlob, keepLargestPart, SMALL_HOLE_PX } from "./blob.ts";
import type { Candidate } from "./candidate.ts";
import { decodeRle, encodeTight, type MeasuredRle, paintRle, SpanCursor } from "./rle.ts";

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

/** The mask as one blob: pixels in `taken` (over the mask's box) removed, largest part kept, small holes filled. */
function oneBlob(mask: MeasuredRle, taken: Uint8Array | null): MeasuredRle | null {
  const { x, y, width, height } = mask.box;
  const data = decodeRle(mask.rle);
  if (taken !== null) {
    for (let i = 0; i < data.length; i++) if (taken[i] === 1) data[i] = 0;
  }
  keepLargestPart(data, width, height);
  fillSmallHoles(data, width, height, SMALL_HOLE_PX, taken);
  return encodeTight(data, width, height, x, y);
}

/** Makes each candidate one blob, largest part kept and small holes filled; overlaps stay. */
export function cleanEach(candidates: readonly Candidate[]): Candidate[] {
  const clean: Candidate[] = [];
  for (const candidate of candidates) {
    const blob = isSimpleBlob(candidate) ? candidate : oneBlob(candidate, null);
    if (blob !== null) clean.push({ ...candidate, ...blob });
  }
  return clean;
}

/**
 * Makes candidates disjoint: each pixel goes to the first that claims it (give them best first), a
 * candidate that loses more than half of its pixels is dropped, and each becomes one blob.
 *
 * Costs one byte a pixel of the patch.
 */
export function separate(
  candidates: readonly Candidate[],
  patch: Size,
  isLargeEnough: (area: number) => boolean,
): Candidate[] {
  const frame = { x: 0, y: 0, width: patch.width, height: patch.height };
  const taken = new Uint8Array(patch.width * patch.height);
  const apart: Candidate[] = [];
  for (const candidate of candidates) {
    const lost = countTaken(candidate, taken, patch.width);
    if (lost > MOST_LOST * candidate.area) continue;
    const blob =
      lost === 0 && isSimpleBlob(candidate)
        ? candidate
        : oneBlob(candidate, window(taken, patch.width, candidate));
    if (blob === null || !isLargeEnough(blob.area)) continue;
    paintRle(blob, taken, frame);
    apart.push({ ...candidate, ...blob });
  }
  return apart;
}
