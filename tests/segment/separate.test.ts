import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillSmallHoles, isSimpleBlob, keepLargestPart } from "../../src/segment/blob.ts";
import type { Candidate } from "../../src/segment/candidate.ts";
import { LogitField } from "../../src/segment/logit-field.ts";
import { decodeRle, encodeTight, rleIntersection, rleIou } from "../../src/segment/rle.ts";
import { cleanEach, separate } from "../../src/segment/separate.ts";
import { samBoxIou, suppress } from "../../src/segment/suppress.ts";
import { forDisc } from "./toy.ts";

const SIZE = { width: 40, height: 32 };

/** Rows of a picture drawn with `#`. */
const drawn = (...rows: string[]) => {
  const data = Uint8Array.from(rows.join(""), (c) => (c === "#" ? 1 : 0));
  return { data, width: rows[0]!.length, height: rows.length };
};

const show = (data: Uint8Array, width: number): string[] =>
  Array.from({ length: data.length / width }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (v) => (v === 1 ? "#" : ".")).join(""),
  );

const candidate = (data: Uint8Array, predictedIou: number): Candidate => ({
  ...encodeTight(data, SIZE.width, SIZE.height)!,
  predictedIou,
  stabilityScore: 1,
  point: { x: 0, y: 0 },
});

const disc = (x: number, y: number, radius: number, predictedIou: number): Candidate => {
  const data = new Uint8Array(SIZE.width * SIZE.height);
  forDisc(SIZE.width, SIZE.height, x, y, radius, (at) => {
    data[at] = 1;
  });
  return candidate(data, predictedIou);
};

const discs = fc.array(
  fc
    .tuple(
      fc.integer({ min: 0, max: 39 }),
      fc.integer({ min: 0, max: 31 }),
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 0, max: 4 }),
    )
    .map(([x, y, r, q]) => disc(x, y, r, q / 4)),
  { maxLength: 12 },
);

describe("blobs", () => {
  it("keeps the largest 8-connected part", () => {
    const { data, width, height } = drawn("##...#", "..#..#", "...#.#", "......", "##..##");
    keepLargestPart(data, width, height);
    expect(show(data, width)).toEqual(["##....", "..#...", "...#..", "......", "......"]);
  });

  it("fills small holes, not large ones, not bays, not another object's", () => {
    const { data, width, height } = drawn(
      "#######",
      "#.##..#",
      "####..#",
      "#.##..#",
      "#######",
      "###.###",
    );
    const taken = new Uint8Array(data.length);
    taken[3 * width + 1] = 1;
    fillSmallHoles(data, width, height, 5, taken);
    expect(show(data, width)).toEqual([
      "#######",
      "####..#",
      "####..#",
      "#.##..#",
      "#######",
      "###.###",
    ]);
  });

  it("calls simple only what is one part without holes", () => {
    const arbitrary = fc.uint8Array({ min: 0, max: 1, minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(arbitrary, (data) => {
        const tight = encodeTight(data, 6, 5);
        if (tight === null || !isSimpleBlob(tight)) return;
        const before = decodeRle(tight.rle);
        const after = before.slice();
        keepLargestPart(after, tight.rle.width, tight.rle.height);
        fillSmallHoles(after, tight.rle.width, tight.rle.height, 30, null);
        expect(after).toEqual(before);
      }),
    );
    expect(isSimpleBlob(disc(20, 16, 9, 1))).toBe(true);
  });
});

describe("suppress", () => {
  it("keeps no two masks above the limit, and drops none without a better one above it", () => {
    fc.assert(
      fc.property(discs, fc.constantFrom(0, 0.2, 0.5), (candidates, limit) => {
        const kept = suppress(candidates, limit, "mask");
        for (const [i, a] of kept.entries()) {
          for (const b of kept.slice(i + 1)) {
            expect(rleIou(a, b)).toBeLessThanOrEqual(limit);
            expect(b.predictedIou).toBeLessThanOrEqual(a.predictedIou);
          }
        }
        for (const dropped of candidates.filter((c) => !kept.includes(c))) {
          const why = kept.some(
            (k) => k.predictedIou >= dropped.predictedIou && rleIou(k, dropped) > limit,
          );
          expect(why).toBe(true);
        }
      }),
    );
  });

  it("compares boxes as the reference does, first and last pixel as corners", () => {
    const a = { x: 0, y: 0, width: 11, height: 11 };
    expect(samBoxIou(a, a)).toBe(1);
    expect(samBoxIou(a, { x: 5, y: 0, width: 11, height: 11 })).toBeCloseTo(50 / 150, 12);
    expect(samBoxIou(a, { x: 10, y: 0, width: 11, height: 11 })).toBe(0);
    // A single pixel has no area there: it is never doubled.
    const dot = { x: 3, y: 3, width: 1, height: 1 };
    expect(samBoxIou(dot, dot)).toBe(0);
  });

  it("breaks ties of predicted IoU by the order of the prompts", () => {
    const [first, second] = [disc(10, 10, 6, 0.5), disc(11, 10, 6, 0.5)];
    expect(suppress([first, second], 0.3, "mask")).toEqual([first]);
    expect(suppress([second, first], 0.3, "box")).toEqual([second]);
  });
});

describe("separate", () => {
  it("gives disjoint single parts inside what was claimed, and drops who loses more than half", () => {
    fc.assert(
      fc.property(discs, (candidates) => {
        const apart = separate(candidates, SIZE, 1);
        for (const [i, a] of apart.entries()) {
          for (const b of apart.slice(i + 1)) expect(rleIntersection(a, b)).toBe(0);
          const data = decodeRle(a.rle);
          const kept = data.slice();
          keepLargestPart(kept, a.rle.width, a.rle.height);
          expect(kept).toEqual(data);
          expect(encodeTight(data, a.rle.width, a.rle.height, a.box.x, a.box.y)).toEqual({
            rle: a.rle,
            box: a.box,
            area: a.area,
          });
        }
        if (candidates.length > 0) {
          const best = Math.max(...candidates.map((c) => c.predictedIou));
          const first = candidates.find((c) => c.predictedIou === best)!;
          expect(apart[0]!.area).toBe(first.area);
        }
      }),
    );
    // Half covered exactly stays, more goes.
    const row = (from: number, to: number) => {
      const data = new Uint8Array(SIZE.width * SIZE.height);
      data.fill(1, from, to);
      return candidate(data, 1);
    };
    expect(separate([row(0, 10), row(5, 15)], SIZE, 1)).toHaveLength(2);
    expect(separate([row(0, 10), row(4, 14)], SIZE, 1)).toHaveLength(1);
  });

  it("drops the double, and lets one that is dropped neither take pixels nor suppress", () => {
    // IoU of the first two is 1/2; the third is doubled with the second only.
    const [a, b, c] = [disc(12, 16, 6, 0.9), disc(16, 16, 6, 0.8), disc(20, 16, 6, 0.7)];
    expect(rleIou(a, b)).toBeGreaterThan(0.3);
    expect(rleIou(a, c)).toBeLessThan(0.3);
    const apart = separate([c, b, a], SIZE, 0.3);
    expect(apart.map((m) => m.predictedIou)).toEqual([0.9, 0.7]);
    expect(apart[1]!.area).toBe(c.area - rleIntersection(a, c));
  });

  it("drops what came later for what came first, whatever its predicted IoU", () => {
    const [first, later] = [disc(12, 16, 6, 0.5), disc(18, 16, 6, 0.9)];
    expect(separate([first, later], SIZE, 1)[0]!.area).toBe(later.area);
    const apart = separate([first], SIZE, 1, [later]);
    expect(apart.map((m) => m.area)).toEqual([
      first.area,
      later.area - rleIntersection(first, later),
    ]);
    expect(separate([first], SIZE, 0.1, [later])).toHaveLength(1);
  });

  it("gives a shared pixel to the mask whose logit is highest there, whatever the predicted IoUs", () => {
    const grid = { columns: SIZE.width, rows: SIZE.height, cellPx: 1 };
    // Logits fall with the distance from a centre: two cones meet half way.
    const cone = (cx: number, cy: number, reach: number, predictedIou: number): Candidate => {
      const logits = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, i) => {
        return reach - Math.hypot((i % SIZE.width) - cx, Math.floor(i / SIZE.width) - cy);
      });
      const mask = candidate(
        Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0)),
        predictedIou,
      );
      return { ...mask, field: new LogitField(logits, grid, 0, 0, mask.box) };
    };
    const bounded = (predictedIou: number, other: number) => {
      const apart = separate([cone(12, 16, 7, predictedIou), cone(20, 16, 7, other)], SIZE, 1);
      return apart.toSorted((p, q) => p.box.x - q.box.x).map(({ box }) => [box.x, box.width]);
    };
    // Column 16 is as far from both: the better mask has it.
    expect(bounded(0.9, 0.8)).toEqual([
      [6, 11],
      [17, 10],
    ]);
    expect(bounded(0.8, 0.9)).toEqual([
      [6, 10],
      [16, 11],
    ]);
    const hidden = separate([cone(16, 16, 9, 0.9), cone(22, 16, 4, 0.8)], SIZE, 1);
    expect(hidden.map(({ field }) => field)).toEqual(hidden.map(() => undefined));
  });

  it("counts pixels as taken although their owner later drops them as a stray part", () => {
    const strokes = new Uint8Array(SIZE.width * SIZE.height);
    strokes.fill(1, 0, 10);
    strokes.fill(1, 20, 24);
    const small = new Uint8Array(SIZE.width * SIZE.height);
    small.fill(1, 21, 25);
    const apart = separate([candidate(strokes, 1), candidate(small, 0.5)], SIZE, 1);
    expect(apart.map((m) => m.area)).toEqual([10]);
  });
});

describe("cleanEach", () => {
  it("leaves overlaps and makes each mask one part", () => {
    const data = new Uint8Array(SIZE.width * SIZE.height);
    data.fill(1, 0, 6);
    data.fill(1, 85, 90);
    const [clean, other] = cleanEach([candidate(data, 1), disc(3, 0, 5, 1)]);
    expect(clean!.area).toBe(6);
    expect(clean!.box).toEqual({ x: 0, y: 0, width: 6, height: 1 });
    expect(other).toEqual(disc(3, 0, 5, 1));
  });
});
