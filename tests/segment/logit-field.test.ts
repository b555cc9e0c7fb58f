import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskCutter } from "../../src/segment/cut-mask.ts";
import { LogitField } from "../../src/segment/logit-field.ts";
import { decodeRle } from "../../src/segment/rle.ts";

describe("LogitField", () => {
  it("is above the threshold exactly on the pixels that the cutter gave the mask", () => {
    const window = fc.record({
      columns: fc.integer({ min: 1, max: 9 }),
      rows: fc.integer({ min: 1, max: 9 }),
      cellPx: fc.constantFrom(0.5, 1, 1.5, 2, 3.90625, 4),
      originX: fc.integer({ min: -12, max: 12 }),
      originY: fc.integer({ min: -12, max: 12 }),
      values: fc.array(fc.float({ min: -8, max: 8, noNaN: true }), {
        minLength: 81,
        maxLength: 81,
      }),
      threshold: fc.constantFrom(-1, 0, 0.5),
    });
    fc.assert(
      fc.property(window, ({ columns, rows, cellPx, originX, originY, values, threshold }) => {
        const grid = { columns, rows, cellPx };
        const logits = Float32Array.from(values.slice(0, columns * rows));
        const clip = { x: -4, y: -4, width: 40, height: 40 };
        const levels = { threshold, offset: 1, leastStability: 0 };
        const mask = new MaskCutter(grid).cut(logits, originX, originY, clip, levels);
        if (mask === null) return;
        const { x, y, width, height } = mask.box;
        const field = new LogitField(logits.slice(), grid, originX, originY, mask.box);
        const above = Uint8Array.from({ length: width * height }, (_, i) =>
          field.at(x + (i % width), y + Math.floor(i / width)) > threshold ? 1 : 0,
        );
        expect(above).toEqual(decodeRle(mask.rle));
      }),
    );
  });
});
