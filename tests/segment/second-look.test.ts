import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeTight } from "../../src/segment/rle.ts";
import { unclaimed } from "../../src/segment/second-look.ts";

const map = (columns: number, rows: number, value: (row: number, column: number) => number) => ({
  data: Float32Array.from({ length: columns * rows }, (_, i) =>
    value(Math.floor(i / columns), i % columns),
  ),
  columns,
  rows,
  cellPx: 2,
});

describe("unclaimed", () => {
  it("keeps the inner cells of what is left; the map's edge takes nothing away", () => {
    const { data } = unclaimed(
      map(4, 3, (_, column) => (column < 3 ? 0.9 : 0.1)),
      [],
      0.5,
      { x: 0, y: 0, width: 8, height: 6 },
    );
    const v = Math.fround(0.9);
    expect([...data]).toEqual([v, v, 0, 0, v, v, 0, 0, v, v, 0, 0]);
  });

  it("cuts off the cells that begin in the padding", () => {
    const left = unclaimed(
      map(4, 3, (row) => 0.9 - row / 10),
      [],
      0.5,
      { x: 0, y: 0, width: 5, height: 4 },
    );
    const [v, w] = [Math.fround(0.9), Math.fround(0.8)];
    expect(left).toEqual({
      columns: 3,
      rows: 2,
      cellPx: 2,
      data: Float32Array.of(v, v, v, w, w, w),
    });
  });

  it("is what a look at every cell and its neighbours says, whatever the masks", () => {
    const [columns, rows] = [9, 7];
    const arbitrary = fc.record({
      values: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
        minLength: columns * rows,
        maxLength: columns * rows,
      }),
      // Masks in px, on a picture that the map covers but for its last row.
      masks: fc.array(
        fc.array(fc.nat(columns * 2 * (rows * 2 + 1) - 1), { minLength: 1, maxLength: 6 }),
        { maxLength: 4 },
      ),
      threshold: fc.constantFrom(0.05, 0.3),
    });
    fc.assert(
      fc.property(arbitrary, ({ values, masks, threshold }) => {
        const width = columns * 2;
        const pictures = masks.map((pixels) => {
          const data = new Uint8Array(width * (rows * 2 + 1));
          for (const pixel of pixels) data[pixel] = 1;
          return data;
        });
        const foreground = map(columns, rows, (r, c) => values[r * columns + c]!);
        const placed = pictures.map((data) => encodeTight(data, width, rows * 2 + 1)!);
        const isLeft = (r: number, c: number) => {
          if (r < 0 || c < 0 || r >= rows || c >= columns) return true;
          const claimed = pictures.some((data) =>
            [0, 1].some((y) => [0, 1].some((x) => data[(r * 2 + y) * width + c * 2 + x] === 1)),
          );
          return !claimed && foreground.data[r * columns + c]! > threshold;
        };
        const expected = foreground.data.map((value, i) => {
          const [r, c] = [Math.floor(i / columns), i % columns];
          const around = [-1, 0, 1].flatMap((dr) => [-1, 0, 1].map((dc) => [r + dr, c + dc]));
          return around.every(([y, x]) => isLeft(y!, x!)) ? value : 0;
        });
        const part = { x: 0, y: 0, width, height: rows * 2 };
        expect(unclaimed(foreground, placed, threshold, part)).toEqual({
          ...foreground,
          data: expected,
        });
      }),
    );
  });
});
