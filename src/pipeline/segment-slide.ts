import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";
import { taskNamed } from "../scales/tasks.ts";
import type { ModelSpec } from "../segment/model.ts";
import { defaultModelFor, loadModel } from "../segment/registry.ts";
import { requireProvider } from "../segment/require-provider.ts";
import { fingerprintFiles } from "../store/fingerprint.ts";
import { RunFolder, runFolderName } from "../store/run-folder.ts";
import type { RunRecord, RunState } from "../store/run-record.ts";
import { writeSlideLocation } from "../store/slide-location.ts";
import { openFileSource } from "../tiler/byte-source.ts";
import { convertToSrgb } from "../tiler/color/convert-to-srgb.ts";
import { openSlide } from "../tiler/open-slide.ts";
import type { Slide } from "../tiler/slide.ts";
import { slideFiles } from "../tiler/slide-files.ts";
import { allTissue, detectTissue } from "../tiler/tissue.ts";
import {
  type DecidedRun,
  describeRun,
  type FoundObjects,
  type LookedRun,
  noTissueNotice,
  type PreparedRun,
} from "./describe-run.ts";
import { mergeRun } from "./merge-run.ts";
import type { SegmentSlideOptions } from "./options.ts";
import { decideRun, planRun, type RunDecision, type RunPlan } from "./plan-run.ts";
import type { Stage } from "./progress.ts";
import { promptsOnSlide, readPrompts } from "./read-prompts.ts";
import { segmentPatches } from "./segment-patches.ts";
import { segmentedAreaMm2 } from "./segmented-area.ts";
import { type EarlierRun, earlierRun, keyOf, settleStain } from "./settle-run.ts";
import { Stopwatch } from "./stopwatch.ts";

/** How a run ended: run.json, and where its folder is. */
export interface SegmentSlideResult {
  readonly record: RunRecord;
  /** Absolute path of the run folder. */
  readonly folder: string;
  /** True when nothing was left to do. */
  readonly unchanged: boolean;
}

/** What a run would do, from `--dry-run`. */
export interface SegmentSlidePlan {
  readonly plan: RunPlan;
  readonly model: ModelSpec;
  readonly areaMm2: number;
}

/**
 * Segments a slide: level and scale chosen, tissue found, patches segmented in workers, seams
 * joined, QuPath GeoJSON written.
 *
 * A patch that fails is recorded in `failures` and the run goes on. The run may be killed at any
 * moment; with `resume` it repeats only unfinished patches and writes the same bytes. Throws
 * MicrotomeErrors for input, model or output that cannot be used, and `interrupted` on abort.
 */
export async function segmentSlide(options: SegmentSlideOptions): Promise<SegmentSlideResult> {
  const decided = await decide(options);
  try {
    const path = resolve(options.out, runFolderName(options.slide, decided.decision.task.name));
    const keep = options.resume || options.skipFinished;
    const earlier = keep ? await earlierRun(path, decided) : null;
    if (earlier && (await isFinished(path, earlier.record))) {
      const { record } = earlier;
      if (record.tissue.notice) options.onNotice?.(record.tissue.notice);
      return { record, folder: path, unchanged: true };
    }
    const looked = await look(decided, options);
    return await execute(await prepare(looked, earlier, options), path, options);
  } finally {
    await decided.slide.close();
  }
}

/** Plans a run without reading a patch or writing a file. */
export async function planSlide(options: SegmentSlideOptions): Promise<SegmentSlidePlan> {
  const decided = await decide(options);
  try {
    const { plan, model, tissue } = await look(decided, options);
    return { plan, model, areaMm2: segmentedAreaMm2(tissue, plan) };
  } finally {
    await decided.slide.close();
  }
}

function reportStage(options: SegmentSlideOptions, stage: Stage): void {
  options.onProgress?.({ stage, done: 0, total: 0, resumed: 0, failed: 0 });
}

/** Model, slide and parameters: enough to know a finished run again without reading its pixels. */
async function decide(options: SegmentSlideOptions): Promise<DecidedRun> {
  const watch = new Stopwatch();
  const task = taskNamed(options.task);
  // What costs nothing to find is said before the model is loaded.
  await requireSlide(options.slide);
  const { promptFile, promptShapes = "box" } = options;
  const file = promptFile === undefined ? null : await readPrompts(promptFile, promptShapes);
  reportStage(options, "model");
  if (options.provider !== undefined) await requireProvider(options.provider);
  const model = await watch.time("model", async () =>
    loadModel(options.model ?? (await defaultModelFor(task.name))),
  );
  reportStage(options, "open");
  const { mpp, backend, channel } = options;
  const openOptions = {
    ...(mpp === undefined ? {} : { mpp }),
    ...(backend ? { backend } : {}),
    ...(channel === undefined ? {} : { channel }),
  };
  const stored = await watch.time("open", () => openSlide(options.slide, openOptions));
  try {
    const slide = options.icc ? await convertToSrgb(stored) : stored;
    const identity = await watch.time("open", async () =>
      fingerprintFiles(await slideFiles(options.slide)),
    );
    const given = file && promptsOnSlide(file, slide.bounds);
    if (file && given !== file) options.onNotice?.(promptFrameNotice(slide.bounds!));
    const decision = decideRun(slide, task, model, options, given);
    const execution = { provider: options.provider ?? "cpu", workers: 0 };
    return { slide, decision, model, identity, watch, execution };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

function promptFrameNotice({ x, y }: Box): string {
  return `the slide's scanned part begins at (${x}, ${y}), and QuPath counts from there: so the marks are taken, as their file does not say otherwise (docs/models.md: how it can)`;
}

/** Throws as openSlide does where there is no file, or an empty one. */
async function requireSlide(path: string): Promise<void> {
  if ((await stat(path).catch(() => null))?.isDirectory()) return;
  const source = await openFileSource(path);
  await source.close();
}

async function look(run: DecidedRun, options: SegmentSlideOptions): Promise<LookedRun> {
  for (const notice of noticesOf(run.decision, run.model, run.slide)) options.onNotice?.(notice);
  if (options.icc && !run.slide.iccProfile) {
    options.onNotice?.("the slide has no ICC profile: its colours are taken for sRGB as they are");
  }
  reportStage(options, "tissue");
  const found = await run.watch.time("tissue", () => detectTissue(run.slide));
  const tissue = options.tissue === "all" ? allTissue(found) : found;
  const plan = planRun(run.decision, run.slide, tissue);
  if (plan.patches.patches.length === 0 && !plan.asked) options.onNotice?.(noTissueNotice(plan));
  return { ...run, tissue, plan };
}

/** The stains, taken over from an earlier start of the run or estimated now, and with them the key. */
async function prepare(
  run: LookedRun,
  earlier: EarlierRun | null,
  options: SegmentSlideOptions,
): Promise<PreparedRun> {
  const stain = earlier
    ? earlier.stain
    : await run.watch.time("stain", () => settleStain(run, run.tissue));
  if (stain?.skipped) {
    options.onNotice?.(
      `the stains cannot be estimated (${stain.skipped}): the slide is segmented as it is, without --stain-normalise ${stain.method}`,
    );
  }
  const settings = { ...run.plan.settings, stain: stain?.estimate ?? null };
  return { ...run, plan: { ...run.plan, settings }, stain, key: keyOf(run, stain) };
}

async function execute(
  run: PreparedRun,
  path: string,
  options: SegmentSlideOptions,
): Promise<SegmentSlideResult> {
  const folder = await RunFolder.open(path, run.key, {
    resume: options.resume ?? false,
    overwrite: options.overwrite ?? false,
    fingerprint: run.identity.sha256,
  });
  try {
    await folder.writeRecord(await describeRun(run, folder, "running", options.slide, null));
    await writeSlideLocation(folder.path, options.slide);
    await segmentPatches(run, folder, options);
    const found = options.signal?.aborted ? null : await mergeUnlessStopped(run, folder, options);
    if (found === null) {
      await folder.writeRecord(await describeRun(run, folder, "interrupted", options.slide, null));
      throw interrupted(folder, run);
    }
    const state: RunState = folder.ledger.counts.failed > 0 ? "incomplete" : "done";
    const record = await describeRun(run, folder, state, options.slide, found);
    await folder.writeRecord(record);
    return { record, folder: path, unchanged: false };
  } finally {
    await folder.close();
  }
}

async function isFinished(path: string, record: RunRecord): Promise<boolean> {
  if (record.state !== "done") return false;
  const present = await Promise.all(
    record.files.map((name) =>
      stat(join(path, name)).then(
        (s) => s.isFile(),
        () => false,
      ),
    ),
  );
  return present.every(Boolean);
}

/** The objects, or null where the user stopped the merge. */
async function mergeUnlessStopped(
  run: PreparedRun,
  folder: RunFolder,
  options: SegmentSlideOptions,
): Promise<FoundObjects | null> {
  const total = run.plan.patches.patches.length;
  options.onProgress?.({ stage: "merge", done: 0, total, resumed: 0, failed: 0 });
  try {
    return await mergeRun(run, folder, options);
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === "interrupted") return null;
    throw error;
  }
}

/** What the user should know before a long run. */
function noticesOf(decision: RunDecision, model: ModelSpec, slide: Slide): string[] {
  const { task, scale, slideMpp } = decision;
  const notices: string[] = [];
  if (scale.upsampled) {
    notices.push(
      `the slide has ${slideMpp.toFixed(3)} µm/px, coarser than the ${task.mpp} of ${task.name}: it is enlarged ${(1 / scale.gridDownsample).toFixed(1)} times`,
    );
  }
  if (slide.channels !== null) {
    notices.push(
      "the slide has channels: microtome's own models were trained on H&E and say little about fluorescence; look at the outlines before you count them",
    );
  }
  if (model.tasks.length > 0 && !model.tasks.includes(task.name)) {
    notices.push(
      `model ${model.name} was made for ${model.tasks.join(", ")}, not for ${task.name}`,
    );
  }
  return notices;
}

function interrupted(folder: RunFolder, run: PreparedRun): MicrotomeError {
  const { done } = folder.ledger.counts;
  const total = run.plan.patches.patches.length;
  return new MicrotomeError(
    "interrupted",
    `stopped after ${done} of ${total} patches; they are kept in ${folder.path}: run the same command with --resume to go on.`,
    { done, total, path: folder.path },
  );
}
