import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { readFeatures } from "../../src/export/read-features.ts";
import { readPromptLabels } from "../../src/pipeline/answer-prompts.ts";
import { readPrompts } from "../../src/pipeline/read-prompts.ts";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { runCli } from "../cli/run-cli.ts";

const SAMPLE = resolve(import.meta.dirname, "../../samples/sample.tif");
const CASES = resolve(import.meta.dirname, "../cases/prompts");
const PROMPTS = join(CASES, "sample.geojson");
const run = (rest: object = {}) =>
  segmentSlide({ slide: SAMPLE, task: "nuclei", out, workers: 1, promptFile: PROMPTS, ...rest });

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "microtome-prompts-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

interface Feature {
  readonly id: string;
  readonly geometry: { readonly coordinates: readonly (readonly (readonly number[])[])[] };
  readonly properties: {
    readonly name?: string;
    readonly classification: { readonly name: string; readonly color: readonly number[] };
    readonly metadata: { readonly promptId: string };
  };
}

async function featuresOf(folder: string): Promise<Feature[]> {
  const features: Feature[] = [];
  for await (const { value } of readFeatures(join(folder, "nuclei.geojson.gz"))) {
    features.push(value as Feature);
  }
  return features;
}

const boxOf = ({ geometry }: Feature) => {
  const [ring] = geometry.coordinates;
  const [xs, ys] = [ring!.map(([x]) => x!), ring!.map(([, y]) => y!)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const;
};

describe("reading prompts", () => {
  it("points one by one, shapes by their box or a point inside, ids and names kept", async () => {
    const { prompts, leftOut, sha256, classColors } = await readPrompts(PROMPTS, "box");
    expect([...classColors]).toEqual([["Tumor", [200, 0, 0]]]);
    expect(prompts.map(({ id }) => id.slice(-4))).toEqual([
      "7a01",
      "02:0",
      "02:1",
      "7a03",
      "#3",
      "7a05",
      "arge",
    ]);
    expect(prompts[0]).toMatchObject({ name: "on a seam", classification: "Tumor", box: null });
    expect(prompts[3]).toMatchObject({ classification: "Immune cells", points: [] });
    expect(prompts[6]!.box).toEqual({ x: 1000, y: 1000, width: 1500, height: 1200 });
    expect(leftOut).toEqual({ ignored: 1, lines: 1, empty: 0 });
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const inside = await readPrompts(PROMPTS, "point");
    const [at] = inside.prompts[6]!.points;
    expect(at!.x > 1000 && at!.x < 2500 && at!.y > 1000 && at!.y < 2200).toBe(true);
  });

  it("children are prompts, too, each with a number of its own; no deeper than QuPath goes", async () => {
    const path = join(out, "children.geojson");
    const nested = (depth: number): object => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [depth, 1] },
      properties: depth === 0 ? {} : { childObjects: [nested(depth - 1)] },
    });
    await writeFile(path, JSON.stringify(nested(2)));
    const { prompts } = await readPrompts(path, "box");
    expect(prompts.map(({ id, points }) => [id, points[0]!.x])).toEqual([
      ["#0", 2],
      ["#0.1", 1],
      ["#0.2", 0],
    ]);
    for (const text of [JSON.stringify(nested(40)), `${"[".repeat(1e5)}1${"]".repeat(1e5)}`]) {
      await writeFile(path, text);
      await expect(readPrompts(path, "box")).rejects.toMatchObject({
        code: "corrupt-file",
        message: expect.stringContaining("more than 32 deep"),
      });
    }
  });

  it.each([
    ["lines-only.geojson", "usage", "holds no prompt (0 ignored by their class, 1 lines, 0 empty)"],
    ["no-numbers.geojson", "corrupt-file", "Feature 1 of"],
    ["infinite.geojson", "corrupt-file", "a position without finite numbers"],
  ] as const)("refuses %s", async (name, code, says) => {
    await expect(readPrompts(join(CASES, name), "box")).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });
});

describe("a run of a file's prompts", () => {
  it("gives one object a prompt, with its name, class and id, and names those without", async () => {
    const { record, folder } = await run();
    expect(record).toMatchObject({
      state: "done",
      patches: { planned: 4, done: 4, failed: 0 },
      parameters: { prompts: "given", promptFile: { shapes: "box" } },
      prompts: { file: "sample.geojson", count: 7, answered: 5 },
      counts: { objects: 5, prompts: 5 },
      files: expect.arrayContaining(["nuclei.geojson.gz", "nuclei.prompts.json"]),
    });
    expect(record.prompts!.unanswered).toEqual([
      { id: expect.stringMatching(/7a05$/), why: "it lies outside the slide" },
      { id: "too large", why: expect.stringContaining("more than the 128 px") },
    ]);
    expect(await checkGeoJson(join(folder, "nuclei.geojson.gz"))).toEqual([]);
    const features = await featuresOf(folder);
    const byPrompt = new Map(
      features.map((feature) => [feature.properties.metadata.promptId.slice(-4), feature]),
    );
    expect(byPrompt.get("7a01")!.properties).toMatchObject({
      name: "on a seam",
      classification: { name: "Tumor", color: [200, 0, 0] },
    });
    expect(record.prompts).toMatchObject({ doubtful: [], classColors: { Tumor: [200, 0, 0] } });
    // The painted nucleus spans 940..972 × 187..216 and the patches' cores meet at 960.
    const seam = boxOf(byPrompt.get("7a01")!);
    for (const [i, truth] of [940, 187, 972, 216].entries()) {
      expect(Math.abs(seam[i]! - truth)).toBeLessThan(5);
    }
    expect(byPrompt.get("7a03")!.properties.classification.name).toBe("Immune cells");
    const told = JSON.parse(await readFile(join(folder, "nuclei.prompts.json"), "utf8"));
    expect(told.prompts).toHaveLength(7);
    expect(told.prompts[0].object).toBe(byPrompt.get("7a01")!.id);
    const labels = await readPromptLabels(folder, "nuclei");
    expect(labels.get(told.prompts[3].object)).toEqual({
      name: "boxed",
      metadata: { promptId: told.prompts[3].id },
    });
  }, 120_000);

  it("says which objects the model itself doubts, and is no failure for that", async () => {
    const marks = join(out, "glass.geojson");
    // The first point is on a nucleus, the second on glass.
    const points = {
      type: "MultiPoint",
      coordinates: [
        [1163, 1005.5],
        [153, 137],
      ],
    };
    const properties = { classification: { name: "Mitosis", color: [1, 2, 3] } };
    await writeFile(
      marks,
      JSON.stringify({ type: "Feature", id: "mark", geometry: points, properties }),
    );
    const args = ["segment", SAMPLE, "--task", "nuclei", "--out", join(out, "glass")];
    const { status, stderr } = await runCli([...args, "--workers", "1", "--prompts", marks]);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^note: the model itself doubts the objects of 1 of 2 prompts \(predicted IoU of mark:1: 0(\.0\d*)?\): /m,
    );
    const folder = join(out, "glass/sample.nuclei");
    const told = JSON.parse(await readFile(join(folder, "nuclei.prompts.json"), "utf8"));
    expect(told.prompts[0]).not.toHaveProperty("doubtful");
    expect(told.prompts[1]).toMatchObject({ id: "mark:1", doubtful: true });
    expect(told.prompts[1].predictedIou).toBeLessThan(0.1);
    const labels = await readPromptLabels(folder, "nuclei");
    expect(labels.get(told.prompts[1].object)).toEqual({
      metadata: { promptId: "mark:1", doubtful: "true" },
    });
    const features = await featuresOf(folder);
    expect(features.map(({ properties }) => properties.metadata)).toContainEqual({
      promptId: "mark:1",
      doubtful: "true",
    });
    // A later export keeps the class's colour, and counts no objects of a file beside it.
    const [geojson, csv] = [join(out, "later.geojson"), join(out, "later.csv")];
    await runCli(["export", folder, "--format", "geojson", "--out", geojson]);
    expect(await readFile(geojson, "utf8")).toContain('{"name":"Mitosis","color":[1,2,3]}');
    const exported = await runCli(["export", folder, "--format", "csv", "--out", csv]);
    expect(exported.stdout).toMatch(
      /^\S+later\.csv: 2 objects, \S+ kB\n\S+later\.csv\.json: \S+ kB\n$/,
    );
  }, 120_000);

  it("says that a file is missing or asks nothing before the model is loaded", async () => {
    const nothing = join(out, "nothing.geojson");
    await writeFile(nothing, '{"type":"FeatureCollection","features":[]}');
    const missing = join(out, "missing.geojson");
    for (const [rest, code] of [
      [{ promptFile: nothing }, "usage"],
      [{ promptFile: missing }, "input-not-found"],
      [{ slide: join(out, "missing.tif") }, "input-not-found"],
    ] as const) {
      const stages: string[] = [];
      const onProgress = ({ stage }: { stage: string }) => void stages.push(stage);
      await expect(run({ ...rest, onProgress })).rejects.toMatchObject({ code });
      expect(stages).toEqual([]);
    }
  });

  it("is another run with another file, and goes on with its own", async () => {
    const folder = join(out, "sample.nuclei");
    const before = await readFile(join(folder, "nuclei.geojson.gz"));
    expect((await run({ resume: true })).unchanged).toBe(true);
    // As if it had been killed in the middle: the last patch is torn off, and the record says it runs.
    const ledger = join(folder, "ledger.ndjson");
    const lines = (await readFile(ledger, "utf8")).trimEnd().split("\n");
    await truncate(ledger, lines.slice(0, -1).join("\n").length + 8);
    const record = JSON.parse(await readFile(join(folder, "run.json"), "utf8"));
    await writeFile(join(folder, "run.json"), JSON.stringify({ ...record, state: "running" }));
    const again = await run({ resume: true });
    expect(again.record.prompts!.answered).toBe(5);
    expect(await readFile(join(folder, "nuclei.geojson.gz"))).toEqual(before);

    const other = join(out, "other.geojson");
    await writeFile(other, (await readFile(PROMPTS, "utf8")).replace("on a seam", "renamed"));
    await expect(run({ promptFile: other, resume: true })).rejects.toMatchObject({
      code: "run-mismatch",
    });
  }, 120_000);

  it("refuses thresholds that it would not heed, and prompts that the model cannot answer", async () => {
    await expect(run({ iou: 0.5, out: join(out, "x") })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("--iou and a file of prompts"),
    });
    const models = resolve(import.meta.dirname, "../cases/models");
    const file = join(out, "toy.json");
    const files = Object.fromEntries(
      ["encoder", "decoder"].map((half) => [half, { path: join(models, `sam-hf-${half}.onnx`) }]),
    );
    await writeFile(
      file,
      JSON.stringify({
        name: "toy",
        version: "1",
        contract: "sam-hf",
        tasks: ["nuclei"],
        files,
        licence: "CC0-1.0",
      }),
    );
    await expect(run({ model: file, out: join(out, "y") })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(
        "(contract sam-hf) cannot answer prompt 0c2f1f9e-8a34-4f2c-9d0b-2a6f6f5b7a03: found a box",
      ),
    });
  }, 60_000);
});
