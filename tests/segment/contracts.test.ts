import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelContractError } from "../../src/errors.ts";
import { padToStride } from "../../src/segment/contracts/pad-image.ts";
import { probeContract } from "../../src/segment/contracts/probe.ts";
import { signatureOf } from "../../src/segment/contracts/signature.ts";
import type { ContractName } from "../../src/segment/model.ts";
import { openModel, openSession } from "../../src/segment/open-model.ts";
import { pointBatch } from "../../src/segment/prompt-batch.ts";
import { CASES, job, paintToy, plain, toySegmenter, toySettings, toySpec } from "./toy.ts";

const signature = async (name: string) => signatureOf(await openSession(join(CASES, name)));

const GOOD: [ContractName, string, string][] = [
  ["window", "window-encoder.onnx", "window-decoder.onnx"],
  ["window", "window-encoder-plain.onnx", "window-decoder-reversed.onnx"],
  ["sam-meta", "sam-meta-encoder.onnx", "sam-meta-decoder.onnx"],
  ["sam-meta", "sam-meta-encoder-inside.onnx", "sam-meta-decoder-batched.onnx"],
  ["sam-meta", "sam-meta-encoder.onnx", "sam-meta-decoder-single.onnx"],
  ["sam-hf", "sam-hf-encoder.onnx", "sam-hf-decoder.onnx"],
  ["edge-sam", "edge-sam-encoder.onnx", "edge-sam-decoder.onnx"],
  ["efficient-sam", "efficient-sam-encoder.onnx", "efficient-sam-decoder.onnx"],
  ["sam2", "sam2-encoder.onnx", "sam2-decoder.onnx"],
  ["sam2-hf", "sam2-hf-encoder.onnx", "sam2-hf-decoder.onnx"],
];

/** Encoder, decoder, and what the message must say was found and expected. */
const BAD: [ContractName, string, string, string[]][] = [
  [
    "window",
    "window-encoder.onnx",
    "bad/window-decoder-double-points.onnx",
    ['decoder input "points": found points float64[P,2], expected float32 [P,2]'],
  ],
  [
    "window",
    "window-encoder.onnx",
    "bad/window-decoder-no-has-box.onnx",
    ['decoder input "has_box" is missing (expected float32 [P])'],
  ],
  [
    "window",
    "window-encoder.onnx",
    "bad/window-decoder-flat-iou.onnx",
    ['decoder output "iou_predictions": found iou_predictions float32[P], expected float32 [P,M]'],
  ],
  [
    "window",
    "bad/window-encoder-float-image.onnx",
    "window-decoder.onnx",
    ['encoder input "image": found image float32[1,H,W,3], expected uint8 [1,H,W,3]'],
  ],
  [
    "sam-hf",
    "sam-hf-encoder.onnx",
    "bad/sam-hf-decoder-int32-labels.onnx",
    ['decoder input "input_labels": found input_labels int32[B,P,N], expected int64 [B,P,N]'],
  ],
  [
    "edge-sam",
    "edge-sam-encoder.onnx",
    "bad/edge-sam-decoder-batched.onnx",
    [
      'decoder input "point_coords": found point_coords float32[2,N,2], expected float32 [1,N,2]',
      'decoder output "scores": found scores float32[2,4], expected float32 [1,M]',
    ],
  ],
  [
    "efficient-sam",
    "efficient-sam-encoder.onnx",
    "bad/efficient-sam-decoder-float-size.onnx",
    ['decoder input "orig_im_size": found orig_im_size float32[2], expected int64 [2]'],
  ],
  [
    "sam2",
    "sam2-encoder.onnx",
    "bad/sam2-decoder-no-features.onnx",
    ['decoder input "high_res_feats_0" is missing (expected float32 [1,C0,h0,w0])'],
  ],
  [
    "sam2-hf",
    "sam2-hf-encoder.onnx",
    "bad/sam2-hf-decoder-flat-boxes.onnx",
    ['decoder input "input_boxes": found input_boxes float32[n,4], expected float32 [B,n,4]'],
  ],
  [
    "sam-meta",
    "sam-meta-encoder.onnx",
    "window-decoder.onnx",
    [
      'decoder input "point_coords" is missing',
      'decoder input "boxes" is not part of the contract',
    ],
  ],
];

describe("probeContract", () => {
  it.each(GOOD)("%s: %s with %s", async (contract, encoder, decoder) => {
    expect(probeContract(await signature(encoder), await signature(decoder))).toBe(contract);
  });

  it.each(BAD)("not %s: %s with %s", async (_contract, encoder, decoder, says) => {
    const [e, d] = [await signature(encoder), await signature(decoder)];
    expect(() => probeContract(e, d)).toThrow(ModelContractError);
    expect(() => probeContract(e, d)).toThrow(
      /follow none of the contracts window, sam-meta, sam-hf, efficient-sam, edge-sam, sam2, sam2-hf\. Found encoder/,
    );
    // One fault away from a contract, that is the one that is named.
    if (says.length === 1) expect(() => probeContract(e, d)).toThrow(says[0]);
  });
});

describe("openModel", () => {
  it.each(BAD)("refuses %s: %s with %s", async (contract, encoder, decoder, says) => {
    const error = await openModel(toySpec(contract, encoder, decoder)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelContractError);
    for (const text of says) expect((error as Error).message).toContain(text);
  });

  it("says which contract would fit", async () => {
    const spec = { ...toySpec("sam-hf"), contract: "sam-meta" as const };
    await expect(openModel(spec)).rejects.toThrow('set "contract": "sam-hf"');
  });

  it("refuses a file that is no ONNX graph", async () => {
    const spec = toySpec("window", "make-models.py");
    await expect(openModel(spec)).rejects.toThrow(/make-models\.py: ONNX Runtime cannot load it/);
  });

  it("refuses windows of another size than the description says", async () => {
    const spec = { ...toySpec("window"), window: { cells: 64, stride: 2 } };
    const segmenter = await toySegmenter(toySettings(spec));
    const image = paintToy(64, 64, [{ x: 21, y: 21, radius: 8, green: 200 }]);
    await expect(segmenter.segment(job(image))).rejects.toThrow(
      'decoder output "windows": found 16 × 16 cells, expected 64 × 64',
    );
  });

  it("refuses a description with classes for a decoder that tells none", async () => {
    const classes = { names: ["A", "B"], threshold: 0.5 };
    await expect(openModel({ ...toySpec("window"), classes })).rejects.toThrow(
      'describes "classes" but its decoder has no output "class_logits"',
    );
  });

  it("feeds by name: the order of a graph's inputs and outputs does not matter", async () => {
    const image = paintToy(64, 64, [{ x: 21, y: 21, radius: 8, green: 200 }]);
    const run = async (decoder: string) => {
      const spec = toySpec("window", undefined, decoder);
      return (await (await toySegmenter(toySettings(spec))).segment(job(image))).masks;
    };
    const masks = await run("window-decoder.onnx");
    expect(masks).toHaveLength(1);
    expect(await run("window-decoder-reversed.onnx")).toEqual(masks);
  });

  it("pads by reflection, the edge itself not repeated", () => {
    const data = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => Math.floor(i / 3));
    const padded = padToStride({ data, width: 5, height: 3 }, 4);
    expect([padded.width, padded.height]).toEqual([8, 4]);
    const reds = padded.data.filter((_, i) => i % 3 === 0);
    expect([...reds.subarray(0, 8)]).toEqual([0, 1, 2, 3, 4, 3, 2, 1]);
    expect([...reds.subarray(24)]).toEqual([5, 6, 7, 8, 9, 8, 7, 6]);
    const dot = padToStride({ data: Uint8Array.of(7, 8, 9), width: 1, height: 1 }, 4);
    expect([...dot.data]).toEqual(Array.from({ length: 16 }, () => [7, 8, 9]).flat());
    const exact = plain(8, 4, [1, 2, 3]);
    expect(padToStride(exact, 4)).toBe(exact);
  });

  it("encodes a plain patch to what the graph computes", async () => {
    const adapter = await openModel(toySpec("window"));
    const encoded = await adapter.encode(plain(20, 33, [0, 0, 51]));
    // Padded to 32 × 48; a cell is 2 px.
    expect(encoded.objectness).toMatchObject({ columns: 16, rows: 24, cellPx: 2 });
    expect(encoded.objectness?.data[0]).toBeCloseTo(0.2, 6);
    const decoded = await encoded.decode(
      pointBatch([
        { x: 10, y: 10 },
        { x: 3, y: 30 },
      ]),
    );
    expect(decoded).toMatchObject({ prompts: 2, masksPerPrompt: 1 });
    expect(decoded.origin(0)).toEqual({ x: -8, y: -8 });
    expect(decoded.logits(0, 0)).toHaveLength(256);
    expect(decoded.logits(0, 0)[4 * 16 + 4]).toBeCloseTo(100 / 16, 5);
    expect(decoded.logits(0, 0)[0]).toBe(-10);
    await adapter.release();
  });
});
