import { createHash } from "node:crypto";
import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";
import type { Scale, TaskSpec } from "../scales/scale.ts";
import { slideMpp as meanMpp, selectScale } from "../scales/select-scale.ts";
import { hematoxylinAuto } from "../segment/hematoxylin-blobs.ts";
import type { AutoSettings, GridSettings, ModelSpec } from "../segment/model.ts";
import type { SegmentSettings } from "../segment/protocol.ts";
import type { RunParameters } from "../store/run-record.ts";
import { readIccFacts } from "../tiler/color/icc-profile.ts";
import { type PatchPlan, planPatches } from "../tiler/plan-patches.ts";
import type { Slide, SlideChannels } from "../tiler/slide.ts";
import { TISSUE_METHOD, type TissueMask } from "../tiler/tissue.ts";
import type { SegmentSlideOptions } from "./options.ts";
import { type PromptPlan, placePrompts } from "./place-prompts.ts";
import type { PromptFile } from "./read-prompts.ts";

/** Pixels enlarged more than this show no objects of the task. */
const MOST_ENLARGED = 8;

/** Below this an object on a seam cannot be recognised from both sides, grid px. */
const LEAST_OVERLAP = 16;

/** What of a run is decided by its slide's header, its model and its options alone. */
export interface RunDecision {
  readonly task: TaskSpec;
  readonly scale: Scale;
  /** µm per level-0 px. */
  readonly slideMpp: number;
  readonly prompts: "auto" | "grid" | "given";
  /** The prompts of a file, where those are asked and no others. */
  readonly given: PromptFile | null;
  readonly settings: SegmentSettings;
  readonly parameters: RunParameters;
}

/** Everything about a run that is known before its first patch is read. */
export interface RunPlan extends RunDecision {
  readonly patches: PatchPlan;
  /** Where the prompts of a file are asked; null for a run of the whole slide. */
  readonly asked: PromptPlan | null;
}

/** Adds the patches to a decision; pure. Without a tissue mask no patch is blank; prompts of a file are asked on glass too. */
export function planRun(
  decision: RunDecision,
  slide: Pick<Slide, "size">,
  tissue: TissueMask | null,
): RunPlan {
  const { scale, given } = decision;
  const { patchSize, overlap, region } = decision.parameters;
  const request = { size: slide.size, scale, patchSize, overlap, region };
  if (given !== null) {
    const { model } = decision.settings;
    const asked = placePrompts({ ...request, prompts: given.prompts, model });
    return { ...decision, patches: asked.patches, asked };
  }
  return { ...decision, patches: planPatches({ ...request, tissue }), asked: null };
}

/**
 * Decides scale, prompts and thresholds; pure, and without a look at the slide's pixels.
 *
 * Throws `missing-mpp`, `usage` (options that contradict each other or the model). `given` are the prompts
 * of `options.promptFile`, read.
 */
export function decideRun(
  slide: Slide,
  task: TaskSpec,
  model: ModelSpec,
  options: SegmentSlideOptions,
  given: PromptFile | null = null,
): RunDecision {
  const scale = selectScale(slide, task.mpp);
  const slideMpp = meanMpp(slide);
  if (1 / scale.gridDownsample > MOST_ENLARGED) {
    throw new MicrotomeError(
      "usage",
      `${slide.path} at ${slideMpp} µm/px is too coarse for ${task.name}, which is seen at ${task.mpp} µm/px: its pixels would be enlarged ${Math.round(1 / scale.gridDownsample)} times, more than ${MOST_ENLARGED}; check --mpp, or take another task.`,
      { path: slide.path, slideMpp, taskMpp: task.mpp },
    );
  }
  const patchSize = options.patchSize ?? task.patchSize;
  const overlap = options.overlap ?? Math.min(task.overlap, Math.floor(patchSize / 4));
  requireOverlap(patchSize, overlap, model.input.stride);
  const prompts = given === null ? choosePrompts(model, options) : givenPrompts(options);
  const grid = withGridOptions(model, task, options);
  // Where a model does not tell where nuclei are, their stain does.
  const blobs = task.name === "nuclei" ? hematoxylinAuto(grid, scale.mpp) : null;
  const auto = model.auto ? withAutoOptions(model.auto, options) : blobs;
  if (prompts === "auto" && !auto) {
    throw new MicrotomeError(
      "usage",
      `model ${model.name} has no objectness output, which --prompts auto needs for ${task.name}; use --prompts grid.`,
      { model: model.name },
    );
  }
  const settings: SegmentSettings = {
    model,
    auto,
    grid,
    mpp: scale.mpp,
    minAreaUm2: task.minAreaUm2,
    maxAreaUm2: task.maxAreaUm2,
    stain: null,
    ...(options.provider === undefined ? {} : { provider: options.provider }),
  };
  const region = options.region ? clipRegion(options.region, slide) : null;
  const parameters: RunParameters = {
    task: task.name,
    slideMpp,
    mpp: scale.mpp,
    level: scale.level,
    resample: scale.resample,
    backend: slide.backend,
    icc: options.icc && slide.iccProfile ? profileIdentity(slide.iccProfile) : null,
    tissue: options.tissue === "all" ? "all" : TISSUE_METHOD,
    stainNormalise: options.stainNormalise ?? "none",
    patchSize,
    overlap,
    region,
    ...(region === null || given !== null ? {} : { lattice: "slide" }),
    ...(slide.channels ? { channels: shownChannels(slide.channels) } : {}),
    prompts,
    ...(given === null
      ? {}
      : {
          promptFile: {
            sha256: given.sha256,
            shapes: options.promptShapes ?? "box",
            maskThreshold: (auto ?? grid).maskThreshold,
            ...(given.origin && (given.origin.x !== 0 || given.origin.y !== 0)
              ? { origin: given.origin }
              : {}),
          },
        }),
    ...(prompts === "grid" || grid.stabilityScoreOffset === 1
      ? {}
      : { stabilityScoreOffset: grid.stabilityScoreOffset }),
    // Another provider adds up in another order: its masks may differ in single pixels.
    ...(options.provider === undefined || options.provider === "cpu"
      ? {}
      : { provider: options.provider }),
    auto: prompts === "auto" ? auto : null,
    grid: prompts === "grid" ? grid : null,
    minAreaUm2: task.minAreaUm2,
    maxAreaUm2: task.maxAreaUm2,
    // What someone marked is answered wherever it lies.
    ...(task.minTissueShare === 0 || given !== null ? {} : { minTissueShare: task.minTissueShare }),
  };
  return { task, scale, slideMpp, prompts, given, settings, parameters };
}

/** What of a slide's channels the model is to see: it decides every pixel. */
function shownChannels({ all, shown }: SlideChannels): NonNullable<RunParameters["channels"]> {
  const seen = all.filter(({ index }) => shown === "composite" || shown === index);
  return { shown, windows: seen.map(({ window }) => window) };
}

/** A number of grid points asks for the grid; otherwise the model's own automatic mode, if it has one. */
function choosePrompts(model: ModelSpec, options: SegmentSlideOptions): "auto" | "grid" {
  const { prompts, pointsPerSide } = options;
  if (prompts === "auto" && pointsPerSide !== undefined) {
    throw new MicrotomeError(
      "usage",
      `--points-per-side ${pointsPerSide} is for grid prompts, but --prompts is auto; leave one of them out.`,
      { pointsPerSide },
    );
  }
  return prompts ?? (model.auto && pointsPerSide === undefined ? "auto" : "grid");
}

/** Prompts of a file are all asked, and their masks are kept whatever they are worth. */
function givenPrompts(options: SegmentSlideOptions): "given" {
  const { pointsPerSide, iou, stability } = options;
  const flags = Object.entries({ "points-per-side": pointsPerSide, iou, stability });
  const idle = flags.filter(([, value]) => value !== undefined).map(([flag]) => `--${flag}`);
  if (idle.length === 0) return "given";
  throw new MicrotomeError(
    "usage",
    `${idle.join(" and ")} and a file of prompts: found both, but every prompt is asked and its mask kept; leave one out.`,
    { found: idle.join(" ") },
  );
}

function requireOverlap(patchSize: number, overlap: number, stride: number): void {
  if (patchSize % stride !== 0 || patchSize < 4 * stride) {
    throw new MicrotomeError(
      "usage",
      `--patch-size ${patchSize} does not fit the model: expected a multiple of ${stride}, at least ${4 * stride}.`,
      { patchSize, stride },
    );
  }
  const most = patchSize / 2 - 1;
  if (overlap < LEAST_OVERLAP || overlap > most) {
    throw new MicrotomeError(
      "usage",
      `--overlap ${overlap} does not fit patches of ${patchSize} px: expected ${LEAST_OVERLAP} to ${most}, so that an object on a seam is seen from both sides.`,
      { overlap, patchSize },
    );
  }
}

function withAutoOptions(auto: AutoSettings, options: SegmentSlideOptions): AutoSettings {
  return {
    ...auto,
    predictedIouThreshold: options.iou ?? auto.predictedIouThreshold,
    stabilityScoreThreshold: options.stability ?? auto.stabilityScoreThreshold ?? 0,
  };
}

function withGridOptions(
  model: ModelSpec,
  task: TaskSpec,
  options: SegmentSlideOptions,
): GridSettings {
  const { grid } = model;
  return {
    ...grid,
    pointsPerSide: options.pointsPerSide ?? Math.max(grid.pointsPerSide, task.pointsPerSide),
    predictedIouThreshold: options.iou ?? grid.predictedIouThreshold,
    stabilityScoreThreshold: options.stability ?? grid.stabilityScoreThreshold,
  };
}

function clipRegion(region: Box, slide: Slide): Box {
  const { width, height } = slide.size;
  const x = Math.max(0, region.x);
  const y = Math.max(0, region.y);
  const right = Math.min(width, region.x + region.width);
  const bottom = Math.min(height, region.y + region.height);
  if (right <= x || bottom <= y) {
    throw new MicrotomeError(
      "usage",
      `--region ${region.x},${region.y},${region.width},${region.height} lies outside ${slide.path}, which is ${width}×${height} px at level 0.`,
      { width, height },
    );
  }
  return { x, y, width: right - x, height: bottom - y };
}

function profileIdentity(profile: Uint8Array): NonNullable<RunParameters["icc"]> {
  return {
    description: readIccFacts(profile).description,
    sha256: createHash("sha256").update(profile).digest("hex"),
  };
}
