import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MicrotomeError } from "../../src/errors.ts";
import { describeError, withoutPaths } from "../../src/server/http-error.ts";
import { LeaseCache } from "../../src/server/lease-cache.ts";
import { readObjects } from "../../src/server/read-objects.ts";
import { simplifyRing } from "../../src/server/simplify-ring.ts";

describe("readObjects", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "microtome-reading-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function read(features: readonly unknown[]) {
    const path = join(folder, "made.geojson");
    await writeFile(path, JSON.stringify({ type: "FeatureCollection", features }));
    return readObjects(path);
  }

  const square = (x: number, size: number, reversed = false) => {
    const ring = [
      [x, 0],
      [x + size, 0],
      [x + size, size],
      [x, size],
      [x, 0],
    ];
    return reversed ? ring.reverse() : ring;
  };

  test("takes every form that QuPath writes", async () => {
    const table = await read([
      {
        type: "Feature",
        id: "one",
        geometry: { type: "Polygon", coordinates: [square(0, 10, true)] },
        properties: {
          classification: { names: ["Tumor", "Positive"], color: [1, 2, 3, 255] },
          measurements: [{ name: "Area", value: 3 }],
        },
      },
      {
        type: "Feature",
        geometry: { type: "MultiPolygon", coordinates: [[square(20, 5)], [square(40, 5)]] },
        properties: { classification: "Stroma", color: -16776961, measurements: { Length: 7 } },
      },
      { type: "Feature", geometry: { type: "Point", coordinates: [1, 2] }, properties: {} },
      {
        type: "Feature",
        geometry: { type: "Polygon", coordinates: [square(60, 5)] },
        properties: { measurements: { Area: "NaN", Length: 8 } },
      },
    ]);
    expect(table.length).toBe(3);
    expect(table.ids).toEqual(["one", "1", "2"]);
    expect(table.classes).toEqual([
      { name: "Tumor: Positive", color: [1, 2, 3], count: 1 },
      { name: "Stroma", color: [0, 0, 255], count: 1 },
      { name: "Unclassified", color: [120, 120, 120], count: 1 },
    ]);
    expect([...table.ringsOf]).toEqual([0, 1, 3, 4]);
    expect([...table.boxes.slice(4, 8)]).toEqual([2000, 0, 4500, 500]);
    expect([...table.measurements.get("Area")!]).toEqual([3, Number.NaN, Number.NaN]);
    expect([...table.measurements.get("Length")!]).toEqual([Number.NaN, 7, 8]);
  });

  test("an empty run is a run", async () => {
    const table = await read([]);
    expect([table.length, table.index, table.classes]).toEqual([0, null, []]);
  });

  test.each([
    ["a feature without geometry", { type: "Feature", properties: {} }],
    ["a polygon of numbers", { geometry: { type: "Polygon", coordinates: [1, 2] } }],
    ["a point of text", { geometry: { type: "Polygon", coordinates: [[["a", "b"]]] } }],
    ["a polygon of nothing", { geometry: { type: "Polygon", coordinates: [] } }],
  ])("refuses %s and says which", async (_, feature) => {
    const good = { geometry: { type: "Polygon", coordinates: [square(0, 5)] } };
    const error = await read([good, feature]).catch((e) => e);
    expect(error).toBeInstanceOf(MicrotomeError);
    expect(error.message).toContain("feature 1");
  });
});

describe("simplifyRing", () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 200 }));

  test("keeps some of the points, in order, and strays no farther than it may", () => {
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 4, maxLength: 40 }),
        fc.double({ min: 0.1, max: 30, noNaN: true }),
        (points, tolerance) => {
          const kept: number[] = [];
          const count = simplifyRing(points.flat(), 0, points.length, tolerance, kept);
          expect(count).toBe(kept.length);
          expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
          const ring = kept.map((i) => points[i]!);
          for (const [x, y] of points) {
            const near = Math.min(...ring.map((b, i) => toSegment(x, y, ring.at(i - 1)!, b)));
            expect(near).toBeLessThanOrEqual(tolerance + 1e-9);
          }
        },
      ),
    );
  });

  test("a zigzag of 200,000 points, the worst case, is done in one go", () => {
    const coordinates: number[] = [];
    for (let i = 0; i < 200_000; i++) coordinates.push(i, i % 2 === 0 ? 0 : 50 + (i % 7));
    expect(simplifyRing(coordinates, 0, 200_000, 1, [])).toBeGreaterThan(100_000);
  });

  function toSegment(
    x: number,
    y: number,
    [ax, ay]: readonly [number, number],
    [bx, by]: readonly [number, number],
  ): number {
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = length === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length;
    const share = Math.max(0, Math.min(1, along));
    return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
  }
});

describe("LeaseCache", () => {
  function tracked(capacity: number) {
    const closed: string[] = [];
    const opened: string[] = [];
    const limits = { count: capacity, weight: 10, weigh: (value: string) => value.length };
    const cache = new LeaseCache<string>(limits, async (value) => {
      closed.push(value);
    });
    const open = (key: string) => async () => {
      opened.push(key);
      return key;
    };
    return { cache, open, opened, closed };
  }

  test("opens once for many, and closes only what nobody uses, oldest first", async () => {
    const { cache, open, opened, closed } = tracked(2);
    const [a, again] = await Promise.all([
      cache.borrow("a", open("a")),
      cache.borrow("a", open("a")),
    ]);
    expect(opened).toEqual(["a"]);
    const b = await cache.borrow("b", open("b"));
    const c = await cache.borrow("c", open("c"));
    b.release();
    await Promise.resolve();
    expect(closed).toEqual(["b"]);
    a.release();
    a.release();
    c.release();
    await Promise.resolve();
    expect(closed).toEqual(["b"]);
    again.release();
    await cache.clear();
    expect(closed.sort()).toEqual(["a", "b", "c"]);
  });

  test("what is heavy makes room, but the one used last stays", async () => {
    const { cache, open, closed } = tracked(8);
    const use = async (key: string) => {
      (await cache.borrow(key, open(key))).release();
      await Promise.resolve();
    };
    for (const key of ["aaaa", "bbbb", "aaaa", "cccc"]) await use(key);
    expect(closed).toEqual(["bbbb"]);
    await use("heavier than all");
    expect(closed.sort()).toEqual(["aaaa", "bbbb", "cccc"]);
    await use("d");
    expect(closed).toContain("heavier than all");
  });

  test("a failed opening is tried again", async () => {
    const { cache, open } = tracked(2);
    await expect(cache.borrow("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect((await cache.borrow("a", open("a"))).value).toBe("a");
  });
});

describe("what an error may say", () => {
  test.each([
    ["/home/ann/slides/case 7/a.svs ends early.", "a.svs ends early."],
    ["cannot read /a.tif", "cannot read a.tif"],
    ["C:\\slides\\b.tif is odd", "b.tif is odd"],
    ["found 3/4 tiles at 0.25 µm/px", "found 3/4 tiles at 0.25 µm/px"],
    ["say yes and/or no", "say yes and/or no"],
    [
      "/data/case 7/a.svs at 0.25 µm/px is too coarse, seen at 0.5 µm/px.",
      "a.svs at 0.25 µm/px is too coarse, seen at 0.5 µm/px.",
    ],
    ["/data/series 1 at 0.25 µm/px, 12 objects/mm²", "series 1 at 0.25 µm/px, 12 objects/mm²"],
    ["/data/a.svs, /data/b c/d.svs and e/f", "a.svs, d.svs and e/f"],
    ["C:\\my slides\\b.tif: 3 mm²/s", "b.tif: 3 mm²/s"],
  ])("%s", (message, expected) => {
    expect(withoutPaths(message)).toBe(expected);
  });

  test("what nobody expected says nothing of itself", () => {
    const { status, body } = describeError(new Error("ENOENT /etc/secret password=1"));
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toMatch(/secret|password|etc/);
  });
});
