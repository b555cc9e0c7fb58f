import type { Point } from "../geometry.ts";
import type { CutMask } from "./cut-mask.ts";
import type { LogitField } from "./logit-field.ts";
import type { MaskLogits } from "./prompt.ts";

/** A mask that passed its own filters and now meets the others. Frame: patch px. */
export interface Candidate extends CutMask {
  readonly predictedIou: number;
  /** The prompt that made it. */
  readonly point: Point;
  /** See PatchMask. */
  readonly classification?: string;
  /** With given prompts: its index. */
  readonly prompt?: number;
  /** See PatchMask. */
  readonly logits?: MaskLogits;
  /** What the mask says of its pixels, where it may have to share them with others. */
  readonly field?: LogitField;
}

/** By predicted IoU, best first; equal ones keep the order of their prompts. */
export function byPredictedIou(candidates: readonly Candidate[]): Candidate[] {
  // Array.prototype.sort is stable.
  return [...candidates].sort((a, b) => b.predictedIou - a.predictedIou);
}
