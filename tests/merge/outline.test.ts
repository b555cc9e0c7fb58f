import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Polygon, polygonArea } from "../../src/geometry.ts";
import { partPolygon } from "../../src/merge/contour.ts";
import { innerPoint } from "../../src/merge/measure.ts";
import { OUTLINE_TOLERANCE, outlineOf } from "../../src/merge/outline.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import { locateInRing } from "../../src/planar.ts";
import { polygonFault, roundedFault } from "../../src/polygon-validity.ts";
import { paintBlobs, spansOf } from "./canvas.ts";
import { randomFrom } from "./random.ts";
import { bitmaps, spansFrom, spiral } from "./shapes.ts";

const downsamples = fc.constantFrom(0.25, 0.5, 0.502, 1, 1.013, 2, 3.9987, 8, 32);

/** Distance from a point to the nearest edge of a polygon. */
function distanceTo({ outer, holes }: Polygon, x: number, y: number): number {
  let best = Infinity;
  for (const ring of [outer, ...holes]) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const [ax, ay] = [ring[j]!, ring[j + 1]!];
      const [dx, dy] = [ring[i]! - ax, ring[i + 1]! - ay];
      const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
      best = Math.min(best, Math.hypot(x - ax - t * dx, y - ay - t * dy));
    }
  }
  return best;
}

describe("the outline of an object", () => {
  it("is valid after rounding to 0.01 px at any scale and place, whatever the mask", () => {
    fc.assert(
      fc.property(bitmaps, downsamples, fc.nat(300_000), (rows, downsample, place) => {
        const spans = spansFrom(rows, place, place);
        if (spans === null) return;
        for (const part of connectedParts(spans)) {
          const { polygon } = outlineOf(part, downsample);
          expect(roundedFault(polygon)).toBeNull();
          for (const ring of [polygon.outer, ...polygon.holes]) {
            expect(ring.every((value) => value === Math.round(value * 100) / 100)).toBe(true);
          }
          const inner = innerPoint(polygon);
          expect(locateInRing(polygon.outer, inner.x, inner.y)).toBe(1);
          for (const hole of polygon.holes) {
            expect(locateInRing(hole, inner.x, inner.y)).not.toBe(1);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("stays within the stated distance of the pixel staircase, both ways", () => {
    fc.assert(
      fc.property(bitmaps, (rows) => {
        const spans = spansFrom(rows);
        if (spans === null) return;
        const part = connectedParts(spans)[0]!;
        const exact = partPolygon(part);
        const { polygon } = outlineOf(part, 1);
        const limit = 0.5 + OUTLINE_TOLERANCE + 0.01;
        const farthest = (of: Polygon, from: Polygon): number =>
          Math.max(
            ...[of.outer, ...of.holes].flatMap((ring) =>
              ring.flatMap((_, i) => (i % 2 === 0 ? distanceTo(from, ring[i]!, ring[i + 1]!) : [])),
            ),
          );
        expect(farthest(polygon, exact)).toBeLessThan(limit);
        expect(farthest(exact, polygon)).toBeLessThan(limit);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps the area of nuclei and has far fewer points than the staircase", () => {
    const canvas = paintBlobs(randomFrom(42), { width: 900, height: 900 }, 500, [6, 18]);
    const changes: number[] = [];
    let [points, corners] = [0, 0];
    for (const label of canvas.boxes.keys()) {
      const part = connectedParts(spansOf(canvas, label)!)[0]!;
      const { polygon, kind } = outlineOf(part, 1);
      expect(kind).toBe("smooth");
      changes.push(polygonArea(polygon) / part.area - 1);
      points += polygon.outer.length / 2;
      corners += partPolygon(part).outer.length / 2;
    }
    const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
    expect(changes.length).toBeGreaterThan(150);
    expect(Math.abs(mean)).toBeLessThan(0.006);
    expect(Math.max(...changes.map(Math.abs))).toBeLessThan(0.06);
    expect(points).toBeLessThan(corners * 0.75);
  });

  it("draws a slanted border as a straight line", () => {
    // A slope of one in four, twenty pixels long.
    const rows = Array.from({ length: 12 }, (_, i) => `${"#".repeat(8 + 4 * i)}`);
    const { polygon } = outlineOf(spansFrom(rows)!, 1);
    expect(polygon.outer.length / 2).toBeLessThan(14);
  });

  it("falls back to the staircase rather than to an invalid line", () => {
    for (const turns of [2, 3, 4]) {
      const part = spansFrom(spiral(turns))!;
      const { polygon, kind } = outlineOf(part, 0.02);
      expect(
        polygonFault({ outer: polygon.outer.map((v) => Math.round(v * 100)), holes: [] }),
      ).toBeNull();
      if (kind === "staircase") {
        expect(polygonArea(polygon)).toBeCloseTo(part.area * 0.02 ** 2, 6);
      }
    }
  });
});
