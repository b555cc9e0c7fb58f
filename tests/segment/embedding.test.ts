import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { embeddingFromBytes, embeddingToBytes } from "../../src/segment/clicks/embedding-bytes.ts";
import type { DecodedBatch, SamAdapter } from "../../src/segment/contracts/adapter.ts";
import type { Embedding } from "../../src/segment/contracts/embedding.ts";
import type { ContractName } from "../../src/segment/model.ts";
import { openModel } from "../../src/segment/open-model.ts";
import { boxBatch, type PromptBatch, pointBatch } from "../../src/segment/prompt-batch.ts";
import { paintToy, toySpec } from "./toy.ts";

const CONTRACTS: [ContractName, string?, string?][] = [
  ["window"],
  ["window", "window-encoder-plain.onnx", "window-decoder-reversed.onnx"],
  ["sam-meta"],
  ["sam-meta", "sam-meta-encoder-inside.onnx", "sam-meta-decoder-batched.onnx"],
  ["sam-hf"],
  ["edge-sam"],
  ["efficient-sam"],
  ["sam2"],
  ["sam2-hf"],
];

/** Neither square nor as large as SAM's input: the embedding must keep how far it was enlarged. */
const PICTURE = paintToy(96, 64, [
  { x: 31, y: 33, radius: 12, green: 200 },
  { x: 70, y: 20, radius: 9, green: 90 },
]);

/** Everything that a decoder answered. */
function answerOf(batch: DecodedBatch): unknown {
  const prompts = Array.from({ length: batch.prompts }, (_, p) => ({
    origin: batch.origin(p),
    masks: Array.from({ length: batch.masksPerPrompt }, (_, m) => ({
      iou: batch.predictedIou(p, m),
      logits: Buffer.from(new Uint8Array(batch.logits(p, m).slice().buffer)).toString("base64"),
    })),
  }));
  return { grid: batch.grid, prompts };
}

async function ask(adapter: SamAdapter, embedding: Embedding, prompts: PromptBatch) {
  return answerOf(await adapter.open(embedding).decode(prompts));
}

describe("an embedding that was kept", () => {
  it.each(CONTRACTS)("%s answers as it did, bit for bit", async (contract, encoder, decoder) => {
    const adapter = await openModel(toySpec(contract, encoder, decoder));
    const embedding = await adapter.embed(PICTURE);
    const point = pointBatch([{ x: 30, y: 32 }]);
    const encoded = await adapter.encode(PICTURE);
    const fresh = answerOf(await encoded.decode(point));

    const restored = embeddingFromBytes("key", embeddingToBytes("key", embedding))!;
    // Another picture in between: nothing of the answer lives in the adapter.
    await adapter.encode(paintToy(64, 64, [{ x: 20, y: 20, radius: 9, green: 255 }]));
    expect(await ask(adapter, embedding, point)).toEqual(fresh);
    expect(await ask(adapter, restored, point)).toEqual(fresh);
    expect(adapter.open(restored).objectness).toEqual(encoded.objectness);
    if (adapter.takes.boxes) {
      const box = boxBatch([{ x: 20, y: 22, width: 24, height: 24 }]);
      expect(await ask(adapter, restored, box)).toEqual(await ask(adapter, embedding, box));
    }
    await adapter.release();
  });

  it("of another contract is refused", async () => {
    const window = await openModel(toySpec("window"));
    const embedding = await window.embed(PICTURE);
    const meta = await openModel(toySpec("sam-meta"));
    expect(() => meta.open(embedding)).toThrow(
      'an embedding has embedding, features, objectness, expected "image_embeddings" too',
    );
  });
});

describe("the bytes of an embedding", () => {
  const embedding: Embedding = {
    scale: 2.5,
    tensors: {
      embedding: { dims: [1, 2, 3], data: Float32Array.of(1, -0, Number.NaN, 1e-40, 5, 6) },
      features: { dims: [2], data: Float32Array.of(7, 8) },
    },
  };
  const bytes = embeddingToBytes("a key", embedding);

  it("hold every value as it is, wherever they lie in memory", () => {
    expect(embeddingFromBytes("a key", bytes)).toEqual(embedding);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(embeddingFromBytes("a key", shifted.subarray(3))).toEqual(embedding);
  });

  it("are refused under another key", () => {
    expect(embeddingFromBytes("b key", bytes)).toBeNull();
  });

  it("are refused when cut anywhere, longer, or with any bit turned", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(embeddingFromBytes("a key", bytes.subarray(0, length))).toBeNull();
    }
    expect(embeddingFromBytes("a key", Buffer.concat([bytes, Buffer.alloc(4)]))).toBeNull();
    for (let i = 0; i < bytes.length; i++) {
      const turned = Uint8Array.from(bytes);
      turned[i]! ^= 1 << (i % 8);
      expect(embeddingFromBytes("a key", turned)).toBeNull();
    }
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["no tensors", '{"key":"a key","scale":1}'],
    ["a scale of 0", '{"key":"a key","scale":0,"tensors":[]}'],
    ["more values than bytes", tensors({ name: "a", dims: [1, 1e9, 1e9] })],
    ["a side that is no number", tensors({ name: "a", dims: ["4"] })],
    ["a negative side", tensors({ name: "a", dims: [-1, -1] })],
    ["fewer values than bytes", tensors({ name: "a", dims: [1] })],
    ["a name that is none", tensors({ name: "__proto__", dims: [2] })],
    ["a tensor that is null", tensors(null)],
  ])("are refused with a header of %s, although the checksum is right", (_what, header) => {
    expect(embeddingFromBytes("a key", withHeader(header))).toBeNull();
  });

  it("are taken with a header that is whole", () => {
    const header = tensors({ name: "a", dims: [2] });
    expect(embeddingFromBytes("a key", withHeader(header))?.tensors.a?.data.length).toBe(2);
  });
});

function tensors(tensor: unknown): string {
  return JSON.stringify({ key: "a key", scale: 1, tensors: [tensor] });
}

/** Bytes with two values and a right checksum behind a header of someone else's making. */
function withHeader(header: string): Uint8Array {
  const made = embeddingToBytes("a key", { scale: 1, tensors: {} });
  const head = Buffer.from(header);
  const body = Buffer.alloc(12 + head.length + 8);
  body.set(made.subarray(0, 8));
  body.writeUInt32LE(head.length, 8);
  head.copy(body, 12);
  const end = Buffer.alloc(4);
  end.writeUInt32LE(crc32(body));
  return Buffer.concat([body, end]);
}
