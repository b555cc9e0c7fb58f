import type { ClassSettings } from "./model.ts";

/**
 * The class a model is sure of: the name with the highest softmax probability in row `prompt` of
 * `logits` (prompts × names, row-major), or null where that is not above the threshold.
 */
export function sureClass(
  logits: Float32Array,
  prompt: number,
  { names, threshold }: ClassSettings,
): string | null {
  const from = prompt * names.length;
  let best = 0;
  for (let k = 1; k < names.length; k++) {
    if (logits[from + k]! > logits[from + best]!) best = k;
  }
  // Softmax with the highest logit taken off: the winner's own term is 1.
  let sum = 0;
  for (let k = 0; k < names.length; k++) sum += Math.exp(logits[from + k]! - logits[from + best]!);
  return 1 / sum > threshold ? names[best]! : null;
}
