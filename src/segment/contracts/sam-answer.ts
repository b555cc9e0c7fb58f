import type { Tensor } from "onnxruntime-node";
import type { PromptBatch } from "../prompt-batch.ts";
import type { DecodedBatch } from "./adapter.ts";
import { SAM_CELLS, SAM_SIZE } from "./sam-image.ts";

/** Masks of an export that keeps all of SAM's mask tokens: one for an unambiguous prompt, then three for an ambiguous one. */
const ALL_TOKENS = 4;

/**
 * A SAM decoder's answer: `masks` […, P, M, 256, 256] low-resolution logits and `iou` […, P, M], over
 * patches that were enlarged by `scale` to the 1024 px input.
 *
 * Of four masks the first answers a clear prompt and the others an ambiguous one, as in segment-anything's
 * `SamPredictor`; of any other number all are used.
 */
export function samAnswer(
  masks: Tensor,
  iou: Tensor,
  prompts: Pick<PromptBatch, "count" | "multimask">,
  scale: number,
): DecodedBatch {
  const logits = masks.data as Float32Array;
  const scores = iou.data as Float32Array;
  const all = iou.dims.at(-1)!;
  const first = all === ALL_TOKENS && prompts.multimask ? 1 : 0;
  const used = all === ALL_TOKENS ? (prompts.multimask ? ALL_TOKENS - 1 : 1) : all;
  const size = SAM_CELLS * SAM_CELLS;
  return {
    prompts: prompts.count,
    masksPerPrompt: used,
    grid: { columns: SAM_CELLS, rows: SAM_CELLS, cellPx: SAM_SIZE / SAM_CELLS / scale },
    logits: (p, m) =>
      logits.subarray((p * all + first + m) * size, (p * all + first + m + 1) * size),
    predictedIou: (p, m) => scores[p * all + first + m]!,
    origin: () => ({ x: 0, y: 0 }),
  };
}
