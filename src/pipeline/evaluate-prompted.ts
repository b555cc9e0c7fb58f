import { MicrotomeError, PatchFailedError } from "../errors.ts";
import { medianEquivalentRadius } from "../evaluate/blind-controls.ts";
import { maskWhere, type PlacedMask } from "../evaluate/placed-mask.ts";
import { type PromptTarget, promptTargets } from "../evaluate/prompt-targets.ts";
import {
  type PromptedScore,
  poolPrompted,
  scoreBlindControls,
  scorePrompted,
} from "../evaluate/prompted.ts";
import type { Box, Point } from "../geometry.ts";
import { taskNamed } from "../scales/tasks.ts";
import type { PatchMask } from "../segment/mask.ts";
import { boxPrompt, pointPrompt } from "../segment/prompt.ts";
import { defaultModelFor, loadModel } from "../segment/registry.ts";
import { decodeRle } from "../segment/rle.ts";
import { createSegmenter, type Segmenter } from "../segment/segmenter.ts";
import { openSlide } from "../tiler/open-slide.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { validBox } from "../tiler/plan-patches.ts";
import { readPatch } from "../tiler/read-patch.ts";
import type { RgbImage } from "../tiler/slide.ts";
import {
  type DatasetImage,
  type EvaluateDatasetOptions,
  readDatasetImage,
  readIndex,
  requireSameSize,
} from "./evaluate-dataset.ts";
import { decideRun, planRun, type RunPlan } from "./plan-run.ts";

/** Figures of prompted masks over a data set, beside what a blind guess gets. */
export interface PromptedEvaluation {
  readonly images: number;
  readonly protocol: "points" | "boxes";
  /** The model's answers: one prompt a true object, all objects pooled. */
  readonly model: PromptedScore;
  /** A disc of the data set's median radius at each centroid. */
  readonly discMedian: PromptedScore;
  /** A disc of 10 px radius at each centroid. */
  readonly discFixed: PromptedScore;
  /** The ellipse that fills each true box. */
  readonly ellipse: PromptedScore;
  readonly mppAssumed: number;
}

/**
 * Prompts the model with one point (the centroid) or the true box of every true object and scores the
 * masks, with blind controls that never look at the image beside them.
 */
export async function evaluatePrompted(
  options: EvaluateDatasetOptions,
  protocol: "points" | "boxes",
): Promise<PromptedEvaluation> {
  const entries = await readIndex(options.dataset);
  const images: { readonly image: DatasetImage; readonly targets: readonly PromptTarget[] }[] = [];
  for (const entry of entries) {
    const image = await readDatasetImage(options, entry);
    images.push({ image, targets: promptTargets(image.truth) });
  }
  const radius = medianEquivalentRadius(images.flatMap(({ targets }) => targets));
  const scores: PromptedScore[] = [];
  const controls: ReturnType<typeof scoreBlindControls>[] = [];
  for (const [index, { image, targets }] of images.entries()) {
    options.onImage?.(index, images.length, image.name);
    if (options.signal?.aborted) throw new MicrotomeError("interrupted", "stopped by the user");
    const answers = await answerPrompts(image, targets, protocol, options);
    scores.push(scorePrompted(image.truth, targets, answers));
    controls.push(scoreBlindControls(image.truth, targets, radius));
  }
  return {
    images: images.length,
    protocol,
    model: poolPrompted(scores),
    discMedian: poolPrompted(controls.map((control) => control.discMedian)),
    discFixed: poolPrompted(controls.map((control) => control.discFixed)),
    ellipse: poolPrompted(controls.map((control) => control.ellipse)),
    mppAssumed: images.filter(({ image }) => image.mppAssumed).length,
  };
}

async function answerPrompts(
  image: DatasetImage,
  targets: readonly PromptTarget[],
  protocol: "points" | "boxes",
  options: EvaluateDatasetOptions,
): Promise<readonly (PlacedMask | null)[]> {
  const task = taskNamed(options.task);
  const model = await loadModel(options.model ?? (await defaultModelFor(task.name)));
  const slide = await openSlide(image.path, { mpp: image.mpp });
  const answers: (PlacedMask | null)[] = targets.map(() => null);
  try {
    requireSameSize(image, slide.size);
    const decision = decideRun(slide, task, model, {
      ...options,
      slide: image.path,
      out: "",
    });
    // Every true object is asked for, on glass too: no patch is left out.
    const plan = planRun(decision, slide, null);
    const segmenter = await createSegmenter({ settings: plan.settings, workers: 1 });
    try {
      for (const patch of plan.patches.patches) {
        const own = targets.flatMap((target, index) =>
          isInCore(target.centroid, patch, plan) ? [{ target, index }] : [],
        );
        if (own.length === 0) continue;
        const image = (await readPatch(slide, plan.scale, patch)).image;
        const found = await promptPatch(segmenter, plan, patch, image, own, protocol);
        for (const [position, mask] of found.entries()) {
          answers[own[position]!.index] = mask && toLevel0(mask, patch, plan);
        }
      }
    } finally {
      await segmenter.close();
    }
  } finally {
    await slide.close();
  }
  return answers;
}

interface OwnTarget {
  readonly target: PromptTarget;
  readonly index: number;
}

/** A prompt is asked in the one patch whose core holds it, so that it is seen with context all round. */
function isInCore(centroid: Point, patch: PlannedPatch, plan: RunPlan): boolean {
  const { x, y } = toGrid(centroid, plan);
  const core = patch.gridCore;
  return x >= core.x && x < core.x + core.width && y >= core.y && y < core.y + core.height;
}

async function promptPatch(
  segmenter: Segmenter,
  plan: RunPlan,
  patch: PlannedPatch,
  image: RgbImage,
  own: readonly OwnTarget[],
  protocol: "points" | "boxes",
): Promise<readonly (PatchMask | null)[]> {
  const factor = plan.scale.gridDownsample;
  const shift = ({ x, y }: Point): Point => ({ x: x - patch.gridBox.x, y: y - patch.gridBox.y });
  const points = own.map(({ target }) => shift(toGrid(target.centroid, plan)));
  const boxes = own.map(({ target: { box } }): Box => {
    const corner = shift(toGrid(box, plan));
    return { ...corner, width: box.width / factor, height: box.height / factor };
  });
  const result = await segmenter.segment({
    patchId: patch.id,
    image,
    prompts: {
      kind: "given",
      prompts: protocol === "points" ? points.map(pointPrompt) : boxes.map(boxPrompt),
    },
    allow: null,
    valid: validBox(patch, plan.patches.gridSize),
  });
  if (!result.ok) throw new PatchFailedError(`patch ${patch.id}: ${result.error.message}`);
  const answers = new Map(result.masks.map((mask) => [mask.prompt, mask]));
  return own.map((_, prompt) => answers.get(prompt) ?? null);
}

function toGrid({ x, y }: Point, plan: RunPlan): Point {
  return { x: x / plan.scale.gridDownsample, y: y / plan.scale.gridDownsample };
}

/** The level-0 pixels whose centre falls on a foreground pixel of the mask. */
function toLevel0(mask: PatchMask, patch: PlannedPatch, plan: RunPlan): PlacedMask {
  const factor = plan.scale.gridDownsample;
  const bits = decodeRle(mask.rle);
  const left = patch.gridBox.x + mask.box.x;
  const top = patch.gridBox.y + mask.box.y;
  const x0 = Math.floor(left * factor);
  const y0 = Math.floor(top * factor);
  const box: Box = {
    x: x0,
    y: y0,
    width: Math.ceil((left + mask.box.width) * factor) - x0,
    height: Math.ceil((top + mask.box.height) * factor) - y0,
  };
  return maskWhere(box, (x, y) => {
    const column = Math.floor(x / factor) - left;
    const row = Math.floor(y / factor) - top;
    const inside = column >= 0 && row >= 0 && column < mask.box.width && row < mask.box.height;
    return inside && bits[row * mask.box.width + column] === 1;
  });
}
