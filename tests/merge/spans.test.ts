import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  areaWithin,
  connectedParts,
  intersectionArea,
  subtractSpans,
  uniteSpans,
} from "../../src/merge/span-sets.ts";
import { rleToSpans, type Spans, spansCentroid, spansToRle } from "../../src/merge/spans.ts";
import { bitmaps, pixelsOf, spansFrom } from "./shapes.ts";

const masks = fc
  .tuple(bitmaps, fc.integer({ min: -6, max: 6 }), fc.integer({ min: -6, max: 6 }))
  .map(([rows, x, y]) => spansFrom(rows, x, y))
  .filter((spans): spans is Spans => spans !== null);

/** The naive answer to the same question, on sets of pixels. */
const pixels = (spans: Spans | null): string[] =>
  spans === null ? [] : [...pixelsOf(spans)].sort();

/** Runs are sorted, maximal and inside a tight box, and the area is their sum. */
function expectSound(spans: Spans): void {
  const { box, rowStart, xs, area } = spans;
  let [left, right, sum] = [Infinity, -Infinity, 0];
  for (let r = 0; r < box.height; r++) {
    let last = -Infinity;
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      expect(xs[k]!).toBeGreaterThan(last);
      expect(xs[k + 1]!).toBeGreaterThan(xs[k]!);
      last = xs[k + 1]!;
      left = Math.min(left, xs[k]!);
      right = Math.max(right, last);
      sum += last - xs[k]!;
    }
  }
  expect(rowStart[1]!).toBeGreaterThan(0);
  expect(rowStart[box.height]! - rowStart[box.height - 1]!).toBeGreaterThan(0);
  expect([box.x, box.x + box.width, area]).toEqual([left, right, sum]);
}

describe("spans", () => {
  it("survive the way to an RLE and back", () => {
    fc.assert(
      fc.property(masks, (spans) => {
        const rle = spansToRle(spans);
        expect(rle.runs.reduce((sum, run) => sum + run, 0)).toBe(rle.width * rle.height);
        expect(rleToSpans(rle, spans.box.x, spans.box.y)).toEqual(spans);
        expectSound(spans);
      }),
    );
  });

  it("read runs that go on over the end of a row, and empty runs", () => {
    const spans = rleToSpans({ width: 3, height: 3, runs: [0, 4, 0, 1, 4] }, 10, 20)!;
    expect(pixels(spans)).toEqual(["10,20", "10,21", "11,20", "11,21", "12,20"]);
    expect(rleToSpans({ width: 2, height: 2, runs: [4] }, 0, 0)).toBeNull();
  });

  it.each([
    { name: "too few", runs: [1, 2] },
    { name: "too many", runs: [1, 9] },
    { name: "none", runs: [] },
  ])("refuse $name pixels", ({ runs }) => {
    expect(() => rleToSpans({ width: 2, height: 2, runs }, 0, 0)).toThrowError(
      expect.objectContaining({ code: "corrupt-file" }),
    );
  });

  it("unite, subtract and intersect as sets of pixels do", () => {
    fc.assert(
      fc.property(masks, masks, masks, (a, b, c) => {
        const [pa, pb, pc] = [pixelsOf(a), pixelsOf(b), pixelsOf(c)];
        const union = uniteSpans([a, b, c]);
        expectSound(union);
        expect(pixels(union)).toEqual([...new Set([...pa, ...pb, ...pc])].sort());
        const rest = subtractSpans(a, b);
        if (rest !== null) expectSound(rest);
        expect(pixels(rest)).toEqual([...pa].filter((pixel) => !pb.has(pixel)).sort());
        expect(intersectionArea(a, b)).toBe([...pa].filter((pixel) => pb.has(pixel)).length);
        const inside = [...pa].filter((pixel) => {
          const [x, y] = pixel.split(",").map(Number);
          return (
            x! >= b.box.x &&
            x! < b.box.x + b.box.width &&
            y! >= b.box.y &&
            y! < b.box.y + b.box.height
          );
        });
        expect(areaWithin(a, b.box)).toBe(inside.length);
      }),
    );
  });

  it("fall into parts that hang together by edges, largest first", () => {
    fc.assert(
      fc.property(masks, (spans) => {
        const parts = connectedParts(spans);
        expect(parts.flatMap((part) => pixels(part)).sort()).toEqual(pixels(spans));
        expect(parts.map(({ area }) => area)).toEqual(
          parts.map(({ area }) => area).sort((p, q) => q - p),
        );
        for (const part of parts) {
          expectSound(part);
          const left = pixelsOf(part);
          const stack = [[...left][0]!];
          left.delete(stack[0]!);
          while (stack.length > 0) {
            const [x, y] = stack.pop()!.split(",").map(Number);
            for (const [dx, dy] of [
              [1, 0],
              [-1, 0],
              [0, 1],
              [0, -1],
            ]) {
              const next = `${x! + dx!},${y! + dy!}`;
              if (left.delete(next)) stack.push(next);
            }
          }
          expect(left.size).toBe(0);
        }
        // No two parts share an edge, or they would be one.
        const owner = new Map(parts.flatMap((part, i) => [...pixelsOf(part)].map((p) => [p, i])));
        for (const [pixel, i] of owner) {
          const [x, y] = pixel.split(",").map(Number);
          for (const next of [`${x! + 1},${y}`, `${x},${y! + 1}`]) {
            expect(owner.get(next) ?? i).toBe(i);
          }
        }
      }),
    );
  });

  it("have their centroid at the mean of the pixel centres", () => {
    expect(spansCentroid(spansFrom(["##.", "##."], 4, 6)!)).toEqual({ x: 5, y: 7 });
  });
});

describe("rleToSpans of one run a row", () => {
  it("cuts a run that goes on in the next rows", () => {
    expect(rleToSpans({ width: 3, height: 4, runs: [1, 10, 1] }, 10, 20)).toEqual({
      box: { x: 10, y: 20, width: 3, height: 4 },
      rowStart: [0, 2, 4, 6, 8],
      xs: [11, 13, 10, 13, 10, 13, 10, 12],
      area: 10,
    });
  });

  it.each([2 ** 31, 1e12, 2.25, Number.NaN])(
    "refuses a height of %d that no run fills",
    (height) => {
      expect(() => rleToSpans({ width: 3, height, runs: [1, 5] }, 0, 0)).toThrow(
        /Segment the patch/,
      );
    },
  );
});
