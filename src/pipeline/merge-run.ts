import { MicrotomeError } from "../errors.ts";
import { writeQuPath } from "../export/qupath.ts";
import type { Box } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import { mergePatches } from "../merge/merge-patches.ts";
import type { RunFolder } from "../store/run-folder.ts";
import type { FoundObjects, PreparedRun } from "./describe-run.ts";

/**
 * Joins what the ledger holds into objects and writes them in QuPath's form, in constant memory.
 *
 * Throws `interrupted` when the signal aborts; the half-written file is gone then, the ledger whole.
 */
export async function mergeRun(
  run: PreparedRun,
  folder: RunFolder,
  signal: AbortSignal | undefined,
): Promise<FoundObjects> {
  const { plan, model, watch } = run;
  const file = `${plan.task.name}.geojson.gz`;
  const seams: Record<string, number> = {};
  const instances = mergePatches({
    patches: plan.patches.patches,
    masksOf: (patch) => folder.ledger.masksOf(patch),
    scale: plan.scale,
    slideMpp: run.slide.mpp ?? plan.slideMpp,
    seams: plan.task.seams,
    minAreaUm2: plan.task.minAreaUm2,
    maxAreaUm2: plan.task.maxAreaUm2,
    idSeed: run.key,
    stats: seams,
  });
  const provenance = {
    modelSha256: model.sha256,
    micrometersPerPixel: plan.slideMpp,
    runKey: run.key,
  };
  const byClass: Record<string, number> = {};
  async function* counted(all: AsyncIterable<Instance>): AsyncGenerator<Instance, void, void> {
    for await (const instance of all) {
      const name = instance.classification ?? plan.task.objectName;
      byClass[name] = (byClass[name] ?? 0) + 1;
      yield instance;
    }
  }
  const { objects } = await watch.time("merge", () =>
    writeQuPath(counted(within(plan.parameters.region, instances, signal)), {
      path: folder.file(file),
      task: plan.task,
      model: model.name,
      provenance,
    }),
  );
  return { objects, byClass, seams, files: [file] };
}

/** An object on a region's edge is whole, and belongs to the region that holds its centroid. */
async function* within(
  region: Box | null,
  instances: AsyncIterable<Instance>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Instance, void, void> {
  for await (const instance of instances) {
    if (signal?.aborted) throw new MicrotomeError("interrupted", "stopped while joining seams");
    if (!region || holds(region, instance.centroid)) yield instance;
  }
}

function holds(region: Box, { x, y }: Instance["centroid"]): boolean {
  const { x: left, y: top, width, height } = region;
  return x >= left && y >= top && x < left + width && y < top + height;
}
