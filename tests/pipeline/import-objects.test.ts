import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { statedOrigin } from "../../src/export/microtome-member.ts";
import { QUPATH } from "../../src/export/qupath.ts";
import { type Box, polygonArea } from "../../src/geometry.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { type ImportOptions, importObjects } from "../../src/pipeline/import-objects.ts";
import { readPrompts } from "../../src/pipeline/read-prompts.ts";
import { openRunObjects } from "../../src/pipeline/run-objects.ts";
import { taskNamed } from "../../src/scales/tasks.ts";
import { UNITS_PER_PIXEL } from "../../src/server/outline.ts";
import { readObjects } from "../../src/server/read-objects.ts";
import { collect } from "../store/objects/some-objects.ts";
import { KEY, makeRun, OBJECTS } from "./run-of-objects.ts";

type Feature = Record<string, unknown> & {
  id?: string;
  geometry: { type: string; coordinates: unknown; isEllipse?: boolean };
  properties: Record<string, unknown>;
};

const OPTIONS: ImportOptions = { missing: "guess", allAnnotations: false };
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-import-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Exports the run and gives its features, as QuPath would write them after reading. */
async function exported(bounds: Box | null = null): Promise<Feature[]> {
  const { objects, close } = await openRunObjects(folder, "original");
  const path = join(folder, "out.geojson");
  const slide = { name: "s", width: 1e6, height: 1e6, mpp: 0.25, gridMpp: 0.25, bounds };
  await QUPATH.write(
    { objects, task: taskNamed("nuclei"), slide, model: "m", provenance: {} },
    { path },
  );
  await close();
  return JSON.parse(readFileSync(path, "utf8")).features;
}

/** 32-bit floats with two decimals, rings turned around and begun elsewhere, metadata twice. */
function asQuPathWrites(features: readonly Feature[]): string {
  const ring = (points: number[][]) => {
    const open = points.slice(0, -1).reverse();
    const turned = [...open.slice(2), ...open.slice(0, 2)];
    return [...turned, turned[0]!].map((xy) => xy.map((v) => Number(Math.fround(v).toFixed(2))));
  };
  const text = features.map((feature) => {
    const { geometry, properties } = feature;
    const coordinates =
      geometry.type === "Polygon"
        ? (geometry.coordinates as number[][][]).map(ring)
        : geometry.coordinates;
    const { measurements, ...others } = properties;
    const pairs = Object.entries(measurements ?? {}).map(([name, value]) => ({ name, value }));
    const written = { ...others, measurements: pairs, metadata: { a: "b" } };
    return JSON.stringify({
      ...feature,
      geometry: { ...geometry, coordinates },
      properties: written,
    }).replace('"metadata":{"a":"b"}', '"metadata":{"a":"b"},"metadata":{"a":"b"}');
  });
  return `{"type":"FeatureCollection","features":[${text.join(",")}]}`;
}

async function take(features: readonly Feature[], options: Partial<ImportOptions> = {}) {
  const path = join(folder, "from-qupath.geojson");
  writeFileSync(path, asQuPathWrites(features));
  return importObjects(folder, path, { ...OPTIONS, ...options });
}

async function corrected(): Promise<Instance[]> {
  const { objects, corrected, close } = await openRunObjects(folder);
  expect(corrected).toBe(true);
  const all = await collect(objects.all());
  await close();
  return all;
}

describe("importObjects", () => {
  it("finds no difference in a run's own export, ids and measurements kept", async () => {
    await makeRun(folder);
    const report = await take(await exported());
    expect(report).toMatchObject({
      original: 12,
      imported: 12,
      unchanged: 12,
      reshaped: 0,
      reclassified: 0,
    });
    expect(report).toMatchObject({ deleted: 0, added: 0, leftOut: 0, setAside: {}, objects: 12 });
    const { objects, close } = await openRunObjects(folder, "original");
    expect(await corrected()).toEqual(await collect(objects.all()));
    await close();
  });

  it("finds exactly the edits", async () => {
    await makeRun(folder);
    const features = await exported();
    const [gone, moved, renamed, both, split, ...rest] = features as [
      Feature,
      Feature,
      Feature,
      Feature,
      Feature,
    ];
    const shifted = (feature: Feature, by: number): unknown =>
      (feature.geometry.coordinates as number[][][]).map((ring) =>
        ring.map(([x, y]) => [x!, y! + by]),
      );
    moved.geometry.coordinates = shifted(moved, 0.02);
    renamed.properties.classification = { name: "Stromal", color: [1, 2, 3] };
    both.geometry.coordinates = shifted(both, 3);
    both.properties.classification = null;
    split.geometry = { type: "MultiPolygon", coordinates: [shifted(split, 0), shifted(split, 50)] };
    const drawn = (geometry: Feature["geometry"], properties: object): Feature => ({
      type: "Feature",
      geometry,
      properties: { ...properties },
    });
    const square = (x: number, side: number) => [
      [
        [x, 0],
        [x + side, 0],
        [x + side, side],
        [x, side],
        [x, 0],
      ],
    ];
    const added = [
      drawn(
        { type: "Polygon", coordinates: square(0, 8) },
        { objectType: "annotation", classification: "Nucleus", name: "drawn", isLocked: true },
      ),
      drawn(
        { type: "Polygon", coordinates: square(100, 8), isEllipse: true },
        { objectType: "detection" },
      ),
      {
        ...drawn({ type: "Polygon", coordinates: square(200, 8) }, { objectType: "cell" }),
        nucleusGeometry: { type: "Polygon", coordinates: square(202, 2) },
      },
    ];
    const aside = [
      drawn(
        { type: "Polygon", coordinates: square(0, 900) },
        { objectType: "annotation", childObjects: rest.slice(0, 3) },
      ),
      drawn(
        { type: "Polygon", coordinates: square(0, 900) },
        { objectType: "annotation", classification: { name: "Tumor", color: [1, 2, 3] } },
      ),
      drawn({ type: "Point", coordinates: [1, 2] }, {}),
    ];
    const report = await take([moved, renamed, both, split, ...rest.slice(3), ...added, ...aside]);
    expect(report).toMatchObject({
      original: 12,
      unchanged: 7,
      reshaped: 3,
      reclassified: 2,
      reshapedAndReclassified: 1,
      missing: 1,
      deleted: 1,
      added: 3,
      pieces: 1,
      leftOut: 0,
      setAside: { "annotation without a class": 1, "annotation Tumor": 1 },
      objects: 15,
    });
    const after = new Map((await corrected()).map((instance) => [instance.id, instance]));
    expect(after.has(gone.id!)).toBe(false);
    const before = new Map(OBJECTS.map((instance) => [instance.id, instance]));
    // Another outline is measured anew; what the model said of the old one is left out.
    const reshaped = after.get(moved.id!)!;
    expect(reshaped.areaUm2).toBeCloseTo(polygonArea(reshaped.polygon) * 0.0625, 3);
    expect([reshaped.predictedIou, reshaped.hematoxylinOd]).toEqual([Number.NaN, Number.NaN]);
    // Another class alone leaves the measurements.
    expect(after.get(renamed.id!)).toMatchObject({ classification: "Stromal", hematoxylinOd: 0.4 });
    expect(before.get(both.id!)!.classification).toBe("Lymphocyte");
    expect(after.get(both.id!)!.classification).toBeUndefined();
    const areas = [...after.values()]
      .filter(({ id }) => !before.has(id))
      .map(({ areaUm2 }) => areaUm2 / 0.0625);
    expect(areas.sort((a, b) => a - b).map((area) => Math.round(area))).toEqual([50, 64, 64, 96]);
    expect(await checkGeoJson(join(folder, report.files[1]!))).toEqual([]);
    const record = JSON.parse(readFileSync(join(folder, report.files[2]!), "utf8"));
    expect(record).toMatchObject({
      runKey: KEY,
      correctedFrom: "from-qupath.geojson",
      reshaped: 3,
    });
    // The run's own objects are what they were, and an import starts from them again.
    expect(await take(await exported())).toMatchObject({ unchanged: 12, objects: 12 });
  });

  it("moves what QuPath counts from a slide's bounds back to level 0", async () => {
    const bounds = { x: 199_000, y: 17, width: 5000, height: 5000 };
    await makeRun(folder, bounds);
    const features = await exported(bounds);
    expect((features[0]!.geometry.coordinates as number[][][])[0]![0]![0]).toBeLessThan(2000);
    expect(await take(features)).toMatchObject({ unchanged: 12, reshaped: 0 });
    // microtome's own file says what it counts from.
    const own = await importObjects(folder, join(folder, "out.geojson"), OPTIONS);
    expect(own).toMatchObject({ unchanged: 12, reshaped: 0 });
    // So does the corrected set beside it, which goes back and is shown where its objects lie.
    const beside = join(folder, own.files[1]!);
    expect(await statedOrigin(beside)).toEqual({ x: 199_000, y: 17 });
    expect((await readGeoJsonPolygons(beside))[0]!.polygons[0]!.outer[0]).toBeLessThan(2000);
    const again = await importObjects(folder, beside, OPTIONS);
    expect(again).toMatchObject({ unchanged: 12, reshaped: 0 });
    const table = await readObjects(beside);
    const first = OBJECTS[0]!.polygon.outer;
    expect(table.coordinates[0]).toBeCloseTo(first[0]! * UNITS_PER_PIXEL, 0);
    const { box } = (await readPrompts(beside, "box")).prompts[0]!;
    expect([box!.x, box!.y]).toEqual([expect.closeTo(first[0]!, 2), expect.closeTo(first[1]!, 2)]);
    // A run of a version without an objects file is read from its GeoJSON.
    rmSync(join(folder, own.files[0]!));
    const record = JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
    record.files = [own.files[1]];
    writeFileSync(join(folder, "run.json"), JSON.stringify(record));
    const { objects } = await openRunObjects(folder, "original");
    expect((await collect(objects.all()))[0]!.polygon).toEqual(OBJECTS[0]!.polygon);
  });

  it("takes a run back that was exported as annotations", async () => {
    await makeRun(folder);
    const features = await exported();
    for (const { properties } of features) properties.objectType = "annotation";
    expect(await take(features)).toMatchObject({ unchanged: 12, added: 0, setAside: {} });
  });

  it("asks before it takes half a file for deletions", async () => {
    await makeRun(folder);
    const few = (await exported()).slice(0, 4);
    await expect(take(few)).rejects.toMatchObject({ code: "run-mismatch" });
    expect(await take(few, { missing: "deleted" })).toMatchObject({ deleted: 8, objects: 4 });
    expect(await take(few, { missing: "kept" })).toMatchObject({
      missing: 8,
      deleted: 0,
      objects: 12,
    });
  });

  it("mends an outline that crosses itself, and names what it cannot take", async () => {
    await makeRun(folder);
    const features = await exported();
    const crossed = features[1]!;
    crossed.geometry.coordinates = [
      [
        [0, 0],
        [20, 20],
        [20, 0],
        [0, 10],
        [0, 0],
      ],
    ];
    const report = await take([...features, { ...features[0]! }]);
    expect(report).toMatchObject({ mended: 1, reshaped: 1, pieces: 1, leftOut: 1 });
    expect(report.left).toEqual([{ id: features[0]!.id, why: "its id stands in the file twice" }]);
    const { files } = report;
    expect(await checkGeoJson(join(folder, files[1]!))).toEqual([]);
  });

  it("keeps two new objects of one id apart, and names one that lies far off the slide", async () => {
    await makeRun(folder);
    const features = await exported();
    const drawn = (x: number): Feature => ({
      type: "Feature",
      id: "00000000-0000-4000-8000-000000000001",
      geometry: {
        type: "Polygon",
        coordinates: [
          [
            [x, 0],
            [x + 8, 0],
            [x + 8, 8],
            [x, 0],
          ],
        ],
      },
      properties: { objectType: "detection" },
    });
    const report = await take([...features, drawn(0), drawn(100), drawn(1e13)]);
    expect(report).toMatchObject({ unchanged: 12, added: 2, leftOut: 1, objects: 14 });
    expect(report.left[0]!.why).toContain("far off the slide");
    const ids = (await corrected()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(14);
  });

  it("leaves corrections of a run with other parameters alone", async () => {
    await makeRun(folder);
    await take(await exported());
    const path = join(folder, "run.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(KEY, KEY.replaceAll("0", "9")));
    await expect(openRunObjects(folder)).rejects.toMatchObject({ code: "corrupt-file" });
  });
});
