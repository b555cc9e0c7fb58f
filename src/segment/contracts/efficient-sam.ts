import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import type { ContractAdapter } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { padToSquare } from "./pad-image.ts";
import { samAnswer } from "./sam-answer.ts";
import { planarPixels, SAM_CELLS, SAM_SIZE, samScale, UNIT_PIXELS } from "./sam-image.ts";
import { SAM_TAKES, samPrompts } from "./sam-prompts.ts";
import type { ContractRules } from "./signature.ts";

const FLOAT = ["float32"] as const;
const EMBEDDING = [["B", "C", "h", "w"]] as const;

/** EfficientSAM's `export_to_onnx.py`: resizes and normalises inside; the query axis is fixed at 1. */
export const EFFICIENT_SAM_RULES: ContractRules = {
  encoderInputs: [{ name: "batched_images", types: FLOAT, shapes: [["B", 3, "H", "W"]] }],
  encoderOutputs: [{ name: "image_embeddings", types: FLOAT, shapes: EMBEDDING }],
  decoderInputs: [
    { name: "image_embeddings", types: FLOAT, shapes: EMBEDDING },
    { name: "batched_point_coords", types: FLOAT, shapes: [["B", "Q", "N", 2]] },
    { name: "batched_point_labels", types: FLOAT, shapes: [["B", "Q", "N"]] },
    { name: "orig_im_size", types: ["int64"], shapes: [[2]] },
  ],
  decoderOutputs: [
    { name: "output_masks", types: FLOAT, shapes: [["B", "Q", "M", "h", "w"]] },
    { name: "iou_predictions", types: FLOAT, shapes: [["B", "Q", "M"]] },
  ],
};

/** `decoder_max_num_input_points`: the graph cuts off what is more, a box's corners too. */
const MOST_POINTS = 6;

/**
 * Speaks to a model of the `efficient-sam` contract, one prompt a call.
 *
 * The decoder enlarges its 256² logits to the size it is told the image has, and takes points in that
 * frame. It is told 256²: the logits then come as they are, sixteen times fewer numbers. Points beside the object are
 * refused: its prompt encoder has no embedding for label 0 (`efficient_sam_decoder.py`).
 */
export function efficientSamAdapter(
  _spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  return {
    contract: "efficient-sam",
    batchSize: 1,
    takes: { ...SAM_TAKES, negativePoints: false, mostPoints: MOST_POINTS, mask: null },
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const square = padToSquare(image);
      const side = square.width;
      const out = await encoder.run({
        batched_images: new Tensor("float32", planarPixels(square, side, UNIT_PIXELS), [
          1,
          3,
          side,
          side,
        ]),
      });
      return embeddingOf(out, ["image_embeddings"], samScale(square, SAM_SIZE));
    },
    open(kept) {
      const image_embeddings = tensorOf(kept, "image_embeddings");
      return {
        objectness: null,
        async decode(prompts) {
          // The graph pads to its six points with labels −1 itself.
          const { coords, labels, perPrompt } = samPrompts(
            prompts,
            (kept.scale * SAM_CELLS) / SAM_SIZE,
            false,
          );
          const answer = await decoder.run(
            {
              image_embeddings,
              batched_point_coords: new Tensor("float32", coords, [1, 1, perPrompt, 2]),
              batched_point_labels: new Tensor("float32", labels, [1, 1, perPrompt]),
              orig_im_size: new Tensor("int64", BigInt64Array.of(256n, 256n), [2]),
            },
            ["output_masks", "iou_predictions"],
          );
          return samAnswer(answer.output_masks!, answer.iou_predictions!, prompts, kept.scale);
        },
      };
    },
  };
}
