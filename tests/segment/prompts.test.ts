import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gridPoints, isAllowed, mapPeaks } from "../../src/segment/prompts.ts";

const everywhere = (width: number, height: number) => ({
  patch: { width, height },
  allow: null,
  valid: { x: 0, y: 0, width, height },
});

describe("gridPoints", () => {
  it("lie at (i + ½)/n of each side, row by row", () => {
    expect(gridPoints(2, everywhere(100, 40))).toEqual([
      { x: 25, y: 10 },
      { x: 75, y: 10 },
      { x: 25, y: 30 },
      { x: 75, y: 30 },
    ]);
  });

  it("keep to the allowed cells and the valid part", () => {
    const region = {
      patch: { width: 100, height: 100 },
      allow: { cells: 2, data: Uint8Array.of(1, 0, 1, 1) },
      valid: { x: 0, y: 0, width: 60, height: 100 },
    };
    // Of 4 × 4 points: the columns 12.5 and 37.5 (62.5 is outside), all rows; the upper right cell holds none of them.
    expect(gridPoints(4, region)).toHaveLength(8);
    expect(isAllowed(region, 55, 20)).toBe(false);
    expect(isAllowed(region, 55, 80)).toBe(true);
    expect(isAllowed(region, 60, 80)).toBe(false);
  });
});

describe("mapPeaks", () => {
  const map = (columns: number, values: readonly number[]) => ({
    data: Float32Array.from(values),
    columns,
    rows: values.length / columns,
    cellPx: 2,
  });

  it("puts a peak at its cell's centre and breaks ties by raster order", () => {
    const values = new Array<number>(25).fill(0);
    values[6] = 0.75;
    values[7] = 0.75;
    values[24] = 0.6;
    expect(mapPeaks(map(5, values), 0.5, 4, everywhere(10, 10))).toEqual([
      { x: 3, y: 3 },
      { x: 9, y: 9 },
    ]);
    expect(mapPeaks(map(5, values), 0.75, 4, everywhere(10, 10))).toEqual([]);
  });

  it("keeps peaks apart, and every strong cell has one as strong within the radius or a stronger chain to it", () => {
    const arbitrary = fc.record({
      values: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 56, maxLength: 56 }),
      radius: fc.constantFrom(0, 2, 3, 5),
    });
    fc.assert(
      fc.property(arbitrary, ({ values, radius }) => {
        const data = values.map((v) => v / 10);
        const peaks = mapPeaks(map(8, data), 0.35, radius, everywhere(16, 14));
        for (const [i, p] of peaks.entries()) {
          for (const q of peaks.slice(i + 1)) {
            expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeGreaterThan(radius);
          }
        }
        const strongest = Math.max(...data);
        const first = data.indexOf(strongest);
        const isPeak = peaks.some(
          (p) => p.x === ((first % 8) + 0.5) * 2 && p.y === (Math.floor(first / 8) + 0.5) * 2,
        );
        expect(isPeak).toBe(strongest > 0.35);
      }),
    );
  });
});
