import type { Instance } from "./instance.ts";
import { instanceOf } from "./instance-of.ts";
import { type MaskMergeOptions, mergeMasks } from "./merge-masks.ts";
import type { MergeStats } from "./merge-stats.ts";

/** What {@link mergePatches} needs. */
export interface MergeOptions extends MaskMergeOptions {
  /** Names the slide, the model and all parameters: ids are the same only where this is. */
  readonly idSeed: string;
}

/**
 * Joins the masks of overlapping patches to objects, one polygon an object.
 *
 * Objects come out as soon as they are settled, always in the same order: by row of the plan in
 * which they are settled, then by the patch they come from, then from the top left. Memory is that
 * of {@link mergeMasks}. Throws MicrotomeError `corrupt-file` on a damaged mask.
 */
export async function* mergePatches(options: MergeOptions): AsyncGenerator<Instance, void, void> {
  const { slideMpp, scale, idSeed } = options;
  const { x, y } = typeof slideMpp === "number" ? { x: slideMpp, y: slideMpp } : slideMpp;
  const frame = { gridDownsample: scale.gridDownsample, mppX: x, mppY: y, idSeed };
  const stats: Partial<MergeStats> = {};
  let staircases = 0;
  for await (const merged of mergeMasks({ ...options, stats })) {
    for (const mask of merged) {
      const { instance, staircase } = instanceOf(mask, frame);
      if (staircase) staircases++;
      yield instance;
    }
  }
  if (options.stats !== undefined) Object.assign(options.stats, stats, { staircases });
}
