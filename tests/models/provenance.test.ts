import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { describeModels, loadModel } from "../../src/segment/registry.ts";
import { DATA, hasData } from "../shared-data.ts";

const MODELS = resolve(import.meta.dirname, "../../models");

/** Sets whose licence allows training and shipping weights. What is not here is for measuring only. */
const MAY_TRAIN = new Set([
  "nuclei-dsb2018-histology",
  "nuclei-dsb2018-stage1test",
  "nuclei-histolytics-hgsc",
  "nuclei-nucls-cellvit",
  "nuclei-nuinsseg",
  "nuclei-tnbc-antillia",
  "nuclei-tnbc-full",
  "nuclei-tnbc-originals",
  "points-brca-m2c",
  "regions-bcss-tumour",
  "regions-ebhi-multiclass",
  "regions-ebhi-polyp",
  "regions-ebhi-seg",
  "regions-rings-prostate",
  "painted",
  "painted-2",
  "painted-8",
]);

describe("the models in the package", async () => {
  const models = await describeModels();
  const card = readFileSync(join(MODELS, "MODEL-CARD.md"), "utf8");

  it("are there for every task", () => {
    const tasks = models.flatMap((model) => model.tasks);
    expect(tasks).toEqual(expect.arrayContaining(["nuclei", "tumor", "tissue"]));
  });

  it.each(models.map((model) => model.name))(
    "%s: whole, licensed, and in the card",
    async (name) => {
      const model = await loadModel(name);
      expect(model.licence).toBe("Apache-2.0");
      expect(card).toContain(`\`${model.name}\` ${model.version}`);
      expect(model.trainedOn.length).toBeGreaterThan(0);
      for (const set of model.trainedOn) {
        expect(MAY_TRAIN.has(set), `${name} was trained on ${set}`).toBe(true);
      }
    },
  );

  it.skipIf(!hasData("test"))(
    "no patient is measured who was trained on: TCGA cases of the classified centroids and of test/ differ",
    () => {
      const loader = readFileSync(resolve(MODELS, "../training/promptable/datasets.py"), "utf8");
      const left = /MEASURED_PATIENTS = \(([^)]*)\)/.exec(loader)?.[1] ?? "";
      const casesOf = (folder: string) =>
        new Set(readdirSync(folder).flatMap((name) => /TCGA-\w\w-\w{4}/.exec(name) ?? []));
      const trained = casesOf(join(DATA, "train/points-brca-m2c/images"));
      expect(trained.size).toBeGreaterThan(50);
      const measured = readdirSync(join(DATA, "test")).flatMap((set) => [
        ...casesOf(join(DATA, "test", set, "images")),
      ]);
      expect(measured.length).toBeGreaterThan(5);
      for (const patient of measured) {
        expect(trained.has(patient) && !left.includes(patient), patient).toBe(false);
      }
    },
  );

  it("weigh less than 12 MB together", () => {
    const bytes = readdirSync(MODELS)
      .filter((file) => file.endsWith(".onnx"))
      .reduce((sum, file) => sum + statSync(join(MODELS, file)).size, 0);
    expect(bytes).toBeLessThan(12e6);
  });
});
