import { dirname, resolve, sep } from "node:path";
import { type ErrorRecord, toErrorRecord } from "../errors.ts";
import { requireAnswerable } from "../segment/check-prompts.ts";
import type { PromptMode } from "../segment/protocol.ts";
import { createSegmenter, defaultWorkers, type Segmenter } from "../segment/segmenter.ts";
import type { RunFolder } from "../store/run-folder.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { allowedCells, validBox } from "../tiler/plan-patches.ts";
import { readPatch } from "../tiler/read-patch.ts";
import { announcePatches } from "../tiler/read-patches.ts";
import { forEachBounded } from "./bounded.ts";
import type { PreparedRun } from "./describe-run.ts";
import type { SegmentSlideOptions } from "./options.ts";
import type { PlacedPrompt } from "./place-prompts.ts";
import type { RunPlan } from "./plan-run.ts";

/** Cells a side of the grid that tells a worker where tissue is. */
const ALLOW_CELLS = 64;

/**
 * Segments the patches that the ledger does not hold yet; each is recorded as it is done, a failed one too.
 *
 * Throws what starting the workers throws, and `usage` for prompts that the model cannot take.
 */
export async function segmentPatches(
  run: PreparedRun,
  folder: RunFolder,
  options: SegmentSlideOptions,
): Promise<void> {
  const { plan, watch } = run;
  const all = plan.patches.patches;
  const pending = all.filter((patch) => !folder.ledger.has(patch.index));
  let failed = 0;
  let done = all.length - pending.length;
  const resumed = done;
  const report = () =>
    options.onProgress?.({ stage: "segment", done, total: all.length, resumed, failed });
  report();
  if (pending.length === 0) return;
  const workers = Math.min(options.workers ?? defaultWorkers(options.provider), pending.length);
  const segmenter = await watch.time("model", () =>
    createSegmenter({
      settings: plan.settings,
      workers,
      ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
      ...(options.onNotice ? { onNotice: options.onNotice } : {}),
    }),
  );
  try {
    const asked = plan.asked?.byPatch.flat() ?? [];
    requireAnswerable(
      plan.settings.model,
      segmenter.takes,
      asked.map(({ prompt }) => prompt),
      (i) => plan.given!.prompts[asked[i]!.index]!.id,
    );
  } catch (error) {
    await segmenter.close();
    throw error;
  }
  const started = performance.now();
  const reads = announcePatches(run.slide, plan.scale, pending);
  try {
    await forEachBounded(pending, segmenter.capacity, options.signal, async (planned) => {
      const outcome = await segmentOne(run, segmenter, planned);
      if (outcome.ok) {
        watch.add("encode", outcome.ms.encode);
        watch.add("decode", outcome.ms.decode);
        watch.add("post", outcome.ms.post);
        await folder.ledger.append({ patch: planned.index, ...outcome });
      } else {
        failed++;
        await folder.ledger.append({ patch: planned.index, ok: false, error: outcome.error });
      }
      done++;
      report();
    });
  } finally {
    reads.end();
    run.execution.workers = segmenter.workers;
    watch.add("segment", performance.now() - started);
    await segmenter.close();
  }
}

async function segmentOne(run: PreparedRun, segmenter: Segmenter, planned: PlannedPatch) {
  const { plan, slide, tissue, watch } = run;
  try {
    const patch = await watch.time("read", () => readPatch(slide, plan.scale, planned));
    const asked = plan.asked?.byPatch[planned.index];
    const cells = asked ? null : allowedCells(tissue, planned, ALLOW_CELLS);
    return await segmenter.segment({
      patchId: planned.id,
      image: patch.image,
      prompts: promptsOf(plan, asked),
      allow: cells && { cells: ALLOW_CELLS, data: cells },
      valid: validBox(planned, plan.patches.gridSize),
    });
  } catch (error) {
    return { ok: false as const, error: withoutFolders(toErrorRecord(error), slide.path) };
  }
}

function promptsOf(plan: RunPlan, asked: readonly PlacedPrompt[] | undefined): PromptMode {
  if (plan.prompts !== "given") return { kind: plan.prompts };
  return { kind: "given", prompts: asked!.map(({ prompt }) => prompt) };
}

/** A failure goes into run.json, which may be passed on: it names the slide's files, not their folders. */
function withoutFolders(record: ErrorRecord, slidePath: string): ErrorRecord {
  const folders = [dirname(resolve(slidePath)), dirname(slidePath)].filter(
    (path) => path.length > 1,
  );
  const clean = (text: string) =>
    folders.reduce((rest, folder) => rest.replaceAll(folder + sep, ""), text);
  const fields = Object.entries(record.fields).map(([name, value]) => [
    name,
    typeof value === "string" ? clean(value) : value,
  ]);
  return { ...record, message: clean(record.message), fields: Object.fromEntries(fields) };
}
