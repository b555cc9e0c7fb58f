import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tissueShare } from "../../src/pipeline/tissue-share.ts";

/** 10 × 8 cells of 4 × 5 px; the left four columns are tissue. */
const tissue = {
  width: 10,
  height: 8,
  downsampleX: 4,
  downsampleY: 5,
  tight: Uint8Array.from({ length: 80 }, (_, i) => (i % 10 < 4 ? 1 : 0)),
};
const box = (x0: number, y0: number, x1: number, y1: number) => [x0, y0, x1, y0, x1, y1, x0, y1];

describe("how much of an object is tissue", () => {
  it("counts cells by their centres", () => {
    expect(tissueShare({ outer: box(0, 0, 40, 40), holes: [] }, tissue)).toBe(0.4);
    expect(tissueShare({ outer: box(0, 0, 16, 40), holes: [] }, tissue)).toBe(1);
    expect(tissueShare({ outer: box(16, 0, 40, 40), holes: [] }, tissue)).toBe(0);
    expect(tissueShare({ outer: box(8, 10, 24, 20), holes: [] }, tissue)).toBe(0.5);
  });

  it("leaves holes out", () => {
    const holes = [box(16, 0.5, 40, 39.5)];
    expect(tissueShare({ outer: box(0, 0, 40, 40), holes: [] }, tissue)).toBe(0.4);
    expect(tissueShare({ outer: box(0, 0, 41, 40), holes }, tissue)).toBe(1);
  });

  it("takes what is smaller than a cell for tissue, and what leaves the slide for what is on it", () => {
    expect(tissueShare({ outer: box(30, 30, 31, 31), holes: [] }, tissue)).toBe(1);
    expect(tissueShare({ outer: box(-90, -90, 16, 90), holes: [] }, tissue)).toBe(1);
  });

  it("is the share of centres that a plain test finds inside a triangle", () => {
    const place = fc.double({ min: -10, max: 50, noNaN: true });
    fc.assert(
      fc.property(fc.array(place, { minLength: 6, maxLength: 6 }), (outer) => {
        const [ax, ay, bx, by, cx, cy] = outer as [number, number, number, number, number, number];
        const side = (px: number, py: number, qx: number, qy: number, x: number, y: number) =>
          (qx - px) * (y - py) - (qy - py) * (x - px);
        let [inside, wanted] = [0, 0];
        for (let i = 0; i < 80; i++) {
          const [x, y] = [((i % 10) + 0.5) * 4, (Math.floor(i / 10) + 0.5) * 5];
          const sides = [
            side(ax, ay, bx, by, x, y),
            side(bx, by, cx, cy, x, y),
            side(cx, cy, ax, ay, x, y),
          ];
          // A centre on an edge may fall to either side.
          fc.pre(sides.every((value) => Math.abs(value) > 1e-6));
          if (sides.every((value) => value > 0) || sides.every((value) => value < 0)) {
            inside++;
            wanted += tissue.tight[i]!;
          }
        }
        const share = tissueShare({ outer, holes: [] }, tissue);
        expect(share).toBeCloseTo(inside === 0 ? 1 : wanted / inside, 12);
      }),
    );
  });
});
