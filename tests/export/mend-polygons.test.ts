import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mendPolygons } from "../../src/export/mend-polygons.ts";
import { type Polygon, polygonArea } from "../../src/geometry.ts";
import { polygonsFault } from "../../src/polygon-validity.ts";
import { randomFrom } from "../merge/random.ts";
import { hasShapely, PYTHON } from "../shapely.ts";

function total(polygons: readonly Polygon[]): number {
  return polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0);
}

function fault(polygons: readonly Polygon[]) {
  const whole = (ring: readonly number[]) => ring.map((value) => Math.round(value * 100));
  return polygonsFault(
    polygons.map(({ outer, holes }) => ({ outer: whole(outer), holes: holes.map(whole) })),
  );
}

const square = (x: number, y: number, side: number) => [
  ...[x, y, x + side, y],
  ...[x + side, y + side, x, y + side],
];

describe("mendPolygons", () => {
  it("gives valid polygons of any rings, and of valid ones the same area", () => {
    // Few places: everything meets everything, edges lie on edges.
    const ring = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 6, maxLength: 40 });
    const polygon = fc.record({ outer: ring, holes: fc.array(ring, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(polygon, { minLength: 1, maxLength: 3 }), (drawn) => {
        const even = (list: readonly number[]) => list.slice(0, list.length - (list.length % 2));
        const polygons = drawn.map(({ outer, holes }) => ({
          outer: even(outer),
          holes: holes.map(even),
        }));
        const mended = mendPolygons(polygons)!;
        expect(mended).not.toBeNull();
        expect(fault(mended)).toBeNull();
        expect(total(mendPolygons(mended)!)).toBeCloseTo(total(mended), 6);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    {
      name: "a square",
      polygons: [{ outer: square(0, 0, 4), holes: [] }],
      area: 16,
      parts: 1,
      holes: 0,
    },
    {
      name: "a loop walked twice",
      polygons: [{ outer: [...square(0, 0, 4), ...square(0, 0, 4)], holes: [] }],
      area: 0,
      parts: 0,
      holes: 0,
    },
    {
      name: "a ring that pinches a pocket off",
      polygons: [
        { outer: [0, 0, 9, 0, 9, 9, 0, 9, 0, 0, 3, 3, 3, 6, 6, 6, 6, 3, 3, 3], holes: [] },
      ],
      area: 72,
      parts: 1,
      holes: 1,
    },
    {
      name: "a hole across the border",
      polygons: [{ outer: square(0, 0, 9), holes: [square(6, 3, 6)] }],
      area: 81 - 18,
      parts: 1,
      holes: 0,
    },
    {
      name: "a hole outside",
      polygons: [{ outer: square(0, 0, 9), holes: [square(20, 3, 6)] }],
      area: 81,
      parts: 1,
      holes: 0,
    },
    {
      name: "holes that overlap",
      polygons: [{ outer: square(0, 0, 9), holes: [square(1, 1, 4), square(3, 3, 4)] }],
      area: 81 - 28,
      parts: 1,
      holes: 1,
    },
    {
      name: "parts that overlap",
      polygons: [
        { outer: square(0, 0, 4), holes: [] },
        { outer: square(2, 2, 4), holes: [] },
      ],
      area: 28,
      parts: 1,
      holes: 0,
    },
    {
      name: "a part in another's hole, with an edge on it",
      polygons: [
        { outer: square(0, 0, 9), holes: [square(2, 2, 5)] },
        { outer: square(2, 3, 2), holes: [] },
      ],
      area: 81 - 25 + 4,
      parts: 1,
      holes: 1,
    },
    {
      name: "an island in the hole",
      polygons: [
        { outer: square(0, 0, 9), holes: [square(2, 2, 5)] },
        { outer: square(3, 3, 2), holes: [] },
      ],
      area: 60,
      parts: 2,
      holes: 1,
    },
  ])("of $name: $parts parts, $holes holes", ({ polygons, area, parts, holes }) => {
    const mended = mendPolygons(polygons)!;
    expect(total(mended)).toBeCloseTo(area, 6);
    expect(mended).toHaveLength(parts);
    expect(mended.reduce((sum, polygon) => sum + polygon.holes.length, 0)).toBe(holes);
    expect(fault(mended)).toBeNull();
  });

  it("leaves nothing to drop for the next time, where closing one hole makes another a sliver", () => {
    // Found by the property above (seed -89173969).
    const even = (list: readonly number[]) => list.slice(0, list.length - (list.length % 2));
    const polygons = [
      { outer: even([1, 4, 5, 3, 1, 3, 0]), holes: [] },
      {
        outer: [2, 0, 1, 0, 1, 6, 6, 3, 6, 2, 3, 3, 0, 4, 5, 4],
        holes: [
          even([4, 5, 5, 2, 2, 4, 1, 2, 4, 2, 0]),
          [0, 3, 3, 6, 6, 3, 5, 3, 3, 6, 2, 1, 2, 6, 4, 4, 5, 1],
        ],
      },
      { outer: [2, 0, 3, 5, 0, 4, 6, 2, 4, 2, 1, 6, 2, 4, 6, 2], holes: [] },
    ];
    const once = mendPolygons(polygons)!;
    expect(total(mendPolygons(once)!)).toBeCloseTo(total(once), 6);
  });

  it("drops the sliver that a barely crossing ring leaves", () => {
    const outer = [0, 0, 100, 0, 100, 100, 0, 100, 0.02, 50, -0.02, 49];
    const mended = mendPolygons([{ outer, holes: [] }])!;
    expect(mended).toHaveLength(1);
    expect(polygonArea(mended[0]!)).toBeCloseTo(10_000, -1);
  });

  it.skipIf(!hasShapely())("covers what GEOS's make_valid does, ring by ring", () => {
    const random = randomFrom(3);
    const rings = Array.from({ length: 90 }, (_, n) => {
      // Scribbles: a few points anywhere, or many on a wandering way.
      const points = n % 3 === 0 ? 100 : 4 + Math.floor(random() * 12);
      let [x, y] = [500, 500];
      return Array.from({ length: points }, () => {
        const step = n % 3 === 0 ? 40 : 1000;
        x = n % 3 === 0 ? x + step * (random() - 0.5) : step * random();
        y = n % 3 === 0 ? y + step * (random() - 0.5) : step * random();
        return [Math.round(x * 100) / 100, Math.round(y * 100) / 100];
      });
    });
    const code =
      "import json,sys,shapely;print(json.dumps([shapely.make_valid(shapely.Polygon(r)).area for r in json.load(sys.stdin)]))";
    const areas = JSON.parse(
      execFileSync(PYTHON, ["-c", code], { input: JSON.stringify(rings), encoding: "utf8" }),
    ) as number[];
    for (const [n, ring] of rings.entries()) {
      const mended = mendPolygons([{ outer: ring.flat(), holes: [] }])!;
      expect(fault(mended)).toBeNull();
      // Crossings are rounded to 0.01 px, and pieces under a pixel dropped.
      expect(Math.abs(total(mended) / areas[n]! - 1)).toBeLessThan(0.005);
    }
  });
});
