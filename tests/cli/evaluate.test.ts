import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rasterisePolygons } from "../../src/evaluate/label-image.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { runCli } from "./run-cli.ts";

const SAMPLES = resolve(import.meta.dirname, "../../samples");
const TRUTH = join(SAMPLES, "sample.nuclei.geojson.gz");
const FRAME = { x: 700, y: 300, width: 640, height: 512 };

let dataset: string;

beforeAll(async () => {
  dataset = await mkdtemp(join(tmpdir(), "microtome-evaluate-"));
  for (const folder of ["images", "labels"]) await mkdir(join(dataset, folder));
  const box = `${FRAME.x},${FRAME.y},${FRAME.width},${FRAME.height}`;
  const image = join(dataset, "images", "field.png");
  const cut = await runCli(["region", join(SAMPLES, "sample.tif"), "--box", box, "--out", image]);
  expect(cut.stderr).toBe("");
  const truth = await readGeoJsonPolygons(TRUTH);
  const labels = rasterisePolygons(
    truth.map((object) => object.polygons),
    FRAME,
  );
  const numbers = Uint16Array.from(labels.data);
  await sharp(numbers, { raw: { width: FRAME.width, height: FRAME.height, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toFile(join(dataset, "labels", "field.png"));
  const index = "image\tlabel\tmpp\nimages/field.png\tlabels/field.png\t0.25\n";
  await writeFile(join(dataset, "index.tsv"), index);
}, 60_000);
afterAll(() => rm(dataset, { recursive: true, force: true }));

describe("evaluate --pred --truth", () => {
  it("gives 1 for a file against itself, as JSON of the contract's shape", async () => {
    const { status, stdout } = await runCli([
      "evaluate",
      "--pred",
      TRUTH,
      "--truth",
      TRUTH,
      "--json",
    ]);
    expect(status).toBe(0);
    const score = JSON.parse(stdout);
    expect(score).toMatchObject({ images: 1, dice: 1, iou: 1, aji: 1, pq: 1, f1: 1 });
    expect(score).toMatchObject({ precision: 1, recall: 1, perImage: [{ image: TRUTH, f1: 1 }] });
  }, 60_000);

  it("compares GeoJSON with a label image in the label's frame", async () => {
    const label = join(dataset, "labels", "field.png");
    const { status, stdout } = await runCli([
      "evaluate",
      "--pred",
      TRUTH,
      "--truth",
      label,
      "--json",
    ]);
    expect(status).toBe(0);
    // The label is a cut-out at another place: the same numbers must not come out as equal.
    expect(JSON.parse(stdout).f1).toBeLessThan(0.5);
  }, 60_000);
});

describe("evaluate --dataset", () => {
  it("segments each image by the product's own way and scores it", async () => {
    const { status, stdout, stderr } = await runCli([
      ...["evaluate", "--dataset", dataset, "--task", "nuclei", "--json"],
    ]);
    expect(stderr).not.toContain("note:");
    expect(status).toBe(0);
    const score = JSON.parse(stdout);
    expect(score.images).toBe(1);
    expect(score.f1).toBeGreaterThan(0.8);
    expect(score.perImage[0]).toMatchObject({ image: "images/field.png" });
    expect(score.perImage[0].truthObjects).toBeGreaterThan(20);
  }, 120_000);

  it.each(["points", "boxes"])(
    "prompts with %s of the truth, blind controls beside",
    async (p) => {
      const args = [
        "evaluate",
        "--dataset",
        dataset,
        "--task",
        "nuclei",
        "--protocol",
        p,
        "--json",
      ];
      const { status, stdout } = await runCli(args);
      expect(status).toBe(0);
      const result = JSON.parse(stdout);
      expect(result.model.instances).toBeGreaterThan(20);
      expect(result.model.unionDice).toBeGreaterThan(0.8);
      expect(result.model.unionDice).toBeGreaterThan(result.discMedian.unionDice);
      for (const control of ["discMedian", "discFixed", "ellipse"]) {
        expect(result[control].instances).toBe(result.model.instances);
      }
    },
    120_000,
  );

  it("says aloud when it had to assume µm/px", async () => {
    const index = "image\tlabel\tmpp\nimages/field.png\tlabels/field.png\tunknown\n";
    await writeFile(join(dataset, "index.tsv"), index);
    const args = ["evaluate", "--dataset", dataset, "--task", "nuclei", "--json"];
    const { status, stdout, stderr } = await runCli(args);
    expect(status).toBe(0);
    expect(stderr).toMatch(/note: .*no µm\/px for 1 of 1 images.*--mpp/);
    expect(JSON.parse(stdout).mppAssumed).toBe(1);
  }, 120_000);
});

it("compares objects that are told from a slide's bounds with others in level 0", async () => {
  const file = (microtome: object, left: number) => {
    const ring = [
      [left, 0],
      [left + 9, 0],
      [left + 9, 9],
      [left, 0],
    ];
    const geometry = { type: "Polygon", coordinates: [ring] };
    const features = [{ type: "Feature", geometry, properties: {} }];
    return JSON.stringify({ type: "FeatureCollection", microtome, features });
  };
  const [pred, truth] = [join(dataset, "pred.geojson"), join(dataset, "truth.geojson")];
  await writeFile(pred, file({ software: "microtome", originX: 100, originY: 0 }, 20));
  const f1 = async (text: string): Promise<number> => {
    await writeFile(truth, text);
    const { stdout } = await runCli(["evaluate", "--pred", pred, "--truth", truth, "--json"]);
    return JSON.parse(stdout).f1;
  };
  expect(await f1(file({ software: "microtome" }, 120))).toBe(1);
  // QuPath does not say where it counts from: from the bounds, too.
  expect(await f1(file({ software: "microtome" }, 120).replace('"microtome":', '"other":'))).toBe(
    0,
  );
});
