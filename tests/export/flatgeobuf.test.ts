import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { geojson } from "flatgeobuf";
import type { HeaderMeta } from "flatgeobuf/lib/mjs/header-meta.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hilbertIndex } from "../../src/export/flatgeobuf/hilbert.ts";
import { inHilbertOrder } from "../../src/export/flatgeobuf/hilbert-order.ts";
import { writeFlatGeobuf } from "../../src/export/flatgeobuf/write-flatgeobuf.ts";
import { ringBox } from "../../src/geometry.ts";
import { memorySource } from "./memory-source.ts";
import { strewn, subjectOf } from "./objects.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-fgb-"));
  // The package tells every step of a search.
  vi.spyOn(console, "debug").mockImplementation(() => undefined);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

const closed = (ring: readonly number[]) =>
  Array.from({ length: ring.length / 2 + 1 }, (_, i) => {
    const at = (2 * i) % ring.length;
    return [ring[at], ring[at + 1]];
  });

interface Read {
  readonly geometry: { readonly type: string; readonly coordinates: number[][][] };
  readonly properties: Readonly<Record<string, unknown>>;
}

async function read(path: string, rect?: [number, number, number, number]) {
  const features: Read[] = [];
  let header: HeaderMeta | undefined;
  const box = rect && { minX: rect[0], minY: rect[1], maxX: rect[2], maxY: rect[3] };
  const options = {
    headerMetaFn: (meta: HeaderMeta) => (header = meta),
    ...(box ? { rect: box } : {}),
  };
  for await (const feature of geojson.deserialize(new Uint8Array(readFileSync(path)), options)) {
    features.push(feature as unknown as Read);
  }
  return { features, header: header! };
}

describe("writeFlatGeobuf", () => {
  it("is read back by the format's own library, whole and by box", async () => {
    const objects = strewn(3000);
    const path = join(folder, "nuclei.fgb");
    const [file] = await writeFlatGeobuf(subjectOf(objects), { path });
    expect(file).toEqual({ path, objects: 3000, bytes: readFileSync(path).length });
    expect(readdirSync(folder)).toEqual(["nuclei.fgb"]);

    const { features, header } = await read(path);
    expect(header).toMatchObject({ featuresCount: 3000, indexNodeSize: 16, crs: null });
    expect(JSON.parse(header.metadata!)).toMatchObject({ model: "m1", slide: "slide.svs" });
    const byId = new Map(features.map((feature) => [feature.properties.id, feature]));
    expect(byId.size).toBe(3000);
    for (const { id, polygon, areaUm2, hematoxylinOd, classification } of objects) {
      const { geometry, properties } = byId.get(id)!;
      expect(geometry.coordinates).toEqual([polygon.outer, ...polygon.holes].map(closed));
      expect(properties.class).toBe(classification ?? "Nucleus");
      expect(properties.area_um2).toBeCloseTo(areaUm2, 3);
      expect("hematoxylin_od" in properties).toBe(Number.isFinite(hematoxylinOd));
    }

    const rect: [number, number, number, number] = [1000, 500, 1600, 900];
    const found = (await read(path, rect)).features.map(({ properties }) => properties.id);
    const expected = objects.filter(({ polygon }) => {
      const { x, y, width, height } = ringBox(polygon.outer);
      return x <= rect[2] && x + width >= rect[0] && y <= rect[3] && y + height >= rect[1];
    });
    expect(expected.length).toBeGreaterThan(30);
    expect(new Set(found)).toEqual(new Set(expected.map(({ id }) => id)));
  });

  it.each([0, 1, 16, 17, 257])("holds %i objects", async (count) => {
    const path = join(folder, "few.fgb");
    await writeFlatGeobuf(subjectOf(strewn(count)), { path });
    const { features, header } = await read(path);
    expect(features).toHaveLength(count);
    expect(header.featuresCount).toBe(count);
  });

  it("refuses a source that gives fewer objects than it counts, and leaves nothing behind", async () => {
    const subject = subjectOf(strewn(20));
    const objects = { ...subject.objects, path: "run/nuclei.objects", count: 21 };
    const path = join(folder, "short.fgb");
    await expect(writeFlatGeobuf({ ...subject, objects }, { path })).rejects.toMatchObject({
      code: "corrupt-file",
      message: expect.stringContaining("run/nuclei.objects: found 20 objects"),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

it("names a folder that is not there", async () => {
  const path = join(folder, "none", "nuclei.fgb");
  await expect(writeFlatGeobuf(subjectOf(strewn(2)), { path })).rejects.toMatchObject({
    code: "output-unwritable",
    message: expect.stringContaining(path),
  });
});

describe("the Hilbert curve", () => {
  it("goes from neighbour to neighbour and through every cell once", () => {
    const cells = Array.from({ length: 64 * 64 }, (_, i) => ({ x: i % 64, y: Math.floor(i / 64) }));
    const along = cells.sort((a, b) => hilbertIndex(a.x, a.y) - hilbertIndex(b.x, b.y));
    for (const [i, { x, y }] of along.entries()) {
      if (i === 0) continue;
      const before = along[i - 1]!;
      expect(Math.abs(x - before.x) + Math.abs(y - before.y)).toBe(1);
    }
    expect(new Set(cells.map(({ x, y }) => hilbertIndex(x, y))).size).toBe(64 * 64);
  });

  it("holds so many objects and no more, and gives the same order, where they crowd a cell or one spot of it", async () => {
    const crowd = strewn(120, 300);
    // Every third lies where the last does: one position of the curve.
    const { polygon } = crowd[119]!;
    const objects = crowd.map((one, i) => (i % 3 === 0 ? { ...one, polygon } : one));
    const order = async (most?: number) => {
      const ids: string[] = [];
      for await (const { instance } of inHilbertOrder(memorySource(objects), most))
        ids.push(instance.id);
      return ids;
    };
    const expected = await order();
    expect(new Set(expected).size).toBe(120);
    for (const most of [1, 7, 30, 119]) expect(await order(most)).toEqual(expected);
  });

  it("gives every object once, and the same order however many cells it is cut into", async () => {
    const objects = strewn(5000);
    const order = async (count: number) => {
      const ids: string[] = [];
      // The number of cells goes by the count that a source tells.
      for await (const { instance } of inHilbertOrder({ ...memorySource(objects), count })) {
        ids.push(instance.id);
      }
      return ids;
    };
    const many = await order(100_000);
    expect(new Set(many).size).toBe(5000);
    expect(many).toEqual(await order(1));
  });
});
