import { MicrotomeError } from "../errors.ts";
import { discMask, ellipseMask, FIXED_DISC_RADIUS_PX } from "./blind-controls.ts";
import type { LabelImage } from "./label-image.ts";
import { forEachMaskSpan, type PlacedMask } from "./placed-mask.ts";
import type { PromptTarget } from "./prompt-targets.ts";
import { ratioOrOne } from "./ratio.ts";

/** How well masks answer prompts, one prompt a true object. */
export interface PromptedScore {
  /** Prompts, which is true objects. */
  readonly instances: number;
  /** Mean over instances of 2·|M ∩ T| / (|M| + |T|), 0..1; a prompt without an answer counts 0. */
  readonly instanceDice: number;
  /** Dice of the union of all answers and the union of all true objects, 0..1. */
  readonly unionDice: number;
  /** The sums behind both; they add up over images. */
  readonly tally: PromptedTally;
}

/** Sums over the instances of one image, or of many. */
export interface PromptedTally {
  readonly instances: number;
  /** Σ Dice of each instance. */
  readonly diceSum: number;
  /** Pixels of any answer. */
  readonly predPixels: number;
  /** Pixels of any true object. */
  readonly truthPixels: number;
  /** Pixels of both. */
  readonly commonPixels: number;
}

/**
 * Scores the answers to prompts against the objects that the prompts were made of.
 *
 * Prompts tell the model where each object is, so these figures leave out what automatic
 * segmentation must do first, and are to be read beside the blind controls of
 * {@link scoreBlindControls}.
 *
 * @param truth the label image the targets come from
 * @param targets as `promptTargets` gives them
 * @param answers one a target, in the same order; null where the model gave none. Answers may overlap.
 * @throws MicrotomeError `usage` when the numbers of targets and answers differ
 */
export function scorePrompted(
  truth: LabelImage,
  targets: readonly PromptTarget[],
  answers: readonly (PlacedMask | null)[],
): PromptedScore {
  if (answers.length !== targets.length) {
    throw new MicrotomeError(
      "usage",
      `${answers.length} masks answer ${targets.length} prompts; expected one mask (or null) a prompt.`,
      { masks: answers.length, prompts: targets.length },
    );
  }
  const covered = new Uint8Array(truth.width * truth.height);
  let diceSum = 0;
  targets.forEach((target, i) => {
    const answer = answers[i];
    if (!answer) return;
    let area = 0;
    let common = 0;
    forEachMaskSpan(answer, truth, (y, x0, x1) => {
      const row = y * truth.width;
      covered.fill(1, row + x0, row + x1);
      area += x1 - x0;
      for (let k = row + x0; k < row + x1; k++) if (truth.data[k] === target.label) common++;
    });
    diceSum += (2 * common) / (area + target.area);
  });
  let [predPixels, truthPixels, commonPixels] = [0, 0, 0];
  covered.forEach((answered, k) => {
    const isTrue = truth.data[k] === 0 ? 0 : 1;
    predPixels += answered;
    truthPixels += isTrue;
    commonPixels += answered & isTrue;
  });
  return figures({ instances: targets.length, diceSum, predPixels, truthPixels, commonPixels });
}

/** Several images as one: every instance weighs the same in instance Dice, every pixel in union Dice. */
export function poolPrompted(scores: Iterable<PromptedScore>): PromptedScore {
  const sum = { instances: 0, diceSum: 0, predPixels: 0, truthPixels: 0, commonPixels: 0 };
  for (const { tally } of scores) {
    for (const key of Object.keys(sum) as (keyof PromptedTally)[]) sum[key] += tally[key];
  }
  return figures(sum);
}

function figures(tally: PromptedTally): PromptedScore {
  return {
    instances: tally.instances,
    instanceDice: ratioOrOne(tally.diceSum, tally.instances),
    unionDice: ratioOrOne(2 * tally.commonPixels, tally.predPixels + tally.truthPixels),
    tally,
  };
}

/** What is scored for prompts answered without a look at the image. */
export interface BlindControls {
  /** A disc at each centroid, of the radius given (the median equivalent radius of the data set). */
  readonly discMedian: PromptedScore;
  /** A disc of a fixed radius at each centroid. */
  readonly discFixed: PromptedScore;
  /** The ellipse that fills each true box. */
  readonly ellipse: PromptedScore;
}

/**
 * The blind controls of one image.
 *
 * @param medianRadius px, from `medianEquivalentRadius` over the whole data set
 * @param fixedRadius px; {@link FIXED_DISC_RADIUS_PX} by default
 */
export function scoreBlindControls(
  truth: LabelImage,
  targets: readonly PromptTarget[],
  medianRadius: number,
  fixedRadius: number = FIXED_DISC_RADIUS_PX,
): BlindControls {
  const score = (answer: (target: PromptTarget) => PlacedMask): PromptedScore =>
    scorePrompted(truth, targets, targets.map(answer));
  return {
    discMedian: score(({ centroid }) => discMask(centroid, medianRadius)),
    discFixed: score(({ centroid }) => discMask(centroid, fixedRadius)),
    ellipse: score(({ box }) => ellipseMask(box)),
  };
}
