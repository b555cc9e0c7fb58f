import { type InferenceSession, Tensor } from "onnxruntime-node";
import { ModelContractError } from "../../errors.ts";
import { sureClass } from "../class-of.ts";
import { isDoubtful } from "../doubt.ts";
import type { ClassSettings, ModelSpec } from "../model.ts";
import type { PromptBatch } from "../prompt-batch.ts";
import type { CellMap, ContractAdapter, DecodedBatch, EncodedImage } from "./adapter.ts";
import { embeddingOf, tensorOf } from "./embedding.ts";
import { padToStride } from "./pad-image.ts";
import { type ContractRules, findTensor, signatureOf } from "./signature.ts";

const FLOAT = ["float32"] as const;
const MAP = [[1, 1, "H/s", "W/s"]] as const;

/** The `window` contract, microtome's own and open: see docs/models.md. */
export const WINDOW_RULES: ContractRules = {
  encoderInputs: [{ name: "image", types: ["uint8"], shapes: [[1, "H", "W", 3]] }],
  encoderOutputs: [
    { name: "embedding", types: FLOAT, shapes: [[1, "C", "H/4", "W/4"]] },
    { name: "features", types: FLOAT, shapes: [[1, "F", "H/s", "W/s"]] },
    { name: "objectness", types: FLOAT, shapes: MAP, optional: true },
    { name: "foreground", types: FLOAT, shapes: MAP, optional: true },
    { name: "boundary", types: FLOAT, shapes: MAP, optional: true },
  ],
  decoderInputs: [
    { name: "embedding", types: FLOAT, shapes: [[1, "C", "H/4", "W/4"]] },
    { name: "features", types: FLOAT, shapes: [[1, "F", "H/s", "W/s"]] },
    { name: "points", types: FLOAT, shapes: [["P", 2]] },
    { name: "boxes", types: FLOAT, shapes: [["P", 4]] },
    { name: "has_box", types: FLOAT, shapes: [["P"]] },
  ],
  decoderOutputs: [
    { name: "windows", types: FLOAT, shapes: [["P", "M", "N", "N"]] },
    { name: "origins", types: FLOAT, shapes: [["P", 2]] },
    { name: "iou_predictions", types: FLOAT, shapes: [["P", "M"]] },
    { name: "class_logits", types: FLOAT, shapes: [["P", "K"]], optional: true },
  ],
};

/** Prompts a call: enough to hide the cost of a call, few enough to keep the windows in cache. */
const BATCH = 16;

/** Speaks to a model of the `window` contract. Throws ModelContractError where the description lacks `window`. */
export function windowAdapter(
  spec: ModelSpec,
  encoder: InferenceSession,
  decoder: InferenceSession,
): ContractAdapter {
  if (spec.window === null) {
    throw new ModelContractError(
      `model "${spec.name}" has contract "window" but its description has no "window": {"cells", "stride"}`,
      { model: spec.name },
    );
  }
  const window = spec.window;
  const { classes } = spec;
  if (classes !== null && findTensor(signatureOf(decoder).outputs, "class_logits") === undefined) {
    throw new ModelContractError(
      `model "${spec.name}" describes "classes" but its decoder has no output "class_logits"; leave "classes" out or export it`,
      { model: spec.name },
    );
  }
  const { outputs } = signatureOf(encoder);
  const hasObjectness = findTensor(outputs, "objectness") !== undefined;
  const needsForeground = spec.auto?.secondLookForeground !== undefined;
  if (needsForeground && findTensor(outputs, "foreground") === undefined) {
    throw new ModelContractError(
      `model "${spec.name}" describes "auto.secondLookForeground" but its encoder has no output "foreground"; leave it out or export it`,
      { model: spec.name },
    );
  }
  const wanted = [
    "embedding",
    "features",
    ...(hasObjectness ? ["objectness"] : []),
    ...(needsForeground ? ["foreground"] : []),
  ];

  return {
    contract: "window",
    batchSize: BATCH,
    takes: {
      boxes: true,
      boxWithPoints: false,
      negativePoints: false,
      mostPoints: 1,
      mask: null,
    },
    hasObjectness,
    anySize: true,
    async embed(image) {
      const { data, width, height } = padToStride(image, spec.input.stride);
      const out = await encoder.run(
        { image: new Tensor("uint8", data, [1, height, width, 3]) },
        wanted,
      );
      return embeddingOf(out, wanted, 1);
    },
    open(kept) {
      const encoded = {
        embedding: tensorOf(kept, "embedding"),
        features: tensorOf(kept, "features"),
      };
      const mapOf = (name: string) => cellMap(tensorOf(kept, name), window.stride);
      return {
        objectness: hasObjectness ? mapOf("objectness") : null,
        ...(needsForeground ? { foreground: mapOf("foreground") } : {}),
        decode: (prompts) => decode(decoder, encoded, prompts, window, spec),
      } satisfies EncodedImage;
    },
  };
}

function cellMap(tensor: Tensor, cellPx: number): CellMap {
  const [, , rows, columns] = tensor.dims;
  return { data: tensor.data as Float32Array, rows: rows!, columns: columns!, cellPx };
}

async function decode(
  decoder: InferenceSession,
  encoded: { readonly embedding: Tensor; readonly features: Tensor },
  prompts: PromptBatch,
  { cells, stride }: NonNullable<ModelSpec["window"]>,
  spec: Pick<ModelSpec, "classes" | "auto">,
): Promise<DecodedBatch> {
  const { classes } = spec;
  const { count, xyxy } = prompts;
  const boxed = xyxy !== null;
  const boxes = xyxy ?? new Float32Array(count * 4);
  const points = boxed ? boxCentres(xyxy) : prompts.xy;
  const out = await decoder.run({
    ...encoded,
    points: new Tensor("float32", points, [count, 2]),
    boxes: new Tensor("float32", boxes, [count, 4]),
    has_box: new Tensor("float32", new Float32Array(count).fill(boxed ? 1 : 0), [count]),
  });
  const windows = out.windows!;
  const [, masks, rows, columns] = windows.dims;
  if (rows !== cells || columns !== cells) {
    throw new ModelContractError(
      `decoder output "windows": found ${rows} × ${columns} cells, expected ${cells} × ${cells} as the model's description says`,
      { found: rows ?? 0, expected: cells },
    );
  }
  const logits = windows.data as Float32Array;
  const origins = out.origins!.data as Float32Array;
  const iou = out.iou_predictions!.data as Float32Array;
  const size = cells * cells;
  const told = classes === null ? null : classLogits(out.class_logits!, classes);
  return {
    prompts: count,
    masksPerPrompt: masks!,
    grid: { columns: cells, rows: cells, cellPx: stride },
    logits: (p, m) => logits.subarray((p * masks! + m) * size, (p * masks! + m + 1) * size),
    predictedIou: (p, m) => iou[p * masks! + m]!,
    origin: (p) => ({ x: Math.round(origins[p * 2]!), y: Math.round(origins[p * 2 + 1]!) }),
    ...(classes !== null && told !== null
      ? {
          // What is most likely no object is of no class, however sure of one the head is.
          classification: (p: number) =>
            isDoubtful(spec, Math.max(...iou.subarray(p * masks!, (p + 1) * masks!)))
              ? null
              : sureClass(told, p, classes),
        }
      : {}),
  };
}

function classLogits(tensor: Tensor, { names }: ClassSettings): Float32Array {
  const [, columns] = tensor.dims;
  if (columns !== names.length) {
    throw new ModelContractError(
      `decoder output "class_logits": found ${columns} columns, expected ${names.length} as the model's description names ${names.join(", ")}`,
      { found: columns ?? 0, expected: names.length },
    );
  }
  return tensor.data as Float32Array;
}

function boxCentres(xyxy: Float32Array): Float32Array {
  const xy = new Float32Array(xyxy.length / 2);
  for (let i = 0; i < xy.length; i += 2) {
    xy[i] = (xyxy[i * 2]! + xyxy[i * 2 + 2]!) / 2;
    xy[i + 1] = (xyxy[i * 2 + 1]! + xyxy[i * 2 + 3]!) / 2;
  }
  return xy;
}
