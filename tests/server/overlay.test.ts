import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { booleanPointInPolygon } from "@turf/turf";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CountAnswer, HitAnswer, ItemList, ObjectInfo } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { type DecodedTile, decodeTile } from "../../src/viewer/decode-tile.ts";
import { getJson, send } from "./support/http.ts";
import { type MadeFeature, madeFeatures, writeRun, writeSlide } from "./support/made-run.ts";

const SIDE = 1024;

let root: string;
let server: RunningServer;
let run: string;

/** A disc with a hole, and a small object inside the hole's disc. */
const holed = feature("holed", [
  [
    [600, 900],
    [700, 900],
    [700, 1000],
    [600, 1000],
    [600, 900],
  ],
  [
    [620, 920],
    [620, 980],
    [680, 980],
    [680, 920],
    [620, 920],
  ],
]);
/** Covers a quarter of the slide: what is inside of it is smaller and is hit first. */
const large = feature("large", [
  [
    [0, 0],
    [700, 0],
    [700, 500],
    [0, 500],
    [0, 0],
  ],
]);
const speck = feature("speck", [
  [
    [1400.25, 1050],
    [1401.25, 1050],
    [1401.25, 1051],
    [1400.25, 1050],
  ],
]);
const features = [...madeFeatures(108), holed, large, speck];

function feature(id: string, coordinates: number[][][]): MadeFeature {
  return {
    type: "Feature",
    id,
    geometry: { type: "Polygon", coordinates },
    properties: {
      objectType: "detection",
      classification: { name: "Other", color: [1, 2, 3] },
      measurements: { "Area µm^2": 1 },
    },
  };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "microtome-overlay-"));
  const slide = join(root, "made.tif");
  await writeSlide(slide, []);
  await writeRun(join(root, "made.nuclei"), slide, features);
  server = await startServer({ target: root, port: 0 });
  const items = await getJson<ItemList>(server.port, "/api/items");
  run = `/api/runs/${items.runs[0]!.id}`;
});

afterAll(async () => {
  await server?.close();
  await rm(root, { recursive: true, force: true });
});

async function tileAt(z: number, x: number, y: number): Promise<DecodedTile> {
  const { status, body } = await send(server.port, `${run}/overlay/${z}/${x}/${y}`);
  expect(status).toBe(200);
  return decodeTile(Uint8Array.from(body).buffer);
}

/** The rings of an outline, level-0 px. */
function ringsOf(tile: DecodedTile, i: number, left: number, top: number): number[][][] {
  const rings: number[][][] = [];
  for (let r = tile.ringsOf[i]!; r < tile.ringsOf[i + 1]!; r++) {
    const ring: number[][] = [];
    for (let p = tile.pointsOf[r]!; p < tile.pointsOf[r + 1]!; p++) {
      ring.push([left + tile.xy[2 * p]!, top + tile.xy[2 * p + 1]!]);
    }
    rings.push(ring);
  }
  return rings;
}

function boxOf({ geometry }: MadeFeature): readonly [number, number, number, number] {
  const xs = geometry.coordinates[0]!.map((point) => point[0]!);
  const ys = geometry.coordinates[0]!.map((point) => point[1]!);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function key(points: readonly (readonly number[])[]): string[] {
  return points.map(([x, y]) => `${x!.toFixed(2)},${y!.toFixed(2)}`).sort();
}

describe("vector tiles", () => {
  test("at zoom 0 hold exactly the objects whose box meets them, with all their points", async () => {
    for (const [x, y] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const tile = await tileAt(0, x, y);
      const expected = features.flatMap((f, i) => {
        const [x0, y0, x1, y1] = boxOf(f);
        const meets =
          x1 >= x * SIDE && x0 < (x + 1) * SIDE && y1 >= y * SIDE && y0 < (y + 1) * SIDE;
        return meets ? [i] : [];
      });
      expect([...tile.objects, ...tile.dots].sort((a, b) => a - b)).toEqual(expected);
      expect(tile.total).toBe(expected.length);
      for (const [i, object] of tile.objects.entries()) {
        const source = features[object]!.geometry.coordinates;
        const rings = ringsOf(tile, i, x * SIDE, y * SIDE);
        expect(rings).toHaveLength(source.length);
        for (const [r, ring] of rings.entries()) {
          expect(key(ring)).toEqual(key(source[r]!.slice(0, -1)));
        }
      }
    }
  });

  test("an object on the border of two tiles has one index", async () => {
    const [left, right] = [await tileAt(0, 0, 0), await tileAt(0, 1, 0)];
    const shared = [...left.objects].filter((object) => right.objects.includes(object));
    expect(shared.length).toBeGreaterThan(0);
  });

  test("further out outlines stay within half a pixel of that zoom, with fewer points", async () => {
    const tile = await tileAt(1, 0, 0);
    expect(tile.total).toBe(features.length);
    let points = 0;
    for (const [i, object] of tile.objects.entries()) {
      const source = features[object]!.geometry.coordinates;
      for (const [r, ring] of ringsOf(tile, i, 0, 0).entries()) {
        points += ring.length;
        for (const [x, y] of source[r]!) {
          expect(distanceToRing(x!, y!, ring)).toBeLessThanOrEqual(0.5 * 2 + 0.01);
        }
      }
    }
    const before = features.reduce((n, f) => n + f.geometry.coordinates.flat().length, 0);
    expect(points).toBeLessThan(before * 0.8);
  });

  test("what is too small to see is a dot where it lies", async () => {
    const tile = await tileAt(1, 0, 0);
    expect([...tile.dots]).toEqual([features.indexOf(speck)]);
    expect(tile.dotXy[0]).toBeCloseTo(1400.75, 2);
    expect(tile.dotXy[1]).toBeCloseTo(1050.5, 2);
  });

  test("holes wind the other way, so that filling leaves them open", async () => {
    const tile = await tileAt(0, 0, 0);
    const i = tile.objects.indexOf(features.indexOf(holed));
    const [outer, hole] = ringsOf(tile, i, 0, 0);
    expect(area(outer!)).toBe(10_000);
    expect(area(hole!)).toBe(-3600);
  });

  test("where nothing is they are empty, and they are not sent twice", async () => {
    const empty = await tileAt(1, 5, 5);
    expect([empty.total, empty.objects.length, empty.dots.length]).toEqual([0, 0, 0]);
    const first = await send(server.port, `${run}/overlay/0/0/0`);
    const headers = { "If-None-Match": String(first.headers.etag) };
    expect((await send(server.port, `${run}/overlay/0/0/0`, headers)).status).toBe(304);
  });
});

describe("the hit test", () => {
  const at = async (x: number, y: number, reach = 0) =>
    (await getJson<HitAnswer>(server.port, `${run}/at?x=${x}&y=${y}&reach=${reach}`)).object;

  test("finds the smallest object that holds the point, as @turf/turf sees it", async () => {
    const coordinate = (most: number) => fc.double({ min: 0, max: most, noNaN: true });
    await fc.assert(
      fc.asyncProperty(coordinate(1500), coordinate(1100), async (x, y) => {
        const holding = features.filter((f) => booleanPointInPolygon([x, y], f.geometry));
        const answer = await at(x, y);
        if (holding.length === 0) expect(answer).toBeNull();
        else expect(holding.map(({ id }) => id)).toContain(answer?.id);
        if (holding.length > 1) expect(answer?.id).not.toBe("large");
      }),
      { numRuns: 150 },
    );
  });

  test("sees through a hole", async () => {
    expect(await at(650, 905)).toMatchObject({ id: "holed" });
    expect((await at(621, 979))?.id).not.toBe("holed");
  });

  test("reaches for what is too small to hit, and no farther", async () => {
    expect(await at(1403, 1052)).toBeNull();
    expect(await at(1403, 1052, 5)).toMatchObject({ id: "speck" });
    expect(await at(1430, 1080, 5)).toBeNull();
  });
});

describe("objects", () => {
  test("come whole, by index and by id", async () => {
    const index = features.indexOf(holed);
    const byIndex = await getJson<ObjectInfo>(server.port, `${run}/objects/${index}`);
    const byId = await getJson<ObjectInfo>(server.port, `${run}/objects/holed`);
    expect(byIndex).toEqual(byId);
    expect(byId).toMatchObject({
      index,
      className: "Other",
      color: [1, 2, 3],
      box: [600, 900, 700, 1000],
      measurements: [{ name: "Area µm^2", value: 1 }],
    });
    expect(byId.polygons).toHaveLength(1);
    expect(byId.polygons[0]!.map(key)).toEqual(holed.geometry.coordinates.map(key));
  });

  test("are counted by where their middles lie", async () => {
    const count = async (x: number, y: number, width: number, height: number) => {
      const query = `x=${x}&y=${y}&width=${width}&height=${height}`;
      return (await getJson<CountAnswer>(server.port, `${run}/count?${query}`)).count;
    };
    expect(await count(-10, -10, 2000, 2000)).toBe(features.length);
    expect(await count(400, 0, 300, 500)).toBe(
      features.filter((f) => {
        const [x0, y0, x1, y1] = boxOf(f);
        const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
        return x >= 400 && x < 700 && y >= 0 && y < 500;
      }).length,
    );
    expect(await count(5000, 5000, 10, 10)).toBe(0);
  });

  test("have their measurements in columns, with nothing where one lacks them", async () => {
    const { body } = await send(server.port, `${run}/columns/1`);
    const values = new Float32Array(Uint8Array.from(body).buffer);
    expect(values).toHaveLength(features.length);
    for (const [i, f] of features.entries()) {
      const expected = f.properties.measurements["Predicted IoU"];
      if (expected === undefined) expect(values[i]).toBeNaN();
      else expect(values[i]).toBeCloseTo(expected, 6);
    }
  });
});

function area(ring: readonly (readonly number[])[]): number {
  let twice = 0;
  for (const [i, [x, y]] of ring.entries()) {
    const [px, py] = ring.at(i - 1)!;
    twice += px! * y! - x! * py!;
  }
  return twice / 2;
}

function distanceToRing(x: number, y: number, ring: readonly (readonly number[])[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (const [i, [bx, by]] of ring.entries()) {
    const [ax, ay] = ring.at(i - 1)!;
    const [dx, dy] = [bx! - ax!, by! - ay!];
    const length = dx * dx + dy * dy;
    const along = ((x - ax!) * dx + (y - ay!) * dy) / (length || 1);
    const share = Math.max(0, Math.min(1, along));
    best = Math.min(best, Math.hypot(x - ax! - share * dx, y - ay! - share * dy));
  }
  return best;
}
