import Flatbush from "flatbush";
import { type Box, intersectBoxes } from "../../src/geometry.ts";
import { intersectionArea } from "../../src/merge/span-sets.ts";
import type { Spans } from "../../src/merge/spans.ts";
import type { RawMask, SegmentedPlan } from "./segmented-plan.ts";

/** Two objects at least this alike are the same, outline included. */
export const SAME = 0.95;
/** Two masks at least this alike mean the same object, whatever its outline. */
const MEANT = 0.3;
/** Grid px from the edge of either region within which nothing is counted. */
const MARGIN = 64;

/** Objects of one kind of place, compared between two plans. */
export interface Compared {
  /** Merged objects of the first plan, and those with a one-to-one partner of IoU ≥ 0.95 in the second. */
  objects: number;
  matched: number;
  /**
   * Of these, the objects that the model finds alike: every patch of either plan that sees one whole
   * reports it, all that it is reported as has IoU ≥ 0.95 with one another, and no mask of another
   * object lies over it.
   */
  alike: number;
  /** Of those the ones with a partner. */
  alikeMatched: number;
}

/** What came of two plans, near seams and away from them. */
export interface Comparison {
  readonly first: SegmentedPlan;
  readonly second: SegmentedPlan;
  /** A box of the object meets a place that several patches of either plan cover. */
  readonly nearSeams: Compared;
  /** In both plans one patch alone sees it: no merging, the model's own disagreement. */
  readonly away: Compared;
}

/** Compares the objects of two plans inside the common part of their regions. */
export function comparePlans(first: SegmentedPlan, second: SegmentedPlan): Comparison {
  const common = intersectBoxes(first.region, second.region);
  const inside = (box: Box): boolean =>
    common !== null &&
    box.x >= common.x + MARGIN &&
    box.y >= common.y + MARGIN &&
    box.x + box.width <= common.x + common.width - MARGIN &&
    box.y + box.height <= common.y + common.height - MARGIN;
  const partners = matchOneToOne(first.merged, second.merged);
  const whole = [first, second].map(({ raw }) => {
    const masks = raw.filter(({ cut }) => !cut);
    return { masks, index: indexOf(masks.map(({ spans }) => spans)) };
  });
  const nearSeams = { objects: 0, matched: 0, alike: 0, alikeMatched: 0 };
  const away = { objects: 0, matched: 0, alike: 0, alikeMatched: 0 };
  for (const [i, object] of first.merged.entries()) {
    if (!inside(object.box)) continue;
    const near = [first, second].some(({ patches }) => patchesAt(patches, object.box) > 1);
    const found = near ? nearSeams : away;
    const matched = partners.has(i);
    const over = whole.map(({ masks, index }) => overlapping(object, masks, index));
    const seen = over.map((masks) => masks.filter((mask) => iou(mask, object) >= MEANT));
    const expected = [first, second].map(({ patches }) => patchesAround(patches, object.box));
    const alike =
      seen.every((masks, p) => masks.length > 0 && masks.length >= expected[p]!) &&
      seen.every((masks, p) => masks.length === over[p]!.length) &&
      allAlike(seen.flat());
    found.objects++;
    if (matched) found.matched++;
    if (alike) found.alike++;
    if (alike && matched) found.alikeMatched++;
  }
  return { first, second, nearSeams, away };
}

function patchesAt(patches: SegmentedPlan["patches"], box: Box): number {
  return patches.filter(({ gridBox }) => intersectBoxes(gridBox, box) !== null).length;
}

/** Patches that hold the box with a pixel to spare: they see the object whole. */
function patchesAround(patches: SegmentedPlan["patches"], box: Box): number {
  return patches.filter(
    ({ gridBox: { x, y, width, height } }) =>
      box.x > x + 1 &&
      box.y > y + 1 &&
      box.x + box.width < x + width - 1 &&
      box.y + box.height < y + height - 1,
  ).length;
}

function overlapping(object: Spans, masks: readonly RawMask[], index: Flatbush | null): Spans[] {
  return near(index, object.box)
    .map((i) => masks[i]!.spans)
    .filter((mask) => intersectionArea(mask, object) > 0);
}

function allAlike(masks: readonly Spans[]): boolean {
  return masks.every((a, i) => masks.slice(i + 1).every((b) => iou(a, b) >= SAME));
}

/** At this IoU no object has two partners, so that every pair found is one-to-one. */
function matchOneToOne(first: readonly Spans[], second: readonly Spans[]): Map<number, number> {
  const index = indexOf(second);
  const partners = new Map<number, number>();
  for (const [i, object] of first.entries()) {
    const partner = near(index, object.box).find((k) => iou(object, second[k]!) >= SAME);
    if (partner !== undefined) partners.set(i, partner);
  }
  return partners;
}

function indexOf(masks: readonly Spans[]): Flatbush | null {
  if (masks.length === 0) return null;
  const index = new Flatbush(masks.length);
  for (const { box } of masks) index.add(box.x, box.y, box.x + box.width, box.y + box.height);
  index.finish();
  return index;
}

function near(index: Flatbush | null, { x, y, width, height }: Box): number[] {
  return index?.search(x, y, x + width, y + height) ?? [];
}

function iou(a: Spans, b: Spans): number {
  const shared = intersectionArea(a, b);
  return shared / (a.area + b.area - shared);
}
