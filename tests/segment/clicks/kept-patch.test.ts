import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { keepPatch, openKeptPatch } from "../../../src/segment/clicks/kept-patch.ts";
import type { DecodedBatch, SamAdapter } from "../../../src/segment/contracts/adapter.ts";
import type { Embedding } from "../../../src/segment/contracts/embedding.ts";
import type { ContractName } from "../../../src/segment/model.ts";
import { openModel } from "../../../src/segment/open-model.ts";
import { boxBatch, type PromptBatch, pointBatch } from "../../../src/segment/prompt-batch.ts";
import { paintToy, toySpec } from "../toy.ts";

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

    const stored = Buffer.from(keepPatch("key", PICTURE, embedding).data);
    const restored = openKeptPatch("key", stored)!.embedding;
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

describe("the bytes of a kept patch", () => {
  const embedding: Embedding = {
    scale: 2.5,
    tensors: {
      embedding: { dims: [1, 2, 3], data: Float32Array.of(1, -0, Number.NaN, 1e-40, 5, 6) },
      features: { dims: [2], data: Float32Array.of(7, 8) },
    },
  };
  const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 255), width: 2, height: 1 };
  const kept = keepPatch("a key", image, embedding);
  const bytes = kept.data;
  const opened = (key: string, of: Uint8Array) => openKeptPatch(key, of);

  it("hold every value as it is, wherever they lie in memory", () => {
    expect(kept.embedding).toEqual(embedding);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    for (const stored of [bytes, shifted.subarray(3)]) {
      const again = opened("a key", stored)!;
      expect(again.embedding).toEqual(embedding);
      expect(again.image).toEqual(image);
    }
  });

  it("are refused under another key", () => {
    expect(opened("b key", bytes)).toBeNull();
  });

  it("are refused when cut anywhere, longer, or with any bit turned", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(opened("a key", bytes.subarray(0, length))).toBeNull();
    }
    expect(opened("a key", Buffer.concat([bytes, Buffer.alloc(4)]))).toBeNull();
    for (let i = 0; i < bytes.length; i++) {
      const turned = Uint8Array.from(bytes);
      turned[i]! ^= 1 << (i % 8);
      expect(opened("a key", turned)).toBeNull();
    }
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["no tensors", header({ tensors: undefined })],
    ["a scale of 0", header({ scale: 0 })],
    ["no width", header({ width: null })],
    ["more pixels than bytes", header({ width: 1e8, height: 1e8 })],
    ["more values than bytes", header({ tensors: [{ name: "a", dims: [1, 1e9, 1e9] }] })],
    ["a side that is no number", header({ tensors: [{ name: "a", dims: ["2"] }] })],
    ["a negative side", header({ tensors: [{ name: "a", dims: [-1, -2] }] })],
    ["fewer values than bytes", header({ tensors: [{ name: "a", dims: [1] }] })],
    ["a name that is none", header({ tensors: [{ name: "__proto__", dims: [2] }] })],
    ["a tensor that is null", header({ tensors: [null] })],
  ])("are refused with a header of %s, although the checksum is right", (_what, text) => {
    expect(opened("a key", withHeader(text))).toBeNull();
  });

  it("are taken with a header that is whole", () => {
    expect(opened("a key", withHeader(header({})))?.embedding.tensors.a?.data.length).toBe(2);
  });
});

function header(changes: object): string {
  const whole = {
    key: "a key",
    width: 2,
    height: 1,
    scale: 1,
    tensors: [{ name: "a", dims: [2] }],
  };
  return JSON.stringify({ ...whole, ...changes });
}

/** Bytes with two values, two pixels and a right checksum behind a header of someone else's making. */
function withHeader(text: string): Uint8Array {
  const start = Math.ceil((12 + text.length) / 8) * 8;
  const body = Buffer.alloc(start + 8 + 6);
  body.write("mtpatch1", "latin1");
  body.writeUInt32LE(start - 12, 8);
  body.write(text.padEnd(start - 12), 12);
  const end = Buffer.alloc(4);
  end.writeUInt32LE(crc32(body));
  return Buffer.concat([body, end]);
}
