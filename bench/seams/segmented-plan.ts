import type { Box } from "../../src/geometry.ts";
import { mergeMasks } from "../../src/merge/merge-masks.ts";
import { createMergeStats, type MergeStats } from "../../src/merge/merge-stats.ts";
import { rleToSpans, type Spans } from "../../src/merge/spans.ts";
import { decideRun } from "../../src/pipeline/plan-run.ts";
import { TASKS } from "../../src/scales/tasks.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import { loadModel } from "../../src/segment/registry.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import type { PlannedPatch } from "../../src/tiler/patch.ts";
import { planPatches, validBox } from "../../src/tiler/plan-patches.ts";
import { readPatch } from "../../src/tiler/read-patch.ts";
import type { Slide } from "../../src/tiler/slide.ts";

/** A way to cut a region of a slide. */
export interface Cut {
  readonly name: string;
  readonly patchSize: number;
  readonly overlap: number;
  /** Level-0 px; where it begins decides where the seams run. */
  readonly region: Box;
}

/** A mask that one patch reported. */
export interface RawMask {
  readonly spans: Spans;
  /** It reaches its patch's border: the patch may not see it whole. */
  readonly cut: boolean;
}

/** A cut that the model has seen: what its patches reported, and what merging made of it. Frame: grid px. */
export interface SegmentedPlan {
  readonly cut: Cut;
  readonly patches: readonly PlannedPatch[];
  readonly region: Box;
  readonly raw: readonly RawMask[];
  readonly merged: readonly Spans[];
  readonly stats: MergeStats;
}

/** Segments a region of a slide for nuclei with the model of that name, patch by patch, and merges it. */
export async function segmentPlan(
  slide: Slide,
  modelName: string,
  cut: Cut,
): Promise<SegmentedPlan> {
  const { patchSize, overlap, region } = cut;
  const task = TASKS.nuclei;
  const model = await loadModel(modelName);
  const options = { slide: slide.path, task: "nuclei", out: "", patchSize, overlap, region };
  const { scale, settings, prompts } = decideRun(slide, task, model, options);
  const request = { size: slide.size, scale, patchSize, overlap, region, tissue: null };
  const plan = planPatches(request);
  const segmenter = await createSegmenter({ settings, workers: 1 });
  const masks = new Map<number, readonly PatchMask[]>();
  try {
    for (const planned of plan.patches) {
      const { image } = await readPatch(slide, scale, planned);
      const valid = validBox(planned, plan.gridSize);
      const kind = prompts === "grid" ? "grid" : "auto";
      const job = { patchId: planned.id, image, prompts: { kind }, allow: null, valid } as const;
      const result = await segmenter.segment(job);
      if (!result.ok) throw new Error(result.error.message);
      masks.set(planned.index, result.masks);
    }
  } finally {
    await segmenter.close();
  }
  const stats = createMergeStats();
  const merged: Spans[] = [];
  const rows = mergeMasks({
    patches: plan.patches,
    masksOf: async (index) => masks.get(index)!,
    scale,
    slideMpp: slide.mpp!,
    gridSize: plan.gridSize,
    seams: task.seams,
    minAreaUm2: task.minAreaUm2,
    maxAreaUm2: task.maxAreaUm2,
    stats,
  });
  for await (const row of rows) for (const { spans } of row) merged.push(spans);
  const raw = plan.patches.flatMap((patch) =>
    masks.get(patch.index)!.flatMap((mask) => {
      const { x, y } = patch.gridBox;
      const spans = rleToSpans(mask.rle, x + mask.box.x, y + mask.box.y);
      return spans === null ? [] : [{ spans, cut: reachesBorder(spans.box, patch.gridBox) }];
    }),
  );
  return { cut, patches: plan.patches, region: plan.gridRegion, raw, merged, stats };
}

function reachesBorder(mask: Box, patch: Box): boolean {
  return (
    mask.x <= patch.x ||
    mask.y <= patch.y ||
    mask.x + mask.width >= patch.x + patch.width ||
    mask.y + mask.height >= patch.y + patch.height
  );
}
