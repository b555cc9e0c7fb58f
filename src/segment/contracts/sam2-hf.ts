import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import type { PromptBatch } from "../prompt-batch.ts";
import type { ContractAdapter } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { samAnswer } from "./sam-answer.ts";
import { SAM_CELLS, SAM_PIXELS, SAM_SIZE, squareInput } from "./sam-image.ts";
import { SAM_TAKES } from "./sam-prompts.ts";
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
    takes: { ...SAM_TAKES, mask: null },
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
          return samAnswer(answer.pred_masks!, answer.iou_scores!, prompts, kept.scale);
        },
      };
    },
  };
}

/** Where there are no boxes, or no points, the graph wants tensors with an axis of 0, as transformers.js gives it. */
function promptTensors(prompts: PromptBatch, scale: number): Record<string, Tensor> {
  const { count, pointsPerPrompt: points, xy, labels, xyxy } = prompts;
  const boxes = xyxy?.map((v) => v * scale) ?? new Float32Array(0);
  return {
    input_points: new Tensor(
      "float32",
      xy.map((v) => v * scale),
      [1, points === 0 ? 1 : count, points, 2],
    ),
    input_labels: new Tensor("int64", BigInt64Array.from(labels, BigInt), [1, count, points]),
    input_boxes: new Tensor("float32", boxes, [1, xyxy === null ? 0 : count, 4]),
  };
}
