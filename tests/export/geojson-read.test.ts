import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { FeatureSplitter } from "../../src/export/feature-splitter.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { ringArea } from "../../src/geometry.ts";
import { DATA, hasData } from "../shared-data.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-read-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EXPORTS = join(DATA, "qupath-exports");
const exported = hasData("qupath-exports")
  ? readdirSync(EXPORTS, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("json"),
    )
  : [];

function written(text: string): string {
  const path = join(folder, "file.geojson");
  writeFileSync(path, text);
  return path;
}

describe("FeatureSplitter", () => {
  it("finds the same features however the text is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 6 }),
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 2),
        fc.boolean(),
        (features, others, size, indent, bare) => {
          const root = bare ? features : { ...others, features, after: [1, { features: [2] }] };
          const text = JSON.stringify(root, null, indent);
          const splitter = new FeatureSplitter();
          const found: unknown[] = [];
          for (let at = 0; at < text.length; at += size) {
            found.push(...splitter.push(text.slice(at, at + size)).map((item) => JSON.parse(item)));
          }
          const { shell, complete } = splitter.end();
          const plain: unknown = JSON.parse(text);
          expect(complete).toBe(true);
          expect(found).toEqual(bare ? plain : (plain as { features: unknown }).features);
          expect(JSON.parse(shell)).toEqual(bare ? [] : { ...(plain as object), features: [] });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("readGeoJsonPolygons", () => {
  it.each([
    { what: "lists", open: "[", close: "]" },
    {
      what: "children",
      open: '{"type":"Feature","geometry":null,"properties":{"childObjects":[',
      close: "]}}",
    },
    { what: "collections", open: '{"type":"GeometryCollection","geometries":[', close: "]}" },
  ])("refuses $what that lie ever deeper in each other", async ({ open, close }) => {
    const path = written(`[${open.repeat(20_000)}${close.repeat(20_000)}]`);
    await expect(readGeoJsonPolygons(path)).rejects.toMatchObject({
      code: "corrupt-file",
      message: expect.stringMatching(/Feature 0 of .* deep in each other/),
    });
  });

  const square = [
    [
      [0, 0],
      [0, 4],
      [4, 4],
      [4, 0],
      [0, 0],
    ],
  ];

  it("turns outer rings clockwise on screen and holes the other way", async () => {
    const hole = [
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 1],
    ];
    const path = written(JSON.stringify({ type: "Polygon", coordinates: [square[0], hole] }));
    const [{ polygons } = { polygons: [] }] = await readGeoJsonPolygons(path);
    expect(ringArea(polygons[0]!.outer)).toBe(16);
    expect(ringArea(polygons[0]!.holes[0]!)).toBe(-0.5);
  });

  it("keeps a MultiPolygon together, reads children, and passes over points and empty polygons", async () => {
    const feature = (geometry: unknown, properties: unknown = {}) => ({
      type: "Feature",
      geometry,
      properties,
    });
    const path = written(
      JSON.stringify([
        feature({ type: "Point", coordinates: [1, 2] }),
        feature({ type: "Polygon", coordinates: [] }),
        feature(
          { type: "MultiPolygon", coordinates: [square, square] },
          {
            classification: { names: ["Tumor", "Positive"], color: [1, 2, 3] },
            measurements: [
              { name: "a", value: 2 },
              { name: "b", value: "NaN" },
            ],
            childObjects: [
              feature({ type: "Polygon", coordinates: square }, { classification: "x" }),
            ],
          },
        ),
      ]),
    );
    const objects = await readGeoJsonPolygons(path);
    expect(objects.map(({ polygons }) => polygons.length)).toEqual([2, 1]);
    expect(objects.map(({ classification }) => classification)).toEqual(["Tumor: Positive", "x"]);
    expect(objects[0]!.measurements).toEqual({ a: 2 });
  });

  it.each([
    {
      found: "a ring of 2 points",
      coordinates: [
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
      ],
    },
    {
      found: "a position without numbers",
      coordinates: [
        [
          [0, 0],
          [1, null],
          [2, 2],
          [0, 0],
        ],
      ],
    },
    { found: "a ring that is not an array", coordinates: [7] },
    { found: "no coordinates", coordinates: null },
  ])("refuses $found and names the file and the feature", async ({ found, coordinates }) => {
    const path = written(JSON.stringify([{ type: "Polygon", coordinates }]));
    await expect(readGeoJsonPolygons(path)).rejects.toMatchObject({
      code: "corrupt-file",
      message: expect.stringContaining(`Feature 0 of ${path} has ${found}`),
    });
  });

  it("refuses a missing file, an empty one and a broken one", async () => {
    const missing = readGeoJsonPolygons(join(folder, "none.geojson"));
    await expect(missing).rejects.toMatchObject({ code: "input-not-found" });
    for (const text of ["", "{", "plain text", '{"features":[{]}']) {
      await expect(readGeoJsonPolygons(written(text))).rejects.toMatchObject({
        code: "corrupt-file",
      });
    }
  });

  it.each(["{}", '{"task":"tumor","counts":{"objects":3}}', '{"type":"Topology"}'])(
    "refuses JSON that is no GeoJSON: %s",
    async (text) => {
      await expect(readGeoJsonPolygons(written(text))).rejects.toMatchObject({
        code: "corrupt-file",
        message: expect.stringContaining("Feature 0 of"),
      });
    },
  );

  it("finds nothing in GeoJSON without objects", async () => {
    for (const text of ['{"type":"FeatureCollection","features":[]}', "[]", '{"features":[]}']) {
      expect(await readGeoJsonPolygons(written(text))).toEqual([]);
    }
  });

  it.skipIf(exported.length === 0).each(exported)(
    "reads %s as JSON.parse does, without a fault",
    async (name) => {
      const path = join(EXPORTS, name);
      const text = readFileSync(path, "utf8");
      const objects = await readGeoJsonPolygons(path);
      const parts = objects.reduce((sum, { polygons }) => sum + polygons.length, 0);
      // Every polygon has one outer ring: count them in the parsed text.
      let expected = 0;
      const visit = (value: unknown): void => {
        if (typeof value !== "object" || value === null) return;
        const { type, coordinates } = value as { type?: string; coordinates?: unknown[] };
        if (type === "Polygon") expected++;
        else if (type === "MultiPolygon") expected += coordinates!.length;
        else Object.values(value).forEach(visit);
      };
      visit(JSON.parse(text));
      expect(parts).toBe(expected);
      // One of them has been through another program, which put its coordinate system in.
      const rules = (await checkGeoJson(path)).map(({ rule }) => rule);
      expect(rules).toEqual(text.includes('"crs"') ? ["crs"] : []);
    },
  );
});
