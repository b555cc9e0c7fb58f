import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { streamGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import type { ObjectLabel } from "../../src/export/object-label.ts";
import { QUPATH } from "../../src/export/qupath.ts";
import { type ImportOptions, importObjects } from "../../src/pipeline/import-objects.ts";
import { readRunLabels } from "../../src/pipeline/run-labels.ts";
import { openRunObjects } from "../../src/pipeline/run-objects.ts";
import { taskNamed } from "../../src/scales/tasks.ts";
import { correctedNames } from "../../src/store/corrected-names.ts";
import { DATA, hasData } from "../shared-data.ts";
import { collect } from "../store/objects/some-objects.ts";
import { KEY, makeRun, OBJECTS } from "./run-of-objects.ts";

type Feature = Record<string, unknown> & { id?: string; properties: Record<string, unknown> };

const OPTIONS: ImportOptions = { missing: "guess", allAnnotations: false };
const NAMES = correctedNames({ task: "nuclei", key: KEY });
let folder = "";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "microtome-import-labels-"));
  await makeRun(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What `microtome export` writes, by its pieces. */
async function exported(choice: "corrected" | "original"): Promise<Feature[]> {
  const { record, objects, corrected, close } = await openRunObjects(folder, choice);
  const path = join(folder, "out.geojson");
  const slide = { name: "s", width: 1e6, height: 1e6, mpp: 0.25, gridMpp: 0.25, bounds: null };
  const about = { objects, task: taskNamed("nuclei"), slide, model: "m", provenance: {} };
  try {
    await QUPATH.write({ ...about, ...(await readRunLabels(folder, record, corrected)) }, { path });
  } finally {
    await close();
  }
  return JSON.parse(readFileSync(path, "utf8")).features;
}

async function take(features: readonly Feature[], options: Partial<ImportOptions> = {}) {
  const path = join(folder, "from-qupath.geojson");
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", features }));
  return importObjects(folder, path, { ...OPTIONS, ...options });
}

function square(x: number): object {
  const ring = [
    [x, 0],
    [x + 8, 0],
    [x + 8, 8],
    [x, 8],
    [x, 0],
  ];
  return { type: "Polygon", coordinates: [ring] };
}

describe("names, locks and metadata of imported objects", () => {
  it("come out again as they went in, of objects that stayed, changed or are new", async () => {
    const features = await exported("original");
    const [named, locked, reshaped, recoloured] = features as [Feature, Feature, Feature, Feature];
    Object.assign(named.properties, {
      name: 'Mitosis? "7"\nœ\u2028',
      metadata: { by: "AB", n: "2" },
    });
    Object.assign(locked.properties, { isLocked: true });
    Object.assign(reshaped, { geometry: square(50) });
    Object.assign(reshaped.properties, { name: "redrawn", isLocked: true });
    Object.assign(recoloured.properties, { color: [1, 2, 3] });
    recoloured.properties.classification = { name: "Tumor: Positive", color: [9, 8, 7] };
    const drawn: Feature = {
      type: "Feature",
      id: "00000000-0000-4000-8000-00000000000a",
      geometry: square(0),
      properties: { objectType: "annotation", classification: "Nucleus", name: "drawn" },
    };
    const report = await take([...features, drawn]);
    expect(report).toMatchObject({ unchanged: 10, reshaped: 1, added: 1, labelled: 5 });
    expect(report).toMatchObject({ labelsLeftOut: 0, left: [] });
    const after = await exported("corrected");
    const wanted = new Map([...features, drawn].map((feature) => [feature.id, feature]));
    for (const { id, properties } of after) {
      const { name, isLocked, metadata, color } = wanted.get(id)!.properties;
      expect([properties.name, properties.isLocked]).toEqual([name, isLocked]);
      expect([properties.metadata, properties.color]).toEqual([metadata, color]);
    }
    const tumor = after.find(({ id }) => id === recoloured.id)!;
    expect(tumor.properties.classification).toEqual({ name: "Tumor: Positive", color: [9, 8, 7] });
    // The file beside the objects says the same, and the run's own export none of it.
    const beside = await featuresOf(join(folder, NAMES.geoJson));
    expect(beside.get(named.id!)).toEqual({
      name: named.properties.name,
      metadata: named.properties.metadata,
    });
    expect((await exported("original")).every(({ properties }) => !("name" in properties))).toBe(
      true,
    );
    // And once more through QuPath: nothing is lost, nothing differs.
    expect(await take(after)).toMatchObject({ labelled: 5, added: 1, labelsLeftOut: 0 });
    expect(await exported("corrected")).toEqual(after);
  });

  it("leave out by name what is of the wrong type or has no end", async () => {
    const features = await exported("original");
    const bad: Record<string, unknown>[] = [
      { name: "x".repeat(1001), isLocked: true },
      { name: { first: "a" } },
      { isLocked: "yes" },
      { metadata: { deep: { deeper: { deepest: 1 } }, fine: "kept", long: "y".repeat(10_001) } },
      { metadata: Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`k${n}`, "v"])) },
      { metadata: ["a"], color: "red" },
      { name: null, metadata: null, isLocked: false, color: null },
    ];
    for (const [i, properties] of bad.entries()) Object.assign(features[i]!.properties, properties);
    // A key that would be the object's prototype is a key like others.
    const text = JSON.stringify({ type: "FeatureCollection", features }).replace(
      '"fine":"kept"',
      '"fine":"kept","__proto__":"p"',
    );
    const path = join(folder, "hostile.geojson");
    writeFileSync(path, text);
    const report = await importObjects(folder, path, OPTIONS);
    expect(report).toMatchObject({ unchanged: 12, labelled: 3, labelsLeftOut: 8, leftOut: 0 });
    expect(report.left.map(({ why }) => why)).toEqual([
      "its name is 1001 characters long; expected 1000 at most: not kept",
      'its name is {"first":"a"}; expected text: not kept',
      'its isLocked is "yes": not kept',
      'its metadata "deep" are {"deeper":…}; expected text: not kept',
      'its metadata "long" are 10001 characters long; expected 10000 at most: not kept',
      "its metadata have more than 100 entries; those after are not kept: not kept",
      'its metadata are ["a"]: not kept',
      'its color is "red": not kept',
    ]);
    const after = await featuresOf(join(folder, NAMES.geoJson));
    expect(after.get(features[0]!.id!)).toEqual({ isLocked: true });
    expect(Object.entries(after.get(features[3]!.id!)!.metadata!)).toEqual([
      ["fine", "kept"],
      ["__proto__", "p"],
    ]);
    expect(Object.keys(after.get(features[4]!.id!)!.metadata!)).toHaveLength(100);
  });

  it("refuses text without end, and a damaged file of labels", async () => {
    const features = await exported("original");
    const value = "z".repeat(10_000);
    const metadata = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, value]));
    const many = Array.from({ length: 70 }, (_, n) => ({
      type: "Feature",
      geometry: square(20 * n),
      properties: { objectType: "detection", metadata },
    }));
    await expect(take([...features, ...many])).rejects.toMatchObject({ code: "corrupt-file" });
    Object.assign(features[0]!.properties, { name: "one" });
    await take(features);
    const path = join(folder, NAMES.labels);
    const text = readFileSync(path, "utf8");
    const endless = `${text}${"x".repeat(9 << 20)}`;
    for (const damaged of [
      text.slice(0, 40),
      text.split("\n")[0]!,
      `${text}{"id":1}\n`,
      endless,
      "",
    ]) {
      writeFileSync(path, damaged);
      await expect(exported("corrected")).rejects.toMatchObject({
        code: "corrupt-file",
        message: expect.stringContaining("--objects original"),
      });
    }
    // Corrections of a version that kept none have no such file.
    rmSync(path);
    expect(await exported("corrected")).toHaveLength(12);
  });

  it("keeps what the run said of objects that the file does not speak of", async () => {
    const record = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    writeFileSync(join(folder, "run.json"), JSON.stringify({ ...record, prompts: {} }));
    const marks = OBJECTS.map(({ id }, n) => ({ id: `#${n}`, name: `mark ${n}`, object: id }));
    const told = { format: 1, prompts: marks };
    writeFileSync(join(folder, "nuclei.prompts.json"), JSON.stringify(told));
    const features = await exported("original");
    expect(features[3]!.properties).toMatchObject({ name: "mark 3", metadata: { promptId: "#3" } });
    features[0]!.properties.name = "renamed";
    await take(features.slice(0, 2), { missing: "kept" });
    const after = await exported("corrected");
    expect(after.map(({ properties }) => properties.name)).toEqual([
      "renamed",
      ...marks.slice(1).map(({ name }) => name),
    ]);
    expect(after[0]!.properties.metadata).toEqual({ promptId: "#0" });
  });
});

const REAL = "qupath-exports/qupath_to_lmd";

it.skipIf(!hasData(REAL))(
  "names and locks of QuPath's own exports come out again",
  async () => {
    let said = 0;
    for (const file of readdirSync(join(DATA, REAL)).filter((name) => name.endsWith(".geojson"))) {
      const path = join(DATA, REAL, file);
      const wanted: ObjectLabel[] = [];
      for await (const { label, objectType } of streamGeoJsonPolygons(path)) {
        if (label && objectType !== "tile") wanted.push(label);
      }
      const { left, leftOut } = await importObjects(folder, path, {
        missing: "deleted",
        allAnnotations: true,
      });
      if (leftOut > 0) expect(left.map(({ why }) => why).join()).toContain("twice");
      const found = [...(await featuresOf(join(folder, NAMES.geoJson))).values()];
      for (const label of wanted) {
        expect(found).toContainEqual(label);
        said++;
      }
    }
    expect(said).toBe(161);
  },
  120_000,
);

/** What the features of a file say of themselves, by id. */
async function featuresOf(path: string): Promise<Map<string, ObjectLabel>> {
  const objects = await collect(streamGeoJsonPolygons(path));
  return new Map(objects.flatMap(({ id, label }) => (label ? [[id!, label]] : [])));
}
