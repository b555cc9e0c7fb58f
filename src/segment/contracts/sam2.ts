import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import type { ContractAdapter } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { maskTensors } from "./mask-input.ts";
import { samAnswer } from "./sam-answer.ts";
import { SAM_CELLS, SAM_PIXELS, SAM_SIZE, squareInput } from "./sam-image.ts";
import { SAM_TAKES, samPrompts } from "./sam-prompts.ts";
import type { ContractRules } from "./signature.ts";

const FLOAT = ["float32"] as const;
const FEATURES = [
  { name: "high_res_feats_0", types: FLOAT, shapes: [[1, "C0", "h0", "w0"]] },
  { name: "high_res_feats_1", types: FLOAT, shapes: [[1, "C1", "h1", "w1"]] },
  { name: "image_embed", types: FLOAT, shapes: [[1, "C", "h", "w"]] },
] as const;

/** samexporter's `export_sam2.py`: SAM 2 and 2.1. */
export const SAM2_RULES: ContractRules = {
  encoderInputs: [{ name: "image", types: FLOAT, shapes: [[1, 3, SAM_SIZE, SAM_SIZE]] }],
  encoderOutputs: FEATURES,
  decoderInputs: [
    ...FEATURES,
    { name: "point_coords", types: FLOAT, shapes: [["L", "N", 2]] },
    { name: "point_labels", types: FLOAT, shapes: [["L", "N"]] },
    { name: "mask_input", types: FLOAT, shapes: [["L", 1, SAM_CELLS, SAM_CELLS]] },
    { name: "has_mask_input", types: FLOAT, shapes: [["L"]] },
  ],
  decoderOutputs: [
    { name: "masks", types: FLOAT, shapes: [["L", "M", SAM_CELLS, SAM_CELLS]] },
    { name: "iou_predictions", types: FLOAT, shapes: [["L", "M"]] },
  ],
};

/**
 * Speaks to a model of the `sam2` contract, one prompt a call: the prompt axis L is open by name, but
 * the exported graph multiplies `has_mask_input` [L] with a map whose last axis is 64, and the image's
 * features are not repeated, so that other lengths than 1 fail inside.
 */
export function sam2Adapter(
  _spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  return {
    contract: "sam2",
    batchSize: 1,
    takes: SAM_TAKES,
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const { pixels, scale } = squareInput(image, () => SAM_PIXELS);
      const out = await encoder.run({
        image: new Tensor("float32", pixels, [1, 3, SAM_SIZE, SAM_SIZE]),
      });
      return embeddingOf(
        out,
        FEATURES.map(({ name }) => name),
        scale,
      );
    },
    open(kept) {
      const features = Object.fromEntries(FEATURES.map(({ name }) => [name, tensorOf(kept, name)]));
      return {
        objectness: null,
        async decode(prompts) {
          // This graph adds SAM's padding point itself.
          const { coords, labels, perPrompt } = samPrompts(prompts, kept.scale, false);
          const answer = await decoder.run({
            ...features,
            point_coords: new Tensor("float32", coords, [1, perPrompt, 2]),
            point_labels: new Tensor("float32", labels, [1, perPrompt]),
            ...maskTensors(prompts),
          });
          return samAnswer(answer.masks!, answer.iou_predictions!, prompts, kept.scale);
        },
      };
    },
  };
}
