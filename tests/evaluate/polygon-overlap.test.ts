import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LabelImage, rasterisePolygons } from "../../src/evaluate/label-image.ts";
import { overlapOfLabelImages } from "../../src/evaluate/overlap.ts";
import { overlapOfPolygons } from "../../src/evaluate/polygon-overlap.ts";
import type { Polygon } from "../../src/geometry.ts";
import { goldens, imageOfRuns, pixelOutlines } from "./goldens.ts";

const square = (x: number, y: number, side: number): Polygon => ({
  outer: [x, y, x + side, y, x + side, y + side, x, y + side],
  holes: [],
});

/** A coordinate in hundredths of a pixel, as QuPath writes them: often exactly on a pixel centre. */
const coordinate = fc.integer({ min: -200, max: 2200 }).map((n) => n / 100);
const triangle = fc
  .array(coordinate, { minLength: 6, maxLength: 6 })
  .map((outer): Polygon => ({ outer, holes: [] }));
const triangles = fc.array(triangle, { maxLength: 6 });
const frame = { x: -3, y: -3, width: 27, height: 27 };

describe("rasterisePolygons", () => {
  test.each(goldens.polygons.map((polygon, i) => [i, polygon] as const))(
    "star %i, with its hole, covers the pixel centres that GEOS says",
    (_, { outer, hole, runs }) => {
      const polygon = { outer, holes: hole.length > 0 ? [hole] : [] };
      const drawn = rasterisePolygons([polygon], { x: 0, y: 0, width: 48, height: 48 });
      expect([...drawn.data]).toEqual([...imageOfRuns(48, 48, runs).data]);
    },
  );

  test("pixel squares give back the label image they came from, holes and corners too", () => {
    const ring = { outer: [1, 1, 6, 1, 6, 6, 1, 6], holes: [[2, 2, 2, 5, 5, 5, 5, 2]] };
    const image = rasterisePolygons([ring, square(3, 3, 1), square(6, 6, 2)], {
      x: 0,
      y: 0,
      width: 8,
      height: 8,
    });
    expect(image.data.filter((label) => label === 1)).toHaveLength(16);
    expect(image.data[3 * 8 + 3]).toBe(2);
    expect(image.data[2 * 8 + 2]).toBe(0);
    // The corner (6, 6) is shared by the ring and the square: two objects, no pixel twice.
    expect(image.data[5 * 8 + 5]).toBe(1);
    expect(image.data[6 * 8 + 6]).toBe(3);
  });

  test("neighbours that share an edge share no pixel and leave none out", () => {
    fc.assert(
      fc.property(fc.array(coordinate, { minLength: 4, maxLength: 4 }), ([ax, ay, bx, by]) => {
        // A square cut in two along a line through any two points of its left and right side.
        const [left, right] = [Math.abs(ay! % 20), Math.abs(by! % 20)];
        const middle: [number, number] = [Math.abs(ax! % 20), Math.abs(bx! % 20)];
        const upper = { outer: [0, 0, 20, 0, 20, right, ...middle, 0, left], holes: [] };
        const lower = { outer: [0, left, ...middle, 20, right, 20, 20, 0, 20], holes: [] };
        const table = overlapOfPolygons([square(0, 0, 20)], [upper, lower]);
        const cells = table.truthAreas.reduce((sum, area) => sum + area, 0);
        // Even-odd: where the cut folds over itself parts may swap, but each pixel is in just one.
        expect(cells).toBe(400);
        expect(table.truthUnion).toBe(400);
      }),
    );
  });

  test("the earlier outline keeps a pixel that two want", () => {
    const box = { x: 0, y: 0, width: 3, height: 1 };
    expect([...rasterisePolygons([square(0, 0, 2), square(1, 0, 2)], box).data]).toEqual([1, 1, 2]);
    expect([...rasterisePolygons([square(1, 0, 2), square(0, 0, 2)], box).data]).toEqual([2, 1, 1]);
  });

  test("a frame too large, or of part pixels, and a vertex that is no number are refused", () => {
    const draw = (width: number, height: number) =>
      rasterisePolygons([], { x: 0, y: 0, width, height });
    for (const size of [
      [40000, 40000],
      [0, 3],
      [2.5, 3],
    ] as const) {
      expect(() => draw(size[0], size[1])).toThrow(expect.objectContaining({ code: "usage" }));
    }
    for (const y of [Number.NaN, Number.POSITIVE_INFINITY, -1e12]) {
      const broken = { outer: [0, 0, 4, y, 4, 4], holes: [] };
      expect(() => overlapOfPolygons([], [square(0, 0, 1), broken])).toThrow(
        expect.objectContaining({ code: "corrupt-file" }),
      );
    }
    const broken = { outer: [0, 0, 4, Number.NaN, 4, 4], holes: [] };
    expect(() => rasterisePolygons([square(0, 0, 1), broken], frame)).toThrow(
      expect.objectContaining({
        code: "corrupt-file",
        message: expect.stringContaining("Object 1"),
      }),
    );
  });
});

/** A table with the ids of the outlines in place of its own numbers, for comparing. */
function byId(table: ReturnType<typeof overlapOfPolygons>) {
  const pairs = [...table.pairs.pixels].map((pixels, i) => [
    table.truthIds[table.pairs.truth[i]!]!,
    table.predIds[table.pairs.pred[i]!]!,
    pixels,
  ]);
  return {
    pred: table.predIds.map((id, i) => [id, table.predAreas[i]]).sort(),
    truth: table.truthIds.map((id, i) => [id, table.truthAreas[i]]).sort(),
    pairs: pairs.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!),
    unions: [table.predUnion, table.truthUnion, table.common],
  };
}

/** The same by brute force: every outline drawn alone, every pair counted pixel by pixel. */
function bruteForce(pred: readonly Polygon[], truth: readonly Polygon[]) {
  const draw = (polygon: Polygon): Uint8Array =>
    Uint8Array.from(rasterisePolygons([polygon], frame).data);
  const [p, t] = [pred.map(draw), truth.map(draw)];
  const count = (mask: Uint8Array): number => mask.reduce((sum, v) => sum + v, 0);
  const any = (masks: readonly Uint8Array[], i: number): boolean => masks.some((mask) => mask[i]);
  const areas = (masks: readonly Uint8Array[]) =>
    masks.map((mask, i) => [i, count(mask)]).filter(([, area]) => area! > 0);
  const pairs: number[][] = [];
  t.forEach((a, i) => {
    p.forEach((b, j) => {
      const pixels = count(a.map((v, k) => v & b[k]!));
      if (pixels > 0) pairs.push([i, j, pixels]);
    });
  });
  const pixels = Array.from({ length: frame.width * frame.height }, (_, i) => i);
  return {
    pred: areas(p).sort(),
    truth: areas(t).sort(),
    pairs,
    unions: [
      pixels.filter((i) => any(p, i)).length,
      pixels.filter((i) => any(t, i)).length,
      pixels.filter((i) => any(p, i) && any(t, i)).length,
    ],
  };
}

describe("overlapOfPolygons", () => {
  test("equals brute force for outlines that overlap, cross themselves and stick out", () => {
    fc.assert(
      fc.property(triangles, triangles, (pred, truth) => {
        expect(byId(overlapOfPolygons(pred, truth))).toEqual(bruteForce(pred, truth));
      }),
    );
  });

  test("strips change nothing; parts of a tiling add up to the whole", () => {
    const at = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(triangles, triangles, at, at, (pred, truth, rows, cut) => {
        const whole = overlapOfPolygons(pred, truth);
        expect(overlapOfPolygons(pred, truth, { stripRows: rows })).toEqual(whole);
        const parts = [
          { x: -3, y: -3, width: cut, height: 27 },
          { x: -3 + cut, y: -3, width: 27 - cut, height: 27 },
        ].map((within) => overlapOfPolygons(pred, truth, { within }));
        const sum = (of: (table: typeof whole) => number) =>
          parts.reduce((total, part) => total + of(part), 0);
        const total = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
        expect(sum(({ predUnion }) => predUnion)).toBe(whole.predUnion);
        expect(sum(({ common }) => common)).toBe(whole.common);
        expect(sum(({ pairs }) => total(pairs.pixels))).toBe(total(whole.pairs.pixels));
        expect(sum(({ truthAreas }) => total(truthAreas))).toBe(total(whole.truthAreas));
      }),
    );
  });

  test("objects far apart on a slide cost their own rows, not those between", () => {
    const far = 1_000_000_000;
    const table = overlapOfPolygons([square(5, 5, 4), square(far, far, 4)], [square(far, far, 3)]);
    expect([...table.predAreas]).toEqual([16, 16]);
    expect([...table.pairs.pixels]).toEqual([9]);
    expect(table.common).toBe(9);
  });

  test("numbers objects as the label images do", () => {
    for (const golden of goldens.cases) {
      const pred = imageOfRuns(golden.width, golden.height, golden.pred);
      const truth = imageOfRuns(golden.width, golden.height, golden.truth);
      const { predIds: _p, truthIds: _t, ...drawn } = overlapOfLabelImages(pred, truth);
      const {
        predIds: _q,
        truthIds: _u,
        ...swept
      } = overlapOfPolygons(pixelOutlines(pred), pixelOutlines(truth));
      expect(swept).toEqual(drawn);
    }
  });

  test("a crack outline drawn and outlined again is the same image", () => {
    const image: LabelImage = imageOfRuns(5, 4, [0, 6, 1, 3, 0, 2, 1, 1, 2, 1, 1, 1, 0, 2, 3, 4]);
    const frame = { x: 0, y: 0, width: 5, height: 4 };
    expect([...rasterisePolygons(pixelOutlines(image), frame).data]).toEqual([...image.data]);
  });
});
