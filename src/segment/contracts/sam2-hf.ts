import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import { type ContractAdapter, type PromptBatch, promptCount } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { samAnswer } from "./sam-answer.ts";
import { SAM_CELLS, SAM_PIXELS, SAM_SIZE, squareInput } from "./sam-image.ts";
import type { ContractRules } from "./signature.ts";

const FLOAT = ["float32"] as const;
const FEATURES = [0, 1, 2].map((level) => ({
  name: `image_embeddings.${level}`,
  types: FLOAT,
  shapes: [["B", `C${level}`, `h${level}`, `w${level}`]],
}));

/** The split export that transformers.js reads as SAM 2, EdgeTAM and SAM 3 tracker (`modeling_sam2.js`). */
export const SAM2_HF_RULES: ContractRules = {
  encoderInputs: [{ name: "pixel_values", types: FLOAT, shapes: [["B", 3, SAM_SIZE, SAM_SIZE]] }],
  encoderOutputs: FEATURES,
  decoderInputs: [
    ...FEATURES,
    { name: "input_points", types: FLOAT, shapes: [["B", "P", "N", 2]] },
    { name: "input_labels", types: ["int64"], shapes: [["B", "P", "N"]] },
    { name: "input_boxes", types: FLOAT, shapes: [["B", "n", 4]] },
  ],
  decoderOutputs: [
    { name: "iou_scores", types: FLOAT, shapes: [["B", "P", "M"]] },
    { name: "pred_masks", types: FLOAT, shapes: [["B", "P", "M", SAM_CELLS, SAM_CELLS]] },
    { name: "object_score_logits", types: FLOAT, shapes: [["B", "P", 1]], optional: true },
  ],
};

/** Prompts a call; beyond this a call only takes more memory. */
const BATCH = 16;

/** Speaks to a model of the `sam2-hf` contract: any number of points or of boxes a call. */
export function sam2HfAdapter(
  _spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  return {
    contract: "sam2-hf",
    batchSize: BATCH,
    takesBoxes: true,
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const { pixels, scale } = squareInput(image, () => SAM_PIXELS);
      const out = await encoder.run({
        pixel_values: new Tensor("float32", pixels, [1, 3, SAM_SIZE, SAM_SIZE]),
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
          const answer = await decoder.run({ ...features, ...promptTensors(prompts, kept.scale) }, [
            "pred_masks",
            "iou_scores",
          ]);
          const asked = { kind: prompts.kind, count: promptCount(prompts) };
          return samAnswer(answer.pred_masks!, answer.iou_scores!, asked, kept.scale);
        },
      };
    },
  };
}

/** Where there are no boxes, or no points, the graph wants tensors with an axis of 0, as transformers.js gives it. */
function promptTensors(prompts: PromptBatch, scale: number): Record<string, Tensor> {
  const count = promptCount(prompts);
  if (prompts.kind === "boxes") {
    const boxes = prompts.xyxy.map((v) => v * scale);
    return {
      input_points: new Tensor("float32", new Float32Array(0), [1, 1, 0, 2]),
      input_labels: new Tensor("int64", new BigInt64Array(0), [1, count, 0]),
      input_boxes: new Tensor("float32", boxes, [1, count, 4]),
    };
  }
  const points = prompts.xy.map((v) => v * scale);
  return {
    input_points: new Tensor("float32", points, [1, count, 1, 2]),
    input_labels: new Tensor("int64", new BigInt64Array(count).fill(1n), [1, count, 1]),
    input_boxes: new Tensor("float32", new Float32Array(0), [1, 0, 4]),
  };
}
