import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { QUPATH, writeQuPath } from "../../src/export/qupath.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { NUCLEI, squareInstance, streamOf, strewn, subjectOf } from "./objects.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-export-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const three = [0, 1, 2].map((n) => squareInstance(n));

describe("writeQuPath", () => {
  it("writes what QuPath reads, and the reader gives the objects back", async () => {
    const path = join(folder, "nuclei.geojson");
    const result = await writeQuPath(streamOf(three), {
      path,
      task: NUCLEI,
      model: "m1",
      provenance: { "model-sha256": "ab", mpp: 0.25 },
    });
    const text = readFileSync(path, "utf8");
    expect(result).toEqual({ objects: 3, bytes: Buffer.byteLength(text) });
    expect(text).not.toContain("null");
    const collection = JSON.parse(text);
    expect(Object.keys(collection)).toEqual(["type", "microtome", "features"]);
    expect(collection.microtome).toMatchObject({
      notice: "for research use only",
      model: "m1",
      "model-sha256": "ab",
      mpp: 0.25,
    });
    expect(collection.microtome.software).toMatch(/^microtome \d+\.\d+\.\d+/);
    expect(collection.features[1]).toEqual({
      type: "Feature",
      id: "00000000-0000-5000-8000-000000000001",
      geometry: {
        type: "Polygon",
        coordinates: [
          [
            [20.25, 0],
            [30.25, 0],
            [30.25, 10],
            [20.25, 10],
            [20.25, 0],
          ],
          [
            [22.25, 2],
            [22.25, 4],
            [24.25, 4],
            [24.25, 2],
            [22.25, 2],
          ],
        ],
      },
      properties: {
        objectType: "detection",
        classification: { name: "Nucleus", color: [30, 120, 255] },
        measurements: {
          "Area µm^2": 6,
          "Perimeter µm": 12,
          Circularity: 0.7854,
          "Predicted IoU": 0.91,
          Stability: 0.95,
          "Hematoxylin OD mean": 0.4,
        },
      },
    });
    // U+00B5, the micro sign that QuPath's own measurements are spelt with, not the Greek letter U+03BC.
    expect(text).toContain("Area \u00b5m^2");
    expect(await checkGeoJson(path)).toEqual([]);
    const read = await readGeoJsonPolygons(path);
    expect(read.map(({ polygons }) => polygons)).toEqual(three.map(({ polygon }) => [polygon]));
    expect(read[2]).toMatchObject({ id: three[2]!.id, classification: "Nucleus" });
    expect(read[2]!.measurements["Area µm^2"]).toBe(6);
  });

  it("names the class of an object whose model was sure of it, in a colour of its own", async () => {
    const path = join(folder, "classes.geojson");
    const named = squareInstance(0, { classification: "Lymphocyte" });
    const unknown = squareInstance(1, { classification: "Mast cell" });
    await writeQuPath(streamOf([named, unknown, squareInstance(2)]), { path, task: NUCLEI });
    const { features } = JSON.parse(readFileSync(path, "utf8"));
    const [first, second, third] = features.map(
      (feature: { properties: { classification: unknown } }) => feature.properties.classification,
    );
    expect(first).toEqual({ name: "Lymphocyte", color: [255, 196, 0] });
    expect(second.name).toBe("Mast cell");
    expect(second.color.every((v: number) => Number.isInteger(v) && v >= 0 && v <= 255)).toBe(true);
    expect(third).toEqual({ name: NUCLEI.objectName, color: NUCLEI.color });
  });

  it("compresses to the same bytes every time, without a time in the header", async () => {
    const digests = new Set<string>();
    for (const name of ["a.geojson.gz", "b.geojson.gz"]) {
      const path = join(folder, name);
      const { bytes } = await writeQuPath(streamOf(three), { path, task: NUCLEI });
      const file = readFileSync(path);
      expect(bytes).toBe(file.length);
      expect([...file.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
      digests.add(createHash("sha256").update(file).digest("hex"));
      expect(JSON.parse(gunzipSync(file).toString("utf8")).features).toHaveLength(3);
      expect(await readGeoJsonPolygons(path)).toHaveLength(3);
      expect(await checkGeoJson(path)).toEqual([]);
    }
    expect(digests.size).toBe(1);
  });

  it("leaves out a measurement that is not finite, and writes an empty collection for no objects", async () => {
    const path = join(folder, "one.geojson");
    const bare = squareInstance(0, { hematoxylinOd: Number.NaN });
    await writeQuPath(streamOf([bare]), { path, task: NUCLEI });
    const [feature] = JSON.parse(readFileSync(path, "utf8")).features;
    expect(feature.properties.measurements).not.toHaveProperty("Hematoxylin OD mean");
    expect(await writeQuPath(streamOf([]), { path, task: NUCLEI })).toMatchObject({ objects: 0 });
    expect(JSON.parse(readFileSync(path, "utf8")).features).toEqual([]);
    expect(await checkGeoJson(path)).toEqual([]);
  });

  it("takes objects only as fast as it writes them, and many of them", async () => {
    const path = join(folder, "many.geojson.gz");
    const { objects } = await writeQuPath(
      streamOf(Array.from({ length: 20_000 }, (_, n) => squareInstance(n))),
      { path, task: NUCLEI },
    );
    expect(objects).toBe(20_000);
    const read = await readGeoJsonPolygons(path);
    expect(read).toHaveLength(20_000);
    expect(read[19_999]!.polygons[0]!.outer[0]).toBe(19_999 * 20 + 0.25);
  });

  it("keeps the old file, and leaves no other, when the objects end in an error", async () => {
    const path = join(folder, "nuclei.geojson");
    writeFileSync(path, "old");
    async function* failing(): AsyncGenerator<Instance, void, void> {
      yield three[0]!;
      throw new RangeError("the ledger is gone");
    }
    await expect(writeQuPath(failing(), { path, task: NUCLEI })).rejects.toThrow(RangeError);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["nuclei.geojson"]);
  });

  it("says what is wrong with a folder that is not there", async () => {
    const path = join(folder, "nowhere", "nuclei.geojson");
    await expect(writeQuPath(streamOf(three), { path, task: NUCLEI })).rejects.toMatchObject({
      code: "output-unwritable",
      message: expect.stringContaining("nowhere"),
    });
  });
});

describe("the format qupath", () => {
  const texts = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));

  it("splits objects into files that are each whole, in their order", async () => {
    const objects = strewn(7);
    const target = { path: join(folder, "nuclei.geojson"), maxObjects: 3 };
    const files = await QUPATH.write(subjectOf(objects), target);
    expect(files.map(({ path, objects: count }) => [path, count])).toEqual(
      [3, 3, 1].map((count, i) => [join(folder, `nuclei-00${i + 1}.geojson`), count]),
    );
    const read = await Promise.all(files.map(({ path }) => readGeoJsonPolygons(path)));
    expect(read.flat().map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
    for (const [i, { path, bytes }] of files.entries()) {
      expect(await checkGeoJson(path)).toEqual([]);
      const text = readFileSync(path, "utf8");
      expect(bytes).toBe(Buffer.byteLength(text));
      expect(JSON.parse(text).microtome).toMatchObject({ part: i + 1, parts: 3 });
    }
  });

  it.each([
    ["a.v2.geojson.gz", "a.v2-001.geojson.gz"],
    ["objects", "objects-001"],
  ])("numbers %s before its ending, one file of no objects too", async (name, numbered) => {
    await QUPATH.write(subjectOf([]), { path: join(folder, name), maxObjects: 5 });
    expect(readdirSync(folder)).toEqual([numbered]);
    expect(await readGeoJsonPolygons(join(folder, numbered))).toEqual([]);
  });

  it("takes the corner of a slide's bounds off, as QuPath counts, and says so", async () => {
    const bounds = { x: 10, y: 0, width: 500, height: 400 };
    const subject = subjectOf([squareInstance(1)], { bounds });
    await QUPATH.write(subject, { path: join(folder, "bounds.geojson") });
    const { features, microtome } = JSON.parse(texts()[0]!);
    expect(features[0].geometry.coordinates[0][0]).toEqual([10.25, 0]);
    expect(microtome).toMatchObject({ originX: 10, originY: 0 });
    expect(microtome.coordinates).toContain("bounds");
  });

  it.each(["detection", "annotation"] as const)(
    "writes objects as %ss where asked",
    async (objectType) => {
      const path = join(folder, "typed.geojson");
      await QUPATH.write(subjectOf(three), { path, objectType });
      const { features } = JSON.parse(readFileSync(path, "utf8"));
      const types = features.map(
        (feature: { properties: { objectType: string } }) => feature.properties.objectType,
      );
      expect(types).toEqual([objectType, objectType, objectType]);
      expect(await checkGeoJson(path)).toEqual([]);
    },
  );

  it("leaves nothing of a file whose objects cannot be read", async () => {
    async function* broken() {
      yield squareInstance(0);
      throw new Error("the objects end here");
    }
    for (const name of ["broken.geojson", "broken.geojson.gz"]) {
      const path = join(folder, name);
      await expect(writeQuPath(broken(), { path, task: NUCLEI })).rejects.toThrow("end here");
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});
