import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import type { ContractAdapter } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { samAnswer } from "./sam-answer.ts";
import { describedInput, SAM_CELLS, SAM_SIZE } from "./sam-image.ts";
import { SAM_TAKES, samPrompts } from "./sam-prompts.ts";
import type { ContractRules } from "./signature.ts";

const FLOAT = ["float32"] as const;
const EMBEDDING = [[1, "C", "h", "w"]] as const;

/** EdgeSAM's `scripts/export_onnx_model.py`: one prompt a call, scores before masks. */
export const EDGE_SAM_RULES: ContractRules = {
  encoderInputs: [{ name: "image", types: FLOAT, shapes: [[1, 3, SAM_SIZE, SAM_SIZE]] }],
  encoderOutputs: [{ name: "image_embeddings", types: FLOAT, shapes: EMBEDDING }],
  decoderInputs: [
    { name: "image_embeddings", types: FLOAT, shapes: EMBEDDING },
    { name: "point_coords", types: FLOAT, shapes: [[1, "N", 2]] },
    { name: "point_labels", types: FLOAT, shapes: [[1, "N"]] },
  ],
  decoderOutputs: [
    { name: "scores", types: FLOAT, shapes: [[1, "M"]] },
    { name: "masks", types: FLOAT, shapes: [[1, "M", SAM_CELLS, SAM_CELLS]] },
  ],
};

/** Speaks to a model of the `edge-sam` contract: SAM's preprocessing, a decoder with no mask input. */
export function edgeSamAdapter(
  spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  return {
    contract: "edge-sam",
    batchSize: 1,
    takes: { ...SAM_TAKES, mask: null },
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const { pixels, scale } = describedInput(image, spec);
      const out = await encoder.run({
        image: new Tensor("float32", pixels, [1, 3, SAM_SIZE, SAM_SIZE]),
      });
      return embeddingOf(out, ["image_embeddings"], scale);
    },
    open(kept) {
      const image_embeddings = tensorOf(kept, "image_embeddings");
      return {
        objectness: null,
        async decode(prompts) {
          // The graph embeds a label −1 as "not a point" but does not add that padding itself.
          const { coords, labels, perPrompt } = samPrompts(prompts, kept.scale);
          const answer = await decoder.run({
            image_embeddings,
            point_coords: new Tensor("float32", coords, [1, perPrompt, 2]),
            point_labels: new Tensor("float32", labels, [1, perPrompt]),
          });
          return samAnswer(answer.masks!, answer.scores!, prompts, kept.scale);
        },
      };
    },
  };
}
