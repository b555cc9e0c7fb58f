import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import type { PromptBatch } from "../prompt-batch.ts";
import type { ContractAdapter, DecodedBatch } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { samAnswer } from "./sam-answer.ts";
import { describedInput, SAM_CELLS, SAM_SIZE } from "./sam-image.ts";
import { SAM_TAKES } from "./sam-prompts.ts";
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
    takes: { ...SAM_TAKES, boxes: false, boxWithPoints: false, mask: null },
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
        decode: (prompts) => decode(decoder, encoded, prompts, kept.scale),
      };
    },
  };
}

async function decode(
  decoder: InferenceSession,
  encoded: { readonly image_embeddings: Tensor; readonly image_positional_embeddings: Tensor },
  prompts: PromptBatch,
  scale: number,
): Promise<DecodedBatch> {
  const { count, pointsPerPrompt } = prompts;
  const out = await decoder.run({
    ...encoded,
    input_points: new Tensor(
      "float32",
      prompts.xy.map((v) => v * scale),
      [1, count, pointsPerPrompt, 2],
    ),
    // The padding point is added inside this graph.
    input_labels: new Tensor("int64", BigInt64Array.from(prompts.labels, BigInt), [
      1,
      count,
      pointsPerPrompt,
    ]),
  });
  return samAnswer(out.pred_masks!, out.iou_scores!, prompts, scale);
}
