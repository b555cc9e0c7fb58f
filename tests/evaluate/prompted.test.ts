import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  discMask,
  ellipseMask,
  medianEquivalentRadius,
} from "../../src/evaluate/blind-controls.ts";
import type { LabelImage } from "../../src/evaluate/label-image.ts";
import { maskWhere } from "../../src/evaluate/placed-mask.ts";
import { promptTargets } from "../../src/evaluate/prompt-targets.ts";
import { poolPrompted, scoreBlindControls, scorePrompted } from "../../src/evaluate/prompted.ts";
import { goldens, imageOfRuns } from "./goldens.ts";

const golden = goldens.prompted;
const truth = imageOfRuns(golden.width, golden.height, golden.truth);
const targets = promptTargets(truth);

/** The mask of a target's own pixels: the perfect answer. */
const perfect = (image: LabelImage) =>
  promptTargets(image).map(({ label, box }) =>
    maskWhere(box, (x, y) => image.data[Math.floor(y) * image.width + Math.floor(x)] === label),
  );

describe("against scikit-image and numpy", () => {
  test("areas, boxes and centroids", () => {
    expect(targets.map(({ label, area }) => [label, area])).toEqual(
      golden.targets.map(({ label, area }) => [label, area]),
    );
    targets.forEach(({ box, centroid }, i) => {
      const expected = golden.targets[i]!;
      expect([box.x, box.y, box.width, box.height]).toEqual(expected.box);
      expect(centroid.x).toBeCloseTo(expected.centroid[0], 9);
      expect(centroid.y).toBeCloseTo(expected.centroid[1], 9);
    });
  });

  test("blind controls: discs of median and of fixed radius, ellipse in the box", () => {
    const radius = medianEquivalentRadius(targets);
    expect(radius).toBeCloseTo(golden.medianRadius, 9);
    const controls = scoreBlindControls(truth, targets, radius);
    for (const name of ["discMedian", "discFixed", "ellipse"] as const) {
      expect(controls[name].instanceDice, name).toBeCloseTo(golden[name][0], 6);
      expect(controls[name].unionDice, name).toBeCloseTo(golden[name][1], 6);
      expect(controls[name].instances).toBe(targets.length);
    }
  });
});

test("the centroid of a crescent is moved onto it", () => {
  const crescent = imageOfRuns(5, 5, [4, 5, 4, 1, 0, 4, 4, 1, 0, 4, 4, 1, 0, 4, 4, 5]);
  const [target] = promptTargets(crescent);
  // Mean of the 13 centres: x = 25.5 / 13 ≈ 1.96, y = 2.5, off the object; nearest own pixel: (0, 2).
  expect(target!.centroid).toEqual({ x: 0.5, y: 2.5 });
});

test("every centroid lies on its object, every box is tight", () => {
  const labels = fc.array(fc.nat({ max: 3 }), { minLength: 48, maxLength: 48 });
  fc.assert(
    fc.property(labels, (values) => {
      const image: LabelImage = { width: 8, height: 6, data: Uint16Array.from(values) };
      for (const { label, area, box, centroid } of promptTargets(image)) {
        expect(image.data[Math.floor(centroid.y) * 8 + Math.floor(centroid.x)]).toBe(label);
        const own = values.flatMap((value, i) => (value === label ? [i] : []));
        expect(own).toHaveLength(area);
        const [xs, ys] = [own.map((i) => i % 8), own.map((i) => Math.floor(i / 8))];
        expect(box).toEqual({
          x: Math.min(...xs),
          y: Math.min(...ys),
          width: Math.max(...xs) - Math.min(...xs) + 1,
          height: Math.max(...ys) - Math.min(...ys) + 1,
        });
      }
      const score = scorePrompted(image, promptTargets(image), perfect(image));
      expect([score.instanceDice, score.unionDice]).toEqual([1, 1]);
    }),
  );
});

test("no answer counts 0; masks that stick out of the image are cut", () => {
  const image = imageOfRuns(4, 1, [1, 2, 2, 2]);
  const none = scorePrompted(image, promptTargets(image), [null, null]);
  expect([none.instanceDice, none.unionDice]).toEqual([0, 0]);
  const whole = maskWhere({ x: -3, y: -2, width: 10, height: 5 }, () => true);
  const score = scorePrompted(image, promptTargets(image), [whole, null]);
  expect(score.instanceDice).toBeCloseTo((2 * 2) / (4 + 2) / 2, 12);
  expect(score.unionDice).toBe(1);
  expect(() => scorePrompted(image, promptTargets(image), [null])).toThrow(
    expect.objectContaining({ code: "usage" }),
  );
});

test("pooling weighs instances and pixels, not images", () => {
  const small = imageOfRuns(4, 1, [1, 2, 2, 2]);
  const large = imageOfRuns(20, 1, [5, 20]);
  const pooled = poolPrompted([
    scorePrompted(small, promptTargets(small), [null, null]),
    scorePrompted(large, promptTargets(large), perfect(large)),
  ]);
  expect(pooled.instanceDice).toBeCloseTo(1 / 3, 12);
  expect(pooled.unionDice).toBeCloseTo((2 * 20) / (20 + 24), 12);
});

test("disc and ellipse: areas near the circle's and the ellipse's, inside their boxes", () => {
  const area = (mask: ReturnType<typeof discMask>) =>
    mask.rle.runs.reduce((sum, run, i) => sum + (i % 2 === 1 ? run : 0), 0);
  const disc = discMask({ x: 30.3, y: 20.7 }, 10);
  expect(area(disc)).toBeGreaterThan(Math.PI * 100 * 0.97);
  expect(area(disc)).toBeLessThan(Math.PI * 100 * 1.03);
  expect(area(ellipseMask({ x: 3, y: 4, width: 1, height: 1 }))).toBe(1);
  expect(area(ellipseMask({ x: 3, y: 4, width: 2, height: 2 }))).toBe(4);
  expect(() => medianEquivalentRadius([])).toThrow(expect.objectContaining({ code: "usage" }));
});
