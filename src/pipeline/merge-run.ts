import { originOfBounds, writeQuPath } from "../export/qupath.ts";
import type { Box } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import { mergePatches } from "../merge/merge-patches.ts";
import { writeFileAtomically } from "../store/atomic-write.ts";
import { ObjectsFile } from "../store/objects/objects-file.ts";
import { writeObjects } from "../store/objects/write-objects.ts";
import { promptsFileName, type RunFolder } from "../store/run-folder.ts";
import { objectsFileName } from "../store/run-objects-file.ts";
import { PromptAnswers } from "./answer-prompts.ts";
import type { FoundObjects, PreparedRun } from "./describe-run.ts";
import type { SegmentSlideOptions } from "./options.ts";
import { unlessStopped } from "./stoppable.ts";
import { type TissueCells, tissueShare } from "./tissue-share.ts";

/**
 * Joins what the ledger holds into objects, keeps them in the run's objects file, and writes them from
 * there in QuPath's form, in constant memory.
 *
 * Throws `interrupted` when the signal aborts; the half-written file is gone then, the ledger whole.
 */
export async function mergeRun(
  run: PreparedRun,
  folder: RunFolder,
  { signal, promptFile }: Pick<SegmentSlideOptions, "signal" | "promptFile">,
): Promise<FoundObjects> {
  const { plan, model, watch } = run;
  const { task } = plan;
  const mpp = run.slide.mpp ?? { x: plan.slideMpp, y: plan.slideMpp };
  const seams: Record<string, number> = {};
  const answers = plan.given && plan.asked ? new PromptAnswers(run, plan.given, plan.asked) : null;
  const instances = answers
    ? answers.objects(folder.ledger)
    : within(
        plan.parameters.region,
        onTissue(
          mergePatches({
            patches: plan.patches.patches,
            masksOf: (patch) => folder.ledger.masksOf(patch),
            scale: plan.scale,
            slideMpp: mpp,
            gridSize: plan.patches.gridSize,
            seams: task.seams,
            minAreaUm2: task.minAreaUm2,
            maxAreaUm2: task.maxAreaUm2,
            idSeed: run.key,
            stats: seams,
          }),
          { tissue: run.tissue, least: plan.parameters.minTissueShare ?? 0, seams },
        ),
      );
  const [exported, kept] = [`${task.name}.geojson.gz`, objectsFileName(task.name)];
  const { objects, byClass } = await watch.time("merge", () =>
    writeObjects(unlessStopped(instances, signal, "joining seams"), {
      path: folder.file(kept),
      about: {
        runKey: run.key,
        task: task.name,
        objectName: task.objectName,
        model: { name: model.name, sha256: model.sha256 },
        mpp: { x: mpp.x, y: mpp.y },
      },
    }),
  );
  const stored = await ObjectsFile.open(folder.file(kept));
  try {
    await watch.time("export", () =>
      writeQuPath(unlessStopped(stored.blocks(), signal, "writing objects"), {
        path: folder.file(exported),
        task,
        ...originOfBounds(run.slide.bounds),
        model: model.name,
        provenance: {
          modelSha256: model.sha256,
          micrometersPerPixel: plan.slideMpp,
          runKey: run.key,
        },
        ...(answers ? { labels: answers.labels } : {}),
        ...(plan.given ? { classColors: plan.given.classColors } : {}),
      }),
    );
  } finally {
    await stored.close();
  }
  const files = [exported, kept];
  if (!answers || promptFile === undefined) {
    // What merging gave out and the region did not keep.
    const droppedOutside = (seams.objects ?? objects) - (seams.droppedOnGlass ?? 0) - objects;
    return { objects, byClass, seams: { ...seams, droppedOutside }, files };
  }
  const told = promptsFileName(task.name);
  await writeFileAtomically(folder.file(told), answers.text());
  const prompts = answers.record(promptFile);
  return { objects, byClass, seams, prompts, files: [...files, told] };
}

/** Leaves out what lies mostly on bare glass, and counts it. */
async function* onTissue(
  instances: AsyncIterable<Instance>,
  { tissue, least, seams }: { tissue: TissueCells; least: number; seams: Record<string, number> },
): AsyncGenerator<Instance, void, void> {
  let dropped = 0;
  for await (const instance of instances) {
    if (least > 0 && tissueShare(instance.polygon, tissue) < least) dropped++;
    else yield instance;
  }
  seams.droppedOnGlass = dropped;
}

/** An object on a region's edge is whole, and belongs to the region that holds its centroid. */
async function* within(
  region: Box | null,
  instances: AsyncIterable<Instance>,
): AsyncGenerator<Instance, void, void> {
  for await (const instance of instances) {
    if (!region || holds(region, instance.centroid)) yield instance;
  }
}

function holds(region: Box, { x, y }: Instance["centroid"]): boolean {
  const { x: left, y: top, width, height } = region;
  return x >= left && y >= top && x < left + width && y < top + height;
}
