import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { fixGeoJson } from "../../src/export/fix.ts";
import { writeQuPath } from "../../src/export/qupath.ts";
import cases from "../cases/geojson/faults.json" with { type: "json" };
import { hasShapely, judgeWithShapely } from "../shapely.ts";
import { DATA, hasData } from "../shared-data.ts";
import { type FaultCase, textOf } from "./fault-cases.ts";
import { NUCLEI, squareInstance, streamOf } from "./objects.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-fix-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = join(folder, "out.geojson");
/** Every feature that came out of the cases, for GEOS to look at. */
const collected: unknown[] = [];

function written(text: string, name = "in.geojson"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Mends a text and gives the features of the result. */
async function mended(text: string) {
  const report = await fixGeoJson(written(text), out);
  const { features } = JSON.parse(readFileSync(out, "utf8"));
  return { report, features };
}

function feature(parts: object): string {
  return JSON.stringify({
    type: "Feature",
    geometry: { type: "Point", coordinates: [1, 2] },
    properties: {},
    ...parts,
  });
}

describe("fixGeoJson", () => {
  it.each(cases as unknown as FaultCase[])("of $name leaves a file that passes", async (item) => {
    const report = await fixGeoJson(written(textOf(item)), out);
    expect(await checkGeoJson(out)).toEqual([]);
    expect(report.leftOut > 0).toBe(item.left === true);
    // What was found is what was mended or left out, and nothing else was touched.
    const named = [...Object.keys(report.byRule), ...report.left.map(({ rule }) => rule)];
    if (item.rules.length === 0) expect(named).toEqual([]);
    else expect(named.length).toBeGreaterThan(0);
    for (const { message } of [...report.done, ...report.left]) {
      expect(message).not.toContain("undefined");
    }
    const text = readFileSync(out, "utf8");
    if (item.text === undefined) {
      const { features } = JSON.parse(text);
      expect(features).toHaveLength(item.left && item.name !== "children that are no list" ? 2 : 3);
      expect(report.features).toBe(3);
    }
    collected.push(...JSON.parse(text).features);
  });

  it.skipIf(!hasShapely())("of every case leaves polygons that GEOS finds valid", () => {
    const path = written(JSON.stringify(collected), "collected.geojson");
    const { polygons, invalid, invalidAfterRounding } = judgeWithShapely(path);
    expect(polygons).toBeGreaterThan(10);
    expect([invalid, invalidAfterRounding]).toEqual([[], []]);
  });

  it("says what it did to which object, and keeps the rest as it is", async () => {
    const id = "6423a977-ffff-48db-affc-cd11632010f0";
    const whole = feature({ id, properties: { name: "whole", metadata: { a: "b" } } });
    const { report, features } = await mended(
      `{"type":"FeatureCollection","note":{"a":1},"features":[${whole},${feature({ id })},${feature(
        {
          id: null,
          properties: {
            name: null,
            classification: { name: "Lymphocyte" },
            measurements: { a: "3", b: null, c: "NaN" },
          },
        },
      )}]}`,
    );
    expect(features[0]).toEqual(JSON.parse(whole));
    expect(features[1]).not.toHaveProperty("id");
    expect(features[2].properties).toEqual({
      classification: { name: "Lymphocyte", color: [255, 196, 0] },
      measurements: { a: 3, c: "NaN" },
    });
    expect(JSON.parse(readFileSync(out, "utf8")).note).toEqual({ a: 1 });
    expect(report).toMatchObject({ features: 3, written: 3, mended: 2, leftOut: 0 });
    expect(report.byRule).toEqual({ id: 2, name: 1, classification: 1, measurements: 1 });
    expect(report.done.map(({ feature }) => feature)).toEqual([1, 2, 2, 2, 2]);
  });

  it("gives microtome's own file back byte by byte where there is nothing to mend", async () => {
    const path = join(folder, "own.geojson");
    const objects = streamOf([0, 1, 2].map((n) => squareInstance(n)));
    await writeQuPath(objects, { path, task: NUCLEI, origin: { x: 5, y: 6 } });
    await fixGeoJson(path, out);
    expect(readFileSync(out, "utf8")).toBe(readFileSync(path, "utf8"));
  });

  it("takes a figure of eight apart and keeps its area", async () => {
    const bowTie = {
      type: "Polygon",
      coordinates: [
        [
          [0, 0],
          [10, 10],
          [10, 0],
          [0, 10],
          [0, 0],
        ],
      ],
    };
    const { features, report } = await mended(`[${feature({ geometry: bowTie })}]`);
    expect(features[0].geometry.type).toBe("MultiPolygon");
    expect(features[0].geometry.coordinates).toHaveLength(2);
    expect(report.done[0]!.message).toContain("put 2 valid polygons");
  });

  it("goes on after a feature that is no JSON, and keeps what comes before a torn end", async () => {
    const one = feature({});
    const torn = await mended(`[${one},{"type" "Feature"},${one},${one.slice(0, 30)}`);
    expect(torn.features).toHaveLength(2);
    expect(torn.report.left.map(({ rule, feature }) => [rule, feature])).toEqual([
      ["parsable", 1],
      ["parsable", null],
    ]);
  });

  it("leaves out a child that cannot be mended, and names it", async () => {
    const children = [JSON.parse(feature({})), { type: "Feature", geometry: null, properties: {} }];
    const { features, report } = await mended(
      `[${feature({ properties: { childObjects: children } })}]`,
    );
    expect(features[0].properties.childObjects).toHaveLength(1);
    expect(report.left).toMatchObject([{ rule: "geometry", feature: 0 }]);
    expect(report.left[0]!.message).toContain("child 1");
  });

  it("never writes over the file it reads, by whatever name", async () => {
    const path = written("[]");
    const link = join(folder, "link.geojson");
    symlinkSync(path, link);
    for (const same of [path, link, join(folder, ".", "in.geojson")]) {
      await expect(fixGeoJson(path, same)).rejects.toMatchObject({ code: "usage" });
    }
    const part = written("[]", "half.geojson.part");
    const half = join(folder, "half.geojson");
    await expect(fixGeoJson(part, half)).rejects.toMatchObject({ code: "usage" });
    expect(readFileSync(path, "utf8") + readFileSync(part, "utf8")).toBe("[][]");
  });

  it("bears features nested beyond any sense", async () => {
    const deep = "[".repeat(20_000) + "]".repeat(20_000);
    const { report } = await mended(
      `[${feature({}).replace('"properties":{}', `"properties":{"metadata":${deep}}`)}]`,
    );
    expect(report).toMatchObject({ features: 1, mended: 1, leftOut: 0 });
    let child = JSON.parse(feature({}));
    for (let i = 0; i < 40; i++) child = { ...child, properties: { childObjects: [child] } };
    const nested = await mended(JSON.stringify([child]));
    expect(nested.report.left.some(({ rule }) => rule === "children")).toBe(true);
    expect(await checkGeoJson(out)).toEqual([]);
  });

  it("gives files that pass, of anything", async () => {
    const ring = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 })),
      { maxLength: 9 },
    );
    const geometry = fc.oneof(
      fc.record({
        type: fc.constantFrom("Polygon", "Feature"),
        coordinates: fc.array(ring, { maxLength: 3 }),
      }),
      fc.record({
        type: fc.constant("MultiPolygon"),
        coordinates: fc.array(fc.array(ring, { maxLength: 2 }), { maxLength: 3 }),
      }),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const key = fc.constantFrom(
      "id",
      "name",
      "color",
      "classification",
      "measurements",
      "metadata",
      "childObjects",
      "isLocked",
      "objectType",
      "nucleusGeometry",
    );
    const properties = fc.oneof(
      fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const item = fc.record({
      type: fc.constant("Feature"),
      id: fc.jsonValue({ maxDepth: 1 }),
      geometry,
      properties,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(item, fc.jsonValue({ maxDepth: 2 })), { maxLength: 6 }),
        async (features) => {
          await fixGeoJson(written(JSON.stringify({ type: "FeatureCollection", features })), out);
          expect(await checkGeoJson(out)).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  const EXPORTS = join(DATA, "qupath-exports");
  const names = hasData("qupath-exports")
    ? readdirSync(EXPORTS, { recursive: true, encoding: "utf8" }).filter((name) =>
        name.endsWith("json"),
      )
    : [];
  it.skipIf(names.length === 0)(
    "has nothing to do in QuPath's own exports, but a foreign crs",
    async () => {
      for (const name of names) {
        const report = await fixGeoJson(join(EXPORTS, name), out);
        expect(report.leftOut).toBe(0);
        expect(Object.keys(report.byRule).filter((rule) => rule !== "crs")).toEqual([]);
        const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
        const before = read(join(EXPORTS, name));
        const list = Array.isArray(before) ? before : (before.features ?? [before]);
        expect(read(out).features).toEqual(list);
      }
    },
  );
});
