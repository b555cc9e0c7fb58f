import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CutMask, MaskCutter } from "../../src/segment/cut-mask.ts";
import { paintRle } from "../../src/segment/rle.ts";
import { golden } from "./toy.ts";

interface Case {
  readonly cells: number;
  readonly pixels: number;
  readonly threshold: number;
  readonly offset: number;
  readonly logits: readonly number[];
  readonly mask: string;
  readonly stability: number;
}

const levels = (threshold = 0, offset = 1, leastStability = 0) => ({
  threshold,
  offset,
  leastStability,
});

const bits = (mask: CutMask | null, width: number, height: number): Uint8Array => {
  const picture = new Uint8Array(width * height);
  if (mask !== null) paintRle(mask, picture, { x: 0, y: 0, width, height });
  return picture;
};

describe("MaskCutter", () => {
  it("cuts as torch's bilinear interpolation and SAM's stability score do", async () => {
    const cases = await golden<Case[]>("upsample.json");
    expect(cases).toHaveLength(10);
    for (const c of cases) {
      const cutter = new MaskCutter({
        columns: c.cells,
        rows: c.cells,
        cellPx: c.pixels / c.cells,
      });
      const clip = { x: 0, y: 0, width: c.pixels, height: c.pixels };
      const cut = cutter.cut(
        Float32Array.from(c.logits),
        0,
        0,
        clip,
        levels(c.threshold, c.offset),
      );
      expect(bits(cut, c.pixels, c.pixels).join("")).toBe(c.mask);
      expect(cut?.stabilityScore).toBeCloseTo(c.stability, 6);
    }
  });

  it("gives the tight box and the area, wherever the window lies and whatever clips it", () => {
    const arbitrary = fc.record({
      columns: fc.integer({ min: 1, max: 7 }),
      rows: fc.integer({ min: 1, max: 7 }),
      cellPx: fc.constantFrom(1, 2, 2.5, 4, 0.6),
      x: fc.integer({ min: -9, max: 12 }),
      y: fc.integer({ min: -9, max: 12 }),
      clip: fc.record({
        x: fc.integer({ min: 0, max: 10 }),
        y: fc.integer({ min: 0, max: 10 }),
        width: fc.integer({ min: 1, max: 12 }),
        height: fc.integer({ min: 1, max: 12 }),
      }),
      seed: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 49, maxLength: 49 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ columns, rows, cellPx, x, y, clip, seed }) => {
        const logits = Float32Array.from(seed.slice(0, columns * rows), (v) => v + 0.3);
        const cut = new MaskCutter({ columns, rows, cellPx }).cut(logits, x, y, clip, levels());
        // The same by its definition: every pixel of the clip on its own.
        const at = (px: number, origin: number, cells: number) =>
          Math.min(Math.max((px - origin + 0.5) / cellPx - 0.5, 0), cells - 1);
        const set: [number, number][] = [];
        for (let py = clip.y; py < clip.y + clip.height; py++) {
          if (py < y || py >= y + Math.ceil(rows * cellPx - 1e-6)) continue;
          for (let px = clip.x; px < clip.x + clip.width; px++) {
            if (px < x || px >= x + Math.ceil(columns * cellPx - 1e-6)) continue;
            const [u, v] = [at(px, x, columns), at(py, y, rows)];
            const [c, r] = [Math.floor(u), Math.floor(v)];
            const cell = (dr: number, dc: number) =>
              logits[Math.min(r + dr, rows - 1) * columns + Math.min(c + dc, columns - 1)]!;
            const top = cell(0, 0) * (1 - u + c) + cell(0, 1) * (u - c);
            const low = cell(1, 0) * (1 - u + c) + cell(1, 1) * (u - c);
            const value = top * (1 - v + r) + low * (v - r);
            // Rounding may tip a value on the threshold itself either way: none lies there.
            fc.pre(Math.abs(value) > 1e-6);
            if (value > 0) set.push([px, py]);
          }
        }
        if (cut === null) {
          expect(set).toEqual([]);
          return;
        }
        expect(cut.area).toBe(set.length);
        expect(cut.box.x).toBe(Math.min(...set.map(([px]) => px)));
        expect(cut.box.y).toBe(Math.min(...set.map(([, py]) => py)));
        expect(cut.box.width).toBe(Math.max(...set.map(([px]) => px)) - cut.box.x + 1);
        expect(cut.box.height).toBe(Math.max(...set.map(([, py]) => py)) - cut.box.y + 1);
        const picture = bits(cut, 24, 24);
        for (const [px, py] of set) expect(picture[py * 24 + px]).toBe(1);
      }),
    );
  });

  it("guards the empty union: nothing above the threshold is no mask", () => {
    const cutter = new MaskCutter({ columns: 4, rows: 4, cellPx: 2 });
    const clip = { x: 0, y: 0, width: 8, height: 8 };
    expect(cutter.cut(new Float32Array(16).fill(-5), 0, 0, clip, levels())).toBeNull();
    // Above the lower cut of the stability score, below the mask's own.
    expect(cutter.cut(new Float32Array(16).fill(-0.5), 0, 0, clip, levels())).toBeNull();
    expect(cutter.cut(new Float32Array(16).fill(5), 100, 0, clip, levels())).toBeNull();
  });
});
