import { type PromptBatch, promptCount } from "./adapter.ts";

/** SAM's labels of prompt points (`segment_anything/modeling/prompt_encoder.py`). */
const POINT = 1;
const BOX_TOP_LEFT = 2;
const BOX_BOTTOM_RIGHT = 3;
const PADDING = -1;

/** Prompts as SAM's decoders take them: points with labels, a box being its two corners. */
export interface SamPrompts {
  /** float32 [P, perPrompt, 2], patch px times `scale`. */
  readonly coords: Float32Array;
  /** float32 [P, perPrompt]. */
  readonly labels: Float32Array;
  readonly perPrompt: number;
}

/**
 * Two points a prompt: a point and SAM's padding point (0, 0) labelled −1, or a box's two corners. Most
 * exported decoders need the padding point where there is no box and do not add it themselves; for
 * those that do, `padded` false leaves it out.
 */
export function samPrompts(prompts: PromptBatch, scale: number, padded = true): SamPrompts {
  const count = promptCount(prompts);
  if (prompts.kind === "boxes") {
    return {
      coords: prompts.xyxy.map((v) => v * scale),
      labels: Float32Array.from({ length: count * 2 }, (_, i) =>
        i % 2 === 0 ? BOX_TOP_LEFT : BOX_BOTTOM_RIGHT,
      ),
      perPrompt: 2,
    };
  }
  if (!padded) {
    return {
      coords: prompts.xy.map((v) => v * scale),
      labels: new Float32Array(count).fill(POINT),
      perPrompt: 1,
    };
  }
  const coords = new Float32Array(count * 4);
  const labels = new Float32Array(count * 2);
  for (let p = 0; p < count; p++) {
    coords[p * 4] = prompts.xy[p * 2]! * scale;
    coords[p * 4 + 1] = prompts.xy[p * 2 + 1]! * scale;
    labels[p * 2] = POINT;
    labels[p * 2 + 1] = PADDING;
  }
  return { coords, labels, perPrompt: 2 };
}
