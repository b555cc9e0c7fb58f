import type { Box } from "../geometry.ts";
import type { PatchMask } from "../segment/mask.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import type { PatchPlan } from "./patch-plan.ts";
import { rleToSpans, type Spans, spansCentroid } from "./spans.ts";

/** What a model said about a mask. */
export type MaskScores = Pick<
  PatchMask,
  "predictedIou" | "stabilityScore" | "hematoxylinOd" | "classification"
>;

/** A mask of one patch, placed on the grid. */
export interface Candidate {
  readonly patch: PlannedPatch;
  readonly spans: Spans;
  readonly scores: MaskScores;
  /** It reaches a border of its patch beyond which another patch goes on: perhaps not whole. */
  readonly cut: boolean;
  /** Its centroid lies in a core that another patch of the plan owns. */
  readonly foreign: boolean;
  /** Grid px from the mask to the nearest border beyond which another patch goes on. */
  readonly borderDistance: number;
  /** Candidates of any patch that share pixels with this one. */
  overlaps: Candidate[];
  /** Overlaps with candidates of other patches that may be the same object. */
  links: Link[];
  group: Group;
  /** True once its group is settled. */
  settled: boolean;
  /** What became of it: null when it was dropped. */
  kept: Kept | null;
}

/** Two candidates of different patches that share pixels, as each of the two patches sees them. */
export interface Link {
  readonly a: Candidate;
  readonly b: Candidate;
  /** Shared pixels. */
  readonly shared: number;
  /** Pixels of each inside the box that both patches cover. */
  readonly aInBoth: number;
  readonly bInBoth: number;
  /** Each reaches its own patch's border inside the other's patch. */
  readonly bothCut: boolean;
  readonly eitherCut: boolean;
}

/** Candidates that hang together by links. */
export interface Group {
  members: Candidate[];
  /** First grid row below all of them. */
  bottom: number;
}

/** An object on its way out. */
export interface Kept {
  readonly parts: readonly Candidate[];
  /** null once better objects have taken its pixels. */
  spans: Spans | null;
  final: boolean;
}

/** Places a mask on the grid; null where it has no pixel. */
export function placeMask(plan: PatchPlan, patch: PlannedPatch, mask: PatchMask): Candidate | null {
  const spans = rleToSpans(mask.rle, patch.gridBox.x + mask.box.x, patch.gridBox.y + mask.box.y);
  if (spans === null) return null;
  const neighbours = plan.neighbours(patch);
  const centroid = spansCentroid(spans);
  const group: Group = { members: [], bottom: spans.box.y + spans.box.height };
  const candidate: Candidate = {
    patch,
    spans,
    scores: mask,
    cut: neighbours.some((other) => reachesInto(spans, patch.gridBox, other.gridBox)),
    foreign: neighbours.some((other) => covers(other.gridCore, centroid.x, centroid.y)),
    borderDistance: borderDistance(spans.box, patch.gridBox, plan.seamSides(patch)),
    overlaps: [],
    links: [],
    group,
    settled: false,
    kept: null,
  };
  group.members.push(candidate);
  return candidate;
}

/**
 * Whether the mask reaches its own patch's border at a place where the other patch goes on beyond it.
 */
export function reachesInto(spans: Spans, own: Box, other: Box): boolean {
  const { box, rowStart, xs } = spans;
  const right = own.x + own.width;
  const bottom = own.y + own.height;
  const otherRight = other.x + other.width;
  const otherBottom = other.y + other.height;
  const left = box.x === own.x && other.x < own.x && otherRight >= own.x;
  const atRight = box.x + box.width === right && otherRight > right && other.x <= right;
  if (left || atRight) {
    const from = Math.max(box.y, other.y) - box.y;
    const to = Math.min(box.y + box.height, otherBottom) - box.y;
    for (let r = from; r < to; r++) {
      const [begin, end] = [rowStart[r]!, rowStart[r + 1]!];
      if (begin === end) continue;
      if ((left && xs[begin] === own.x) || (atRight && xs[end - 1] === right)) return true;
    }
  }
  const rowTouches = (r: number): boolean => {
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      if (xs[k]! < otherRight && xs[k + 1]! > other.x) return true;
    }
    return false;
  };
  if (box.y === own.y && other.y < own.y && otherBottom >= own.y && rowTouches(0)) return true;
  return (
    box.y + box.height === bottom &&
    otherBottom > bottom &&
    other.y <= bottom &&
    rowTouches(box.height - 1)
  );
}

function covers(box: Box, x: number, y: number): boolean {
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

function borderDistance(
  mask: Box,
  patch: Box,
  seams: { left: boolean; right: boolean; top: boolean; bottom: boolean },
): number {
  const distances = [Number.MAX_SAFE_INTEGER];
  if (seams.left) distances.push(mask.x - patch.x);
  if (seams.right) distances.push(patch.x + patch.width - mask.x - mask.width);
  if (seams.top) distances.push(mask.y - patch.y);
  if (seams.bottom) distances.push(patch.y + patch.height - mask.y - mask.height);
  return Math.min(...distances);
}
