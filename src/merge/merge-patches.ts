import type { Scale } from "../scales/scale.ts";
import type { PatchMask } from "../segment/mask.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { type Candidate, type Kept, placeMask } from "./candidate.ts";
import type { Instance } from "./instance.ts";
import { type InstanceFrame, instanceOf } from "./instance-of.ts";
import { relate } from "./link.ts";
import { createMergeStats, type MergeStats } from "./merge-stats.ts";
import { OverlapIndex } from "./overlap-index.ts";
import { partOverlaps } from "./part-overlaps.ts";
import { PatchPlan } from "./patch-plan.ts";
import { type SeamTally, settleJoin, settleOwn } from "./settle.ts";
import { connectedParts } from "./span-sets.ts";
import type { Spans } from "./spans.ts";

/** What {@link mergePatches} needs. */
export interface MergeOptions {
  /** The whole plan; patches of neighbouring rows and columns overlap by less than half a patch. */
  readonly patches: readonly PlannedPatch[];
  /** The masks of the patch with this `index`; none for a patch that failed. */
  readonly masksOf: (patchIndex: number) => Promise<readonly PatchMask[]>;
  readonly scale: Pick<Scale, "gridDownsample">;
  /** µm per level-0 px: one figure for both axes, or one each. */
  readonly slideMpp: number | { readonly x: number; readonly y: number };
  /** `own`: an object is whole in some patch, or nearly; `join`: it may cross any number of patches. */
  readonly seams: "own" | "join";
  readonly minAreaUm2: number;
  readonly maxAreaUm2: number | null;
  /** Names the slide, the model and all parameters: ids are the same only where this is. */
  readonly idSeed: string;
  /** Filled with {@link MergeStats} when the last object is out. */
  readonly stats?: Partial<MergeStats>;
}

/**
 * Joins the masks of overlapping patches to objects, one polygon an object.
 *
 * Goes through the plan row by row and asks for the masks of a patch once; masks stay in memory
 * while an object of a later row can still touch them, about two rows. Objects come out as soon as
 * they are settled, always in the same order: by row of the plan in which they are settled, then by
 * the patch they come from, then from the top left. Throws MicrotomeError `corrupt-file` on a
 * damaged mask.
 */
export async function* mergePatches(options: MergeOptions): AsyncGenerator<Instance, void, void> {
  const plan = new PatchPlan(options.patches);
  const merger = new Merger(options, plan);
  const closing = closingRows(plan);
  for (const [r, row] of plan.rows.entries()) {
    for (const patch of row) {
      merger.add(patch, await options.masksOf(patch.index));
    }
    yield* merger.settleAbove(closing[r]!);
    plan.forget(row);
  }
  if (options.stats !== undefined) Object.assign(options.stats, merger.finalStats());
}

/** For every row of the plan the first grid row that a later patch can still reach. */
function closingRows(plan: PatchPlan): number[] {
  const closing: number[] = new Array(plan.rows.length);
  let top = Number.POSITIVE_INFINITY;
  for (let r = plan.rows.length - 1; r >= 0; r--) {
    closing[r] = top;
    for (const patch of plan.rows[r]!) top = Math.min(top, patch.gridBox.y);
  }
  return closing;
}

class Merger {
  private readonly options: MergeOptions;
  private readonly plan: PatchPlan;
  private readonly frame: InstanceFrame;
  private readonly index: OverlapIndex;
  private readonly stats = createMergeStats();
  private readonly tally: SeamTally = { iou: 0, pairs: 0 };
  private unsettled: Candidate[] = [];
  private readonly waiting: Kept[] = [];

  constructor(options: MergeOptions, plan: PatchPlan) {
    const { slideMpp, scale, idSeed } = options;
    const { x, y } = typeof slideMpp === "number" ? { x: slideMpp, y: slideMpp } : slideMpp;
    this.options = options;
    this.plan = plan;
    this.frame = { gridDownsample: scale.gridDownsample, mppX: x, mppY: y, idSeed };
    const side = plan.rows[0]?.[0]?.gridBox.width ?? 256;
    this.index = new OverlapIndex(Math.max(32, Math.round(side / 8)));
  }

  add(patch: PlannedPatch, masks: readonly PatchMask[]): void {
    for (const mask of masks) {
      this.stats.masks++;
      const candidate = placeMask(this.plan, patch, mask);
      if (candidate === null) continue;
      for (const other of this.index.around(candidate)) relate(other, candidate);
      this.index.add(candidate);
      this.unsettled.push(candidate);
    }
  }

  /** Settles what no later patch can touch and yields the objects that are done. */
  *settleAbove(row: number): Generator<Instance, void, void> {
    this.index.dropAbove(row);
    const settle = this.options.seams === "own" ? settleOwn : settleJoin;
    const groups = new Set(this.unsettled.map((candidate) => candidate.group));
    for (const group of groups) {
      if (group.bottom <= row) this.waiting.push(...settle(group, this.stats, this.tally));
    }
    this.unsettled = this.unsettled.filter((candidate) => !candidate.settled);
    const done =
      this.options.seams === "own" ? partOverlaps(this.waiting, this.stats) : this.takeWaiting();
    for (const { spans, kept } of inOrder(done)) yield* this.finish(spans, kept);
  }

  finalStats(): MergeStats {
    const { iou, pairs } = this.tally;
    return { ...this.stats, meanOverlapIou: pairs === 0 ? 0 : iou / pairs };
  }

  private takeWaiting(): Kept[] {
    const done = this.waiting.splice(0);
    for (const { parts } of done) for (const part of parts) part.overlaps = [];
    return done;
  }

  private *finish(spans: Spans, kept: Kept): Generator<Instance, void, void> {
    const { gridDownsample, mppX, mppY } = this.frame;
    const { minAreaUm2, maxAreaUm2 } = this.options;
    const areaUm2 = spans.area * gridDownsample ** 2 * mppX * mppY;
    if (areaUm2 < minAreaUm2) {
      this.stats.droppedSmall++;
    } else if (maxAreaUm2 !== null && areaUm2 > maxAreaUm2) {
      this.stats.droppedLarge++;
    } else {
      const { instance, staircase } = instanceOf(spans, kept, this.frame);
      this.stats.objects++;
      if (staircase) this.stats.staircases++;
      yield instance;
    }
  }
}

/** Objects by the patch they come from, then from the top left; a region that fell apart gives several. */
function inOrder(done: readonly Kept[]): { spans: Spans; kept: Kept }[] {
  return done
    .flatMap((kept) => connectedParts(kept.spans!).map((spans) => ({ spans, kept })))
    .map((item) => ({ ...item, patch: Math.min(...item.kept.parts.map((p) => p.patch.index)) }))
    .sort(
      (a, b) =>
        a.patch - b.patch ||
        a.spans.box.y - b.spans.box.y ||
        a.spans.box.x - b.spans.box.x ||
        b.spans.area - a.spans.area,
    );
}
