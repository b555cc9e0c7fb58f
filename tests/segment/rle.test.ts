import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeRle,
  encodeRle,
  encodeTight,
  type PlacedRle,
  paintRle,
  rleArea,
  rleIntersection,
  rleIou,
  SpanCursor,
  uniteRles,
} from "../../src/segment/rle.ts";

const FRAME = { x: -4, y: -3, width: 24, height: 20 };

/** A mask somewhere in FRAME, runs of equal pixels favoured. */
const picture = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 10 }))
  .chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      x: fc.integer({ min: FRAME.x, max: FRAME.x + FRAME.width - width }),
      y: fc.integer({ min: FRAME.y, max: FRAME.y + FRAME.height - height }),
      data: fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height }),
    }),
  );
type Picture = typeof picture extends fc.Arbitrary<infer T> ? T : never;

const placed = (p: Picture): PlacedRle => ({
  rle: encodeRle(p.data, p.width, 0, 0, p.width, p.height),
  box: { x: p.x, y: p.y, width: p.width, height: p.height },
});

/** Positions of foreground pixels, as text: the independent truth. */
const pixels = (p: Picture): Set<string> => {
  const set = new Set<string>();
  p.data.forEach((v, i) => {
    if (v === 1) set.add(`${p.x + (i % p.width)},${p.y + Math.floor(i / p.width)}`);
  });
  return set;
};

describe("row-major RLE", () => {
  it("writes runs row by row, background first", () => {
    // 1 1 0
    // 0 1 1
    const rle = encodeRle(Uint8Array.of(1, 1, 0, 0, 1, 1), 3, 0, 0, 3, 2);
    expect(rle).toEqual({ width: 3, height: 2, runs: [0, 2, 2, 2] });
  });

  it("encodes a window of a larger picture", () => {
    const data = Uint8Array.of(9, 9, 9, 9, 9, 0, 7, 9, 9, 7, 0, 9);
    expect(encodeRle(data, 4, 1, 1, 2, 2).runs).toEqual([1, 2, 1]);
  });

  it("decodes to what was encoded, and its runs fill the box", () => {
    fc.assert(
      fc.property(picture, (p) => {
        const { rle } = placed(p);
        expect(decodeRle(rle)).toEqual(p.data);
        expect(rle.runs.reduce((a, b) => a + b, 0)).toBe(p.width * p.height);
        expect(rle.runs.slice(1).every((run) => run > 0)).toBe(true);
        expect(rleArea(rle)).toBe(pixels(p).size);
      }),
    );
  });

  it("finds the tight box", () => {
    fc.assert(
      fc.property(picture, (p) => {
        const tight = encodeTight(p.data, p.width, p.height, p.x, p.y);
        const truth = pixels(p);
        if (tight === null) {
          expect(truth.size).toBe(0);
          return;
        }
        expect(tight.area).toBe(truth.size);
        const xs = [...truth].map((t) => Number(t.split(",")[0]));
        const ys = [...truth].map((t) => Number(t.split(",")[1]));
        expect(tight.box).toEqual({
          x: Math.min(...xs),
          y: Math.min(...ys),
          width: Math.max(...xs) - Math.min(...xs) + 1,
          height: Math.max(...ys) - Math.min(...ys) + 1,
        });
        const back = new Uint8Array(FRAME.width * FRAME.height);
        paintRle(tight, back, FRAME);
        expect(back.reduce((a, b) => a + b, 0)).toBe(truth.size);
      }),
    );
  });

  it("walks exactly the foreground, in order", () => {
    fc.assert(
      fc.property(picture, (p) => {
        const spans = new SpanCursor(placed(p));
        const seen: string[] = [];
        while (spans.next()) {
          expect(spans.x1).toBeGreaterThan(spans.x0);
          for (let x = spans.x0; x < spans.x1; x++) seen.push(`${x},${spans.y}`);
        }
        expect(seen).toEqual([...pixels(p)]);
      }),
    );
  });

  it("counts shared pixels, IoU and union as sets do", () => {
    fc.assert(
      fc.property(picture, picture, (p, q) => {
        const [a, b] = [placed(p), placed(q)];
        const [s, t] = [pixels(p), pixels(q)];
        const shared = [...s].filter((v) => t.has(v)).length;
        const both = new Set([...s, ...t]).size;
        expect(rleIntersection(a, b)).toBe(shared);
        expect(rleIntersection(b, a)).toBe(shared);
        expect(rleIou(a, b)).toBe(both === 0 ? 0 : shared / both);
        expect(uniteRles([a, b])?.area ?? 0).toBe(both);
      }),
    );
  });

  it("clips what is painted to the picture", () => {
    fc.assert(
      fc.property(picture, (p) => {
        const box = { x: 0, y: 0, width: 6, height: 5 };
        const back = new Uint8Array(30);
        paintRle(placed(p), back, box, 2);
        const truth = [...pixels(p)].filter((t) => {
          const [x, y] = t.split(",").map(Number) as [number, number];
          return x >= 0 && y >= 0 && x < 6 && y < 5;
        });
        expect(back.filter((v) => v === 2).length).toBe(truth.length);
        for (const t of truth) {
          const [x, y] = t.split(",").map(Number) as [number, number];
          expect(back[y * 6 + x]).toBe(2);
        }
      }),
    );
  });

  it("unites nothing to null", () => {
    expect(uniteRles([])).toBeNull();
  });
});
