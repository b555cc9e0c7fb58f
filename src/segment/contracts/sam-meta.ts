import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelSpec } from "../model.ts";
import { type DecodedBatch, type PromptBatch, promptCount, type SamAdapter } from "./adapter.ts";
import { resizeLongSide, SAM_CELLS, SAM_SIZE, samPixels, samScale } from "./sam-image.ts";
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
const POINT = 1;
const BOX_TOP_LEFT = 2;
const BOX_BOTTOM_RIGHT = 3;
const PADDING = -1;
/** Masks of a full export: one for an unambiguous prompt, then three for an ambiguous one. */
const FULL = 4;

/** Speaks to a model of the `sam-meta` contract. */
export function samMetaAdapter(
  _spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): SamAdapter {
  const input = findTensor(signatureOf(encoder).inputs, "input_image")!;
  const normalisesInside = input.shape.length === 3;
  const promptAxis = findTensor(signatureOf(decoder).inputs, "point_coords")!.shape[0];

  return {
    contract: "sam-meta",
    batchSize: typeof promptAxis === "number" && promptAxis > 0 ? promptAxis : BATCH,
    takesBoxes: true,
    hasObjectness: false,
    anySize: false,
    async encode(image) {
      const scale = samScale(image, SAM_SIZE);
      const resized = resizeLongSide(image, SAM_SIZE);
      const dims = [resized.height, resized.width, 3];
      const tensor = normalisesInside
        ? input.type === "uint8"
          ? new Tensor("uint8", resized.data, dims)
          : new Tensor("float32", Float32Array.from(resized.data), dims)
        : new Tensor("float32", samPixels(resized, SAM_SIZE), [1, 3, SAM_SIZE, SAM_SIZE]);
      const out = await encoder.run({ input_image: tensor }, ["image_embeddings"]);
      const embeddings = out.image_embeddings!;
      return {
        objectness: null,
        decode: (prompts) => decode(decoder, embeddings, prompts, scale),
      };
    },
    async release() {
      await encoder.release();
      await decoder.release();
    },
  };
}

/**
 * Two points a prompt either way: a point and SAM's padding point, or a box's two corners. Without
 * a box the exported decoder needs the trailing (0, 0) labelled −1 and does not add it itself.
 */
function samMetaPrompts(prompts: PromptBatch, scale: number): [Float32Array, Float32Array] {
  const count = promptCount(prompts);
  const coords = new Float32Array(count * 4);
  const labels = new Float32Array(count * 2);
  for (let p = 0; p < count; p++) {
    if (prompts.kind === "points") {
      coords[p * 4] = prompts.xy[p * 2]! * scale;
      coords[p * 4 + 1] = prompts.xy[p * 2 + 1]! * scale;
      labels[p * 2] = POINT;
      labels[p * 2 + 1] = PADDING;
    } else {
      for (let k = 0; k < 4; k++) coords[p * 4 + k] = prompts.xyxy[p * 4 + k]! * scale;
      labels[p * 2] = BOX_TOP_LEFT;
      labels[p * 2 + 1] = BOX_BOTTOM_RIGHT;
    }
  }
  return [coords, labels];
}

async function decode(
  decoder: InferenceSession,
  embeddings: Tensor,
  prompts: PromptBatch,
  scale: number,
): Promise<DecodedBatch> {
  const count = promptCount(prompts);
  const [coords, labels] = samMetaPrompts(prompts, scale);
  const side = SAM_CELLS;
  const out = await decoder.run(
    {
      image_embeddings: embeddings,
      point_coords: new Tensor("float32", coords, [count, 2, 2]),
      point_labels: new Tensor("float32", labels, [count, 2]),
      mask_input: new Tensor("float32", new Float32Array(side * side), [1, 1, side, side]),
      has_mask_input: new Tensor("float32", new Float32Array(1), [1]),
      // `masks` is ignored (some exports bake an aspect into it): a small size keeps its resize cheap.
      orig_im_size: new Tensor("float32", Float32Array.of(64, 64), [2]),
    },
    ["low_res_masks", "iou_predictions"],
  );
  const masks = out.low_res_masks!;
  const logits = masks.data as Float32Array;
  const iou = out.iou_predictions!.data as Float32Array;
  const all = masks.dims[1]!;
  // Of four masks the first is meant for unambiguous prompts such as a box, the others for a lone point.
  const first = all === FULL && prompts.kind === "points" ? 1 : 0;
  const used = all === FULL ? (prompts.kind === "points" ? FULL - 1 : 1) : all;
  const size = side * side;
  return {
    prompts: count,
    masksPerPrompt: used,
    grid: { columns: side, rows: side, cellPx: SAM_SIZE / side / scale },
    logits: (p, m) =>
      logits.subarray((p * all + first + m) * size, (p * all + first + m + 1) * size),
    predictedIou: (p, m) => iou[p * all + first + m]!,
    origin: () => ({ x: 0, y: 0 }),
  };
}
