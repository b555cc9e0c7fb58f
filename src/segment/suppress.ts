import type { Box } from "../geometry.ts";
import { byPredictedIou, type Candidate } from "./candidate.ts";
import { rleIntersection } from "./rle.ts";

/**
 * IoU of two tight boxes as SAM's reference generator takes it: it writes a box as its first and
 * last pixel, so each side counts one pixel less.
 */
export function samBoxIou(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) - 1;
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) - 1;
  const shared = Math.max(0, width) * Math.max(0, height);
  const union = (a.width - 1) * (a.height - 1) + (b.width - 1) * (b.height - 1) - shared;
  return union > 0 ? shared / union : 0;
}

/** True where the masks' IoU exceeds `limit`; compares pixels only where the boxes leave it possible. */
export function isMaskDoubled(a: Candidate, b: Candidate, limit: number): boolean {
  const width = Math.min(a.box.x + a.box.width, b.box.x + b.box.width) - Math.max(a.box.x, b.box.x);
  if (width <= 0) return false;
  const height =
    Math.min(a.box.y + a.box.height, b.box.y + b.box.height) - Math.max(a.box.y, b.box.y);
  if (height <= 0) return false;
  const both = a.area + b.area;
  const most = Math.min(width * height, a.area, b.area);
  if (most <= limit * (both - most)) return false;
  const shared = rleIntersection(a, b);
  return shared > limit * (both - shared);
}

/**
 * Greedy non-maximum suppression in order of predicted IoU (equal ones by prompt order): a candidate
 * whose IoU with one already kept exceeds `limit` is dropped. Returns the kept, best first.
 */
export function suppress(
  candidates: readonly Candidate[],
  limit: number,
  kind: "box" | "mask",
): Candidate[] {
  return suppressInOrder(byPredictedIou(candidates), limit, kind);
}

/** {@link suppress} for candidates in an order of preference already. */
export function suppressInOrder(
  candidates: readonly Candidate[],
  limit: number,
  kind: "box" | "mask",
): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    const doubled = kept.some((better) =>
      kind === "mask"
        ? isMaskDoubled(better, candidate, limit)
        : samBoxIou(better.box, candidate.box) > limit,
    );
    if (!doubled) kept.push(candidate);
  }
  return kept;
}
