import type { PromptBatch } from "../prompt-batch.ts";
import type { PromptAbilities } from "./adapter.ts";
import { SAM_CELLS } from "./sam-image.ts";

/** SAM's labels of prompt points beside 0 and 1 (`segment_anything/modeling/prompt_encoder.py`). */
const BOX_TOP_LEFT = 2;
const BOX_BOTTOM_RIGHT = 3;
const PADDING = -1;

/** What SAM's own prompt encoder takes: any points, a box, an earlier mask, together or alone. */
export const SAM_TAKES: PromptAbilities = {
  boxes: true,
  boxWithPoints: true,
  negativePoints: true,
  mostPoints: Number.POSITIVE_INFINITY,
  mask: { columns: SAM_CELLS, rows: SAM_CELLS },
};

/** Prompts as SAM's decoders take them: points with labels, a box being its two corners. */
export interface SamPrompts {
  /** float32 [P, perPrompt, 2], patch px times `scale`. */
  readonly coords: Float32Array;
  /** float32 [P, perPrompt]. */
  readonly labels: Float32Array;
  readonly perPrompt: number;
}

/**
 * The points of each prompt, then its box's corners or SAM's padding point (0, 0) labelled −1. Most
 * exported decoders need the padding point where there is no box and do not add it themselves; for
 * those that do, `padded` false leaves it out.
 */
export function samPrompts(prompts: PromptBatch, scale: number, padded = true): SamPrompts {
  const { count, pointsPerPrompt, xy, labels, xyxy } = prompts;
  const extra = xyxy !== null ? 2 : padded ? 1 : 0;
  const perPrompt = pointsPerPrompt + extra;
  const coords = new Float32Array(count * perPrompt * 2);
  const marks = new Float32Array(count * perPrompt).fill(PADDING);
  for (let p = 0; p < count; p++) {
    const [from, to] = [p * pointsPerPrompt, p * perPrompt];
    for (let k = 0; k < pointsPerPrompt * 2; k++) coords[to * 2 + k] = xy[from * 2 + k]! * scale;
    for (let k = 0; k < pointsPerPrompt; k++) marks[to + k] = labels[from + k]!;
    if (xyxy === null) continue;
    const corner = to + pointsPerPrompt;
    for (let k = 0; k < 4; k++) coords[corner * 2 + k] = xyxy[p * 4 + k]! * scale;
    marks[corner] = BOX_TOP_LEFT;
    marks[corner + 1] = BOX_BOTTOM_RIGHT;
  }
  return { coords, labels: marks, perPrompt };
}
