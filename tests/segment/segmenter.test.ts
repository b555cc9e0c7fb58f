import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelContractError } from "../../src/errors.ts";
import {
  createSegmenter,
  createSegmenterWith,
  defaultWorkers,
  type Segmenter,
} from "../../src/segment/segmenter.ts";
import { job, paintToy, plain, toySegmenter, toySettings, toySpec } from "./toy.ts";

const OBJECTS = [
  { x: 21, y: 21, radius: 8, green: 200 },
  { x: 61, y: 31, radius: 10, green: 150 },
];

describe("a segmenter of two workers", () => {
  let segmenter: Segmenter;
  beforeAll(async () => {
    segmenter = await createSegmenter({ settings: toySettings(toySpec("window")), workers: 2 });
  });
  afterAll(() => segmenter.close());

  it("answers what one thread would, on every patch", async () => {
    expect(segmenter).toMatchObject({ workers: 2, capacity: 4 });
    const alone = await toySegmenter(toySettings(toySpec("window")));
    const expected = await alone.segment(job(paintToy(96, 80, OBJECTS)));
    const results = await Promise.all(
      Array.from({ length: 6 }, () => segmenter.segment(job(paintToy(96, 80, OBJECTS)))),
    );
    for (const result of results) {
      expect(result).toMatchObject({ ok: true, prompts: 2 });
      expect(result.ok && result.masks).toEqual(expected.masks);
    }
  });

  it("transfers a buffer of its own, and copies a view of a larger one", async () => {
    const own = paintToy(96, 80, OBJECTS);
    await segmenter.segment(job(own));
    expect(own.data.byteLength).toBe(0);
    const { data } = paintToy(96, 80, OBJECTS);
    const large = new Uint8Array(data.length + 8);
    large.set(data, 4);
    const view = large.subarray(4, 4 + data.length);
    const buffer = Buffer.from(data);
    for (const bytes of [view, buffer]) {
      const result = await segmenter.segment(job({ data: bytes, width: 96, height: 80 }));
      expect(result.ok && result.masks.length).toBe(2);
      expect(bytes.byteLength).toBe(96 * 80 * 3);
    }
  });

  it("answers a bad patch with its error as data, and goes on", async () => {
    const bad = await segmenter.segment(
      job({ data: new Uint8Array(5), width: 4, height: 4 }, { patchId: "1_2" }),
    );
    expect(bad).toEqual({
      ok: false,
      error: {
        code: "patch-failed",
        message: "patch 1_2: found 5 bytes of pixels, expected 4 × 4 × 3",
        fields: { patch: "1_2", found: 5, expected: 48 },
      },
    });
    expect((await segmenter.segment(job(paintToy(96, 80, OBJECTS)))).ok).toBe(true);
  });

  it("does not start a patch after an abort", async () => {
    const image = plain(16, 16, [255, 255, 255]);
    await expect(segmenter.segment(job(image), AbortSignal.abort())).rejects.toMatchObject({
      code: "interrupted",
    });
    expect(image.data.byteLength).toBe(16 * 16 * 3);
  });
});

describe("createSegmenter", () => {
  it("fails at once, with the class, on a model that breaks its contract", async () => {
    const spec = toySpec("window", undefined, "bad/window-decoder-no-has-box.onnx");
    const error = await createSegmenter({ settings: toySettings(spec), workers: 1 }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ModelContractError);
    expect(error).toMatchObject({ code: "model-contract", exitStatus: 4 });
    expect((error as Error).message).toContain('"has_box" is missing');
  });

  it("refuses a number of workers that is none", async () => {
    const settings = toySettings(toySpec("window"));
    for (const workers of [0, 1.5, Number.NaN]) {
      await expect(createSegmenter({ settings, workers })).rejects.toMatchObject({ code: "usage" });
    }
  });

  it("suggests at least one worker and at most one a core", () => {
    expect(defaultWorkers()).toBeGreaterThanOrEqual(1);
    expect(defaultWorkers()).toBeLessThanOrEqual(availableParallelism());
  });
});

describe("a worker that dies", () => {
  it("costs its own patch only", async () => {
    const worker = new URL("../cases/models/workers/dying.ts", import.meta.url);
    const settings = toySettings(toySpec("window"));
    const segmenter = await createSegmenterWith({ settings, workers: 1 }, worker);
    const image = () => plain(16, 16, [255, 255, 255]);
    const results = await Promise.all(
      ["a", "deadly", "b", "c"].map((patchId) => segmenter.segment(job(image(), { patchId }))),
    );
    expect(results.map((r) => r.ok)).toEqual([true, false, true, true]);
    expect(results[1]).toMatchObject({
      error: {
        code: "patch-failed",
        message: expect.stringMatching(/patch deadly: the worker ended/),
      },
    });
    await segmenter.close();
    await expect(segmenter.segment(job(image()))).rejects.toMatchObject({ code: "usage" });
  });
});
