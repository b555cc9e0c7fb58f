import { Tensor } from "onnxruntime-node";
import type { PromptBatch } from "../prompt-batch.ts";
import { SAM_CELLS } from "./sam-image.ts";

const DIMS = [1, 1, SAM_CELLS, SAM_CELLS];
const NO_MASK = new Float32Array(SAM_CELLS ** 2);

/** SAM's inputs for an earlier answer: its low-resolution logits, or zeros and a 0 that says so. */
export function maskTensors({ masks }: PromptBatch): {
  mask_input: Tensor;
  has_mask_input: Tensor;
} {
  const mask = masks?.[0];
  return {
    mask_input: new Tensor("float32", mask?.data ?? NO_MASK, DIMS),
    has_mask_input: new Tensor("float32", Float32Array.of(mask === undefined ? 0 : 1), [1]),
  };
}
