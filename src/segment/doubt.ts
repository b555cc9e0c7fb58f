import type { ModelSpec } from "./model.ts";

/**
 * Whether a model itself hardly believes in the mask of someone's own prompt: a run would have dropped it.
 *
 * SAM's threshold for its grid is far above what a person's own prompt needs: only a model's own for peaks is taken,
 * and of a model without one a predicted IoU of 0 or less.
 */
export function isDoubtful(model: Pick<ModelSpec, "auto">, predictedIou: number): boolean {
  return predictedIou <= (model.auto?.predictedIouThreshold ?? 0);
}
