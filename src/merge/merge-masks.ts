import type { Size } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import type { PatchMask } from "../segment/mask.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { type Candidate, type Kept, placeMask } from "./candidate.ts";
import { relate } from "./link.ts";
import { createMergeStats, type MergeStats } from "./merge-stats.ts";
import { OverlapIndex } from "./overlap-index.ts";
import { partOverlaps, sortOut } from "./part-overlaps.ts";
import { PatchPlan } from "./patch-plan.ts";
import { type SeamTally, settleAlone, settleJoin, settleOwn } from "./settle.ts";
import { connectedParts } from "./span-sets.ts";
import type { Spans } from "./spans.ts";

/** What {@link mergeMasks} needs. */
export interface MaskMergeOptions {
  /** The whole plan; the slide's size and every overlap may be any, and patches may be missing. */
  readonly patches: readonly PlannedPatch[];
  /** The masks of the patch with this `index`; none for a patch that failed. */
  readonly masksOf: (patchIndex: number) => Promise<readonly PatchMask[]>;
  readonly scale: Pick<Scale, "gridDownsample">;
  /** µm per level-0 px: one figure for both axes, or one each. */
  readonly slideMpp: number | { readonly x: number; readonly y: number };
  /** The slide's size on the grid; without it, no object is known to be cut by the slide's own edge. */
  readonly gridSize?: Size;
  /** `own`: an object is whole in some patch, or nearly; `join`: it may cross any number of patches. */
  readonly seams: "own" | "join";
  readonly minAreaUm2: number;
  readonly maxAreaUm2: number | null;
  /** Filled with {@link MergeStats} when the last object is out. */
  readonly stats?: Partial<MergeStats>;
}

/** One object on the grid, whole. */
export interface MergedMask {
  /** 4-connected. */
  readonly spans: Spans;
  /** The masks that it was made of. */
  readonly parts: readonly Candidate[];
}

/**
 * Joins the masks of overlapping patches to objects, still on the grid: no two of `own` share a pixel.
 *
 * Goes through the plan row by row and asks for the masks of a patch once. An object that lies where
 * no other patch looks goes out with its patch; the others wait while a later row can still touch
 * them, about two rows. What goes out at a time is in the order of the patches that it comes from, then
 * from the top left. Throws MicrotomeError `corrupt-file` on a damaged mask.
 */
export async function* mergeMasks(
  options: MaskMergeOptions,
): AsyncGenerator<readonly MergedMask[], void, void> {
  const plan = new PatchPlan(options.patches);
  const merger = new MaskMerger(options, plan);
  const closing = plan.closingRows();
  for (const [r, row] of plan.rows.entries()) {
    for (const patch of row) yield merger.add(patch, await options.masksOf(patch.index));
    yield merger.settleAbove(closing[r]!);
  }
  if (options.stats !== undefined) Object.assign(options.stats, merger.finalStats());
}

/** The state of a merge: masks come in by {@link add}, objects go out by both methods. */
export class MaskMerger {
  private readonly options: MaskMergeOptions;
  private readonly plan: PatchPlan;
  /** Candidates of earlier patches that another patch can see. */
  private readonly seen: OverlapIndex;
  private readonly cellSize: number;
  private readonly stats = createMergeStats();
  private readonly tally: SeamTally = { iou: 0, pairs: 0 };
  private readonly pixelUm2: number;
  private unsettled: Candidate[] = [];
  private readonly waiting: Kept[] = [];

  constructor(options: MaskMergeOptions, plan: PatchPlan) {
    const { slideMpp, scale } = options;
    const { x, y } = typeof slideMpp === "number" ? { x: slideMpp, y: slideMpp } : slideMpp;
    this.options = options;
    this.plan = plan;
    this.pixelUm2 = scale.gridDownsample ** 2 * x * y;
    const side = plan.rows[0]?.[0]?.gridBox.width ?? 256;
    this.cellSize = Math.max(32, Math.round(side / 8));
    this.seen = new OverlapIndex(this.cellSize, plan.extent);
  }

  /** Takes the masks of a patch; the objects that no other patch can touch. */
  add(patch: PlannedPatch, masks: readonly PatchMask[]): MergedMask[] {
    const around = this.plan.around(patch);
    const slide = this.options.gridSize ?? null;
    const { stats, waiting } = this;
    const { seams } = this.options;
    const own = seams === "own";
    const within = new OverlapIndex(this.cellSize, patch.gridBox);
    const first = this.unsettled.length;
    const inner: Kept[] = [];
    for (const mask of masks) {
      const candidate = placeMask(patch, around, mask, slide);
      if (candidate === null) continue;
      // Masks of one patch are never taken for the same object.
      if (own) {
        for (const other of within.meeting(candidate)) relate(other, candidate, true);
        within.add(candidate);
      }
      if (candidate.shared) {
        for (const other of this.seen.meeting(candidate)) relate(other, candidate, own);
        this.unsettled.push(candidate);
      } else {
        const kept = settleAlone(candidate, seams, stats);
        if (kept !== null) inner.push(kept);
      }
    }
    for (let i = first; i < this.unsettled.length; i++) this.seen.add(this.unsettled[i]!);
    stats.masks += masks.length;
    const held = this.unsettled.length + waiting.length + inner.length;
    stats.peakMasks = Math.max(stats.peakMasks, held);
    if (!own) return this.finish(inner);
    const { clear, contested } = sortOut(inner);
    for (const kept of contested) waiting.push(kept);
    return this.finish(clear);
  }

  /** Settles what no patch that reaches down from this grid row can touch; the objects that are done. */
  settleAbove(row: number): MergedMask[] {
    const { seams } = this.options;
    const { stats, tally, waiting } = this;
    this.seen.dropAbove(row);
    for (const candidate of this.unsettled) {
      const { group } = candidate;
      if (candidate.settled) continue;
      if (group === null) {
        const { box } = candidate.spans;
        if (box.y + box.height > row) continue;
        const kept = settleAlone(candidate, seams, stats);
        if (kept !== null) waiting.push(kept);
      } else if (group.bottom <= row) {
        const settle = seams === "own" ? settleOwn : settleJoin;
        for (const kept of settle(group, stats, tally)) waiting.push(kept);
      }
    }
    this.unsettled = this.unsettled.filter((candidate) => !candidate.settled);
    return this.finish(seams === "own" ? partOverlaps(waiting, stats) : waiting.splice(0));
  }

  finalStats(): MergeStats {
    const { iou, pairs } = this.tally;
    return { ...this.stats, meanOverlapIou: pairs === 0 ? 0 : iou / pairs };
  }

  private finish(done: readonly Kept[]): MergedMask[] {
    const merged: MergedMask[] = [];
    for (const { spans, parts } of done) {
      // A region that fell apart gives several objects; one of `own` has been cut to its largest part.
      const pieces = this.options.seams === "own" ? [spans!] : connectedParts(spans!);
      for (const piece of pieces) {
        if (this.isWithinLimits(piece)) merged.push({ spans: piece, parts });
      }
    }
    for (const item of merged) this.countAtEdges(item);
    return inOrder(merged);
  }

  private isWithinLimits({ area }: Spans): boolean {
    const { minAreaUm2, maxAreaUm2 } = this.options;
    const areaUm2 = area * this.pixelUm2;
    if (areaUm2 < minAreaUm2) this.stats.droppedSmall++;
    else if (maxAreaUm2 !== null && areaUm2 > maxAreaUm2) this.stats.droppedLarge++;
    else return true;
    return false;
  }

  private countAtEdges({ spans: { box }, parts }: MergedMask): void {
    const { stats } = this;
    stats.objects++;
    if (parts.some(({ shared }) => shared)) stats.seamObjects++;
    if (parts.some(({ open }) => open)) stats.openEdgeObjects++;
    const slide = this.options.gridSize;
    if (slide === undefined) return;
    const atEdge =
      box.x <= 0 ||
      box.y <= 0 ||
      box.x + box.width >= slide.width ||
      box.y + box.height >= slide.height;
    if (atEdge) stats.slideEdgeObjects++;
  }
}

function inOrder(merged: MergedMask[]): MergedMask[] {
  if (merged.length < 2) return merged;
  const patchOf = ({ parts }: MergedMask): number => {
    let first = parts[0]!.patch.index;
    for (const { patch } of parts) if (patch.index < first) first = patch.index;
    return first;
  };
  const byPatch = new Map<number, MergedMask[]>();
  for (const item of merged) {
    const patch = patchOf(item);
    const list = byPatch.get(patch);
    if (list === undefined) byPatch.set(patch, [item]);
    else list.push(item);
  }
  const ordered: MergedMask[] = [];
  for (const patch of [...byPatch.keys()].sort((a, b) => a - b)) {
    const list = byPatch.get(patch)!;
    list.sort(
      ({ spans: a }, { spans: b }) => a.box.y - b.box.y || a.box.x - b.box.x || b.area - a.area,
    );
    for (const item of list) ordered.push(item);
  }
  return ordered;
}
