import { type InferenceSession, Tensor } from "onnxruntime-node";
import { ModelContractError } from "../../errors.ts";
import type { ModelSpec } from "../model.ts";
import {
  type ContractAdapter,
  type DecodedBatch,
  type PromptBatch,
  promptCount,
} from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { samAnswer } from "./sam-answer.ts";
import { describedInput, SAM_CELLS, SAM_SIZE } from "./sam-image.ts";
import type { ContractRules } from "./signature.ts";

const FLOAT = ["float32"] as const;
const EMBEDDING = [["B", "C", "h", "w"]] as const;

/** The split export of optimum that transformers.js reads: SAM ViT-B/L/H, SlimSAM. */
export const SAM_HF_RULES: ContractRules = {
  encoderInputs: [{ name: "pixel_values", types: FLOAT, shapes: [["B", 3, SAM_SIZE, SAM_SIZE]] }],
  encoderOutputs: [
    { name: "image_embeddings", types: FLOAT, shapes: EMBEDDING },
    { name: "image_positional_embeddings", types: FLOAT, shapes: EMBEDDING },
  ],
  decoderInputs: [
    { name: "image_embeddings", types: FLOAT, shapes: EMBEDDING },
    { name: "image_positional_embeddings", types: FLOAT, shapes: EMBEDDING },
    { name: "input_points", types: FLOAT, shapes: [["B", "P", "N", 2]] },
    { name: "input_labels", types: ["int64"], shapes: [["B", "P", "N"]] },
  ],
  decoderOutputs: [
    { name: "iou_scores", types: FLOAT, shapes: [["B", "P", "M"]] },
    { name: "pred_masks", types: FLOAT, shapes: [["B", "P", "M", SAM_CELLS, SAM_CELLS]] },
  ],
};

/** Prompts a call; beyond this a call only takes more memory. */
const BATCH = 16;

/**
 * Speaks to a model of the `sam-hf` contract. Points only: this export embeds labels 0 and 1 but
 * takes boxes through an input it does not have.
 */
export function samHfAdapter(
  spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  return {
    contract: "sam-hf",
    batchSize: BATCH,
    takesBoxes: false,
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const { pixels, scale } = describedInput(image, spec);
      const out = await encoder.run({
        pixel_values: new Tensor("float32", pixels, [1, 3, SAM_SIZE, SAM_SIZE]),
      });
      return embeddingOf(out, ["image_embeddings", "image_positional_embeddings"], scale);
    },
    open(kept) {
      const encoded = {
        image_embeddings: tensorOf(kept, "image_embeddings"),
        image_positional_embeddings: tensorOf(kept, "image_positional_embeddings"),
      };
      return {
        objectness: null,
        decode: (prompts) => decode(spec, decoder, encoded, prompts, kept.scale),
      };
    },
  };
}

async function decode(
  spec: ModelSpec,
  decoder: InferenceSession,
  encoded: { readonly image_embeddings: Tensor; readonly image_positional_embeddings: Tensor },
  prompts: PromptBatch,
  scale: number,
): Promise<DecodedBatch> {
  if (prompts.kind === "boxes") {
    throw new ModelContractError(
      `model "${spec.name}" (contract sam-hf) was prompted with a box, but its decoder takes points only; prompt with points, or use a sam-meta export`,
      { model: spec.name },
    );
  }
  const count = promptCount(prompts);
  const out = await decoder.run({
    ...encoded,
    input_points: new Tensor(
      "float32",
      prompts.xy.map((v) => v * scale),
      [1, count, 1, 2],
    ),
    // The padding point is added inside this graph.
    input_labels: new Tensor("int64", new BigInt64Array(count).fill(1n), [1, count, 1]),
  });
  return samAnswer(out.pred_masks!, out.iou_scores!, { kind: "points", count }, scale);
}
