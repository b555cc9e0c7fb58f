import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addModel } from "../../src/segment/install-model.ts";
import {
  externalWeights,
  guessNeed,
  memoryBudget,
  workersThatFit,
} from "../../src/segment/memory.ts";
import { loadModel } from "../../src/segment/registry.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import { job, paintToy, plain, toySettings, toySpec } from "./toy.ts";

const MIB = 2 ** 20;

describe("workersThatFit", () => {
  const measured = { budget: 2000 * MIB, peak: 800 * MIB, growth: 500 * MIB, shared: 0 };

  it("fills what is left, and no more than is wanted", () => {
    expect(workersThatFit(8, measured)).toEqual({ workers: 3, each: 500 * MIB });
    expect(workersThatFit(2, measured).workers).toBe(2);
  });

  it("keeps one worker however little there is", () => {
    expect(workersThatFit(8, { ...measured, budget: 0 }).workers).toBe(1);
  });

  it("counts shared weights once", () => {
    expect(workersThatFit(8, { ...measured, shared: 300 * MIB })).toEqual({
      workers: 7,
      each: 200 * MIB,
    });
    // What was measured in a lucky moment is not believed below a quarter.
    expect(workersThatFit(99, { ...measured, shared: 499 * MIB }).each).toBe(125 * MIB);
  });
});

describe("memoryBudget", () => {
  it("is what the process occupies and less than what the machine has", () => {
    expect(memoryBudget()).toBeGreaterThan(process.memoryUsage.rss());
    expect(memoryBudget()).toBeLessThan(process.memoryUsage.rss() + process.availableMemory());
  });
});

describe("weights in a file of their own", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "microtome-memory-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(["model.onnx.data", "model.onnx_data", "model.data"])("%s is found", async (name) => {
    const path = join(folder, "model.onnx");
    await writeFile(join(folder, name), "");
    expect(await externalWeights(path)).toBe(join(folder, name));
    await rm(join(folder, name));
    expect(await externalWeights(path)).toBeNull();
  });

  it("are guessed as shared", async () => {
    const path = join(folder, "model.onnx");
    await writeFile(`${path}.data`, new Uint8Array(1000));
    const files = {
      encoder: { path, sha256: "", bytes: 50 },
      decoder: { path: "d", sha256: "", bytes: 7 },
    };
    expect(await guessNeed({ files })).toEqual({ generous: 2 ** 30 + 4 * 1057, shared: 1000 });
  });

  it("are part of a model's identity, and go with it where it is added", async () => {
    const spec = toySpec("window");
    const own = join(folder, "own");
    await mkdir(own);
    const files = { encoder: { path: "e.onnx" }, decoder: { path: spec.files.decoder.path } };
    await copyFile(spec.files.encoder.path, join(own, "e.onnx"));
    const about = {
      name: "own",
      version: "1",
      contract: "window",
      tasks: ["nuclei"],
      licence: "CC0-1.0",
    };
    const shape = { input: { stride: 16 }, window: { cells: 16, stride: 2 } };
    const json = join(own, "model.json");
    await writeFile(json, JSON.stringify({ ...about, ...shape, files }));
    const without = (await loadModel(json)).sha256;
    await writeFile(join(own, "e.onnx.data"), "some");
    const some = (await loadModel(json)).sha256;
    await writeFile(join(own, "e.onnx.data"), "other");
    const other = (await loadModel(json)).sha256;
    expect(new Set([without, some, other]).size).toBe(3);
    const added = await addModel(json, { folder: join(folder, "models") });
    expect(added.sha256).toBe(other);
    expect(await externalWeights(added.files.encoder.path)).toBe(
      `${added.files.encoder.path}.data`,
    );
  });

  it("a model with such a file beside it opens and answers as it did", async () => {
    const spec = toySpec("window");
    const encoder = join(folder, "window-encoder.onnx");
    await copyFile(spec.files.encoder.path, encoder);
    await writeFile(`${encoder}.data`, "");
    const files = { ...spec.files, encoder: { ...spec.files.encoder, path: encoder } };
    const image = () => paintToy(64, 64, [{ x: 21, y: 21, radius: 8, green: 200 }]);
    const answers = [];
    for (const model of [spec, { ...spec, files }]) {
      const segmenter = await createSegmenter({ settings: toySettings(model), workers: 1 });
      answers.push(await segmenter.segment(job(image())));
      await segmenter.close();
    }
    const [before, after] = answers.map((answer) => answer.ok && answer.masks);
    expect(before).toHaveLength(1);
    expect(after).toEqual(before);
  });
});

describe("a segmenter that is short of memory", () => {
  const settings = toySettings(toySpec("window"));
  const image = () => paintToy(96, 80, [{ x: 21, y: 21, radius: 8, green: 200 }]);

  it("starts with one worker, goes on with it, and says why", async () => {
    const notices: string[] = [];
    const onNotice = (text: string) => notices.push(text);
    const options = { settings, workers: 3, memoryBytes: MIB, onNotice };
    const segmenter = await createSegmenter(options);
    expect(segmenter.workers).toBe(1);
    // A patch without slide pixels shows nothing of what a patch takes.
    const blank = { valid: { x: 0, y: 0, width: 0, height: 0 } };
    await segmenter.segment(job(plain(16, 16, [0, 0, 0]), blank));
    expect(notices).toEqual([]);
    const answers = await Promise.all([1, 2, 3, 4].map(() => segmenter.segment(job(image()))));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(segmenter.workers).toBe(1);
    expect(notices).toEqual([
      expect.stringMatching(/^memory for 1 of 3 workers: another takes about \d+ MiB/),
    ]);
    await segmenter.close();
  });

  it("starts the others once the first patch has shown that they fit", async () => {
    const notices: string[] = [];
    // Less than three generous guesses, more than three workers of the toy.
    const memoryBytes = process.memoryUsage.rss() + 2.5 * 2 ** 30;
    const onNotice = (text: string) => notices.push(text);
    const segmenter = await createSegmenter({ settings, workers: 3, memoryBytes, onNotice });
    expect(segmenter.workers).toBe(1);
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => segmenter.segment(job(image()))));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(segmenter.workers).toBe(3);
    expect(notices).toEqual([]);
    await segmenter.close();
  });
});
