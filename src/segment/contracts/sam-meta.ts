import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { RgbImage } from "../../tiler/slide.ts";
import type { ModelSpec } from "../model.ts";
import type { PromptBatch } from "../prompt-batch.ts";
import type { ContractAdapter, DecodedBatch } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { maskTensors } from "./mask-input.ts";
import { samAnswer } from "./sam-answer.ts";
import {
  describedInput,
  resizeLongSide,
  SAM_CELLS,
  SAM_SIZE,
  type SamInput,
  samScale,
} from "./sam-image.ts";
import { SAM_TAKES, samPrompts } from "./sam-prompts.ts";
import { type ContractRules, findTensor, signatureOf } from "./signature.ts";

const FLOAT = ["float32"] as const;

/** The decoder of segment-anything's `utils/onnx.py` and the encoder of samexporter, both kinds. */
export const SAM_META_RULES: ContractRules = {
  encoderInputs: [
    {
      name: "input_image",
      types: ["float32", "uint8"],
      shapes: [
        ["H", "W", 3],
        [1, 3, SAM_SIZE, SAM_SIZE],
      ],
    },
  ],
  encoderOutputs: [{ name: "image_embeddings", types: FLOAT, shapes: [[1, "C", "h", "w"]] }],
  decoderInputs: [
    { name: "image_embeddings", types: FLOAT, shapes: [[1, "C", "h", "w"]] },
    { name: "point_coords", types: FLOAT, shapes: [["B", "N", 2]] },
    { name: "point_labels", types: FLOAT, shapes: [["B", "N"]] },
    { name: "mask_input", types: FLOAT, shapes: [[1, 1, SAM_CELLS, SAM_CELLS]] },
    { name: "has_mask_input", types: FLOAT, shapes: [[1]] },
    { name: "orig_im_size", types: FLOAT, shapes: [[2]] },
  ],
  decoderOutputs: [
    { name: "iou_predictions", types: FLOAT, shapes: [["B", "M"]] },
    { name: "low_res_masks", types: FLOAT, shapes: [["B", "M", SAM_CELLS, SAM_CELLS]] },
  ],
};

/** Prompts a call where the export leaves the prompt axis open; more only costs memory. */
const BATCH = 16;

/** Speaks to a model of the `sam-meta` contract. */
export function samMetaAdapter(
  spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  const input = findTensor(signatureOf(encoder).inputs, "input_image")!;
  const normalisesInside = input.shape.length === 3;
  const promptAxis = findTensor(signatureOf(decoder).inputs, "point_coords")!.shape[0];

  return {
    contract: "sam-meta",
    batchSize: typeof promptAxis === "number" && promptAxis > 0 ? promptAxis : BATCH,
    takes: SAM_TAKES,
    hasObjectness: false,
    anySize: false,
    async embed(image) {
      const { tensor, scale } = normalisesInside
        ? plainInput(image, input.type)
        : scaledInput(describedInput(image, spec));
      const out = await encoder.run({ input_image: tensor }, ["image_embeddings"]);
      return embeddingOf(out, ["image_embeddings"], scale);
    },
    open(kept) {
      const embeddings = tensorOf(kept, "image_embeddings");
      return {
        objectness: null,
        decode: (prompts) => decode(decoder, embeddings, prompts, kept.scale),
      };
    },
  };
}

/** For an export with preprocessing inside: the picture itself, its long side 1024. */
function plainInput(image: RgbImage, type: string): { tensor: Tensor; scale: number } {
  const resized = resizeLongSide(image, SAM_SIZE);
  const dims = [resized.height, resized.width, 3];
  const tensor =
    type === "uint8"
      ? new Tensor("uint8", resized.data, dims)
      : new Tensor("float32", Float32Array.from(resized.data), dims);
  return { tensor, scale: samScale(image, SAM_SIZE) };
}

function scaledInput({ pixels, scale }: SamInput): { tensor: Tensor; scale: number } {
  return { tensor: new Tensor("float32", pixels, [1, 3, SAM_SIZE, SAM_SIZE]), scale };
}

async function decode(
  decoder: InferenceSession,
  embeddings: Tensor,
  prompts: PromptBatch,
  scale: number,
): Promise<DecodedBatch> {
  const { count } = prompts;
  const { coords, labels, perPrompt } = samPrompts(prompts, scale);
  const out = await decoder.run(
    {
      image_embeddings: embeddings,
      point_coords: new Tensor("float32", coords, [count, perPrompt, 2]),
      point_labels: new Tensor("float32", labels, [count, perPrompt]),
      ...maskTensors(prompts),
      // `masks` is ignored (some exports bake an aspect into it): a small size keeps its resize cheap.
      orig_im_size: new Tensor("float32", Float32Array.of(64, 64), [2]),
    },
    ["low_res_masks", "iou_predictions"],
  );
  return samAnswer(out.low_res_masks!, out.iou_predictions!, prompts, scale);
}
