import fc from "fast-check";
import { expect, test } from "vitest";
import type { LabelImage } from "../../src/evaluate/label-image.ts";
import { FIGURE_NAMES, scoreGeoJson, scoreLabelImages } from "../../src/evaluate/score.ts";
import { pixelOutlines } from "./goldens.ts";

const WIDTH = 9;
const HEIGHT = 7;

const labelImage = fc
  .array(fc.nat({ max: 4 }), { minLength: WIDTH * HEIGHT, maxLength: WIDTH * HEIGHT })
  .map((labels): LabelImage => ({ width: WIDTH, height: HEIGHT, data: Uint16Array.from(labels) }));

/** Smooth objects, as nuclei are, where matches above 0.5 happen. */
const blobs = fc
  .array(
    fc.record({
      x: fc.nat({ max: WIDTH - 1 }),
      y: fc.nat({ max: HEIGHT - 1 }),
      w: fc.integer({ min: 1, max: 5 }),
      h: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 5 },
  )
  .map((boxes): LabelImage => {
    const data = new Uint16Array(WIDTH * HEIGHT);
    boxes.forEach(({ x, y, w, h }, i) => {
      for (let r = y; r < Math.min(HEIGHT, y + h); r++) {
        data.fill(i + 1, r * WIDTH + x, r * WIDTH + Math.min(WIDTH, x + w));
      }
    });
    return { width: WIDTH, height: HEIGHT, data };
  });

const image = fc.oneof(labelImage, blobs);

test("every figure lies in 0..1, and is 1 for an image against itself", () => {
  fc.assert(
    fc.property(image, image, (pred, truth) => {
      const score = scoreLabelImages(pred, truth);
      const self = scoreLabelImages(truth, truth);
      for (const name of FIGURE_NAMES) {
        expect(score[name]).toBeGreaterThanOrEqual(0);
        expect(score[name]).toBeLessThanOrEqual(1);
        expect(self[name]).toBe(1);
      }
    }),
  );
});

test("all but AJI are symmetric; precision and recall change places", () => {
  fc.assert(
    fc.property(image, image, (a, b) => {
      const [ab, ba] = [scoreLabelImages(a, b), scoreLabelImages(b, a)];
      for (const name of ["dice", "iou", "pq", "sq", "rq", "f1", "objectDice"] as const) {
        expect(ab[name]).toBeCloseTo(ba[name], 12);
      }
      expect(ab.precision).toBe(ba.recall);
      expect(ab.recall).toBe(ba.precision);
    }),
  );
});

test("renumbering the labels of either side changes nothing", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), {
    minLength: 5,
    maxLength: 5,
  });
  const renumber = (from: LabelImage, by: readonly number[]): LabelImage => ({
    ...from,
    data: from.data.map((label) => (label === 0 ? 0 : by[label - 1]!)),
  });
  fc.assert(
    fc.property(image, image, numbers, numbers, (pred, truth, p, t) => {
      expect(scoreLabelImages(renumber(pred, p), renumber(truth, t))).toEqual(
        scoreLabelImages(pred, truth),
      );
    }),
  );
});

test("polygons score as the label images they outline, whatever the strips", () => {
  fc.assert(
    fc.property(image, image, fc.integer({ min: 1, max: 9 }), (pred, truth, stripRows) => {
      const drawn = scoreLabelImages(pred, truth);
      expect(scoreGeoJson(pixelOutlines(pred), pixelOutlines(truth), { stripRows })).toEqual(drawn);
    }),
  );
});

test("a better prediction never scores a lower AJI than an empty one", () => {
  fc.assert(
    fc.property(blobs, fc.nat({ max: 4 }), (truth, kept) => {
      const part = { ...truth, data: truth.data.map((label) => (label <= kept ? label : 0)) };
      const score = scoreLabelImages(part, truth);
      const found = truth.data.filter((label) => label > 0 && label <= kept).length;
      const all = truth.data.filter((label) => label > 0).length;
      expect(score.aji).toBeCloseTo(all === 0 ? 1 : found / all, 12);
    }),
  );
});
