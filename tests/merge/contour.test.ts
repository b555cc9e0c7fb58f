import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { polygonArea, ringArea } from "../../src/geometry.ts";
import { maskPolygons, partPolygon, traceWalks } from "../../src/merge/contour.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import { polygonFault } from "../../src/polygon-validity.ts";
import { splitWalk } from "../../src/split-walk.ts";
import { rasterise } from "./canvas.ts";
import { bitmaps, drawn, pixelsOf, spansFrom } from "./shapes.ts";

const total = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0);

describe("the exact contour", () => {
  it("is valid, has the area of the pixels, no collinear point, and gives the pixels back", () => {
    fc.assert(
      fc.property(bitmaps, (rows) => {
        const spans = spansFrom(rows);
        if (spans === null) return;
        const parts = connectedParts(spans);
        const polygons = maskPolygons(spans);
        expect(polygons.map(polygonArea)).toEqual(parts.map(({ area }) => area));
        expect(total(polygons.map(polygonArea))).toBe(spans.area);
        for (const [i, polygon] of polygons.entries()) {
          expect(polygonFault(polygon)).toBeNull();
          expect(ringArea(polygon.outer)).toBeGreaterThan(0);
          for (const hole of polygon.holes) expect(ringArea(hole)).toBeLessThan(0);
          for (const ring of [polygon.outer, ...polygon.holes]) {
            for (let k = 0; k < ring.length; k += 2) {
              const [m, n] = [(k + 2) % ring.length, (k + 4) % ring.length];
              const straight =
                (ring[k] === ring[m] && ring[m] === ring[n]) ||
                (ring[k + 1] === ring[m + 1] && ring[m + 1] === ring[n + 1]);
              expect(straight).toBe(false);
            }
          }
          expect([...rasterise(polygon)].sort()).toEqual([...pixelsOf(parts[i]!)].sort());
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each(drawn)("of $name has $outers outer rings and $holes holes", ({ rows, outers, holes }) => {
    const spans = spansFrom(rows)!;
    const polygons = maskPolygons(spans);
    expect(polygons).toHaveLength(outers);
    expect(total(polygons.map((polygon) => polygon.holes.length))).toBe(holes);
    expect(polygons.map(polygonFault)).toEqual(polygons.map(() => null));
    expect(total(polygons.map(polygonArea))).toBe(spans.area);
  });

  it("keeps pixels that meet at a corner apart while it walks, and joins the walk's halves as holes", () => {
    // A C whose ends meet corner to corner: the pocket is a hole that touches the outside in a point.
    const rows = ["###", "#.#", "##.", "..."];
    const spans = spansFrom(rows)!;
    const [walk, ...others] = traceWalks(spans);
    expect(others).toHaveLength(0);
    expect(ringArea(walk!)).toBe(7);
    expect(splitWalk(walk!).map(ringArea).sort()).toEqual([-1, 8]);
    expect(partPolygon(spans).holes).toHaveLength(1);
  });

  it("runs clockwise on screen", () => {
    expect(partPolygon(spansFrom(["#"])!).outer).toEqual([0, 0, 1, 0, 1, 1, 0, 1]);
  });
});
