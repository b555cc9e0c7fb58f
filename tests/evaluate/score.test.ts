import { describe, expect, test } from "vitest";
import { f1AtThresholds } from "../../src/evaluate/f1.ts";
import { matchObjects } from "../../src/evaluate/matching.ts";
import { overlapOfLabelImages } from "../../src/evaluate/overlap.ts";
import {
  FIGURE_NAMES,
  type Figures,
  scoreGeoJson,
  scoreLabelImages,
} from "../../src/evaluate/score.ts";
import { scoreDataset } from "../../src/evaluate/score-dataset.ts";
import { goldens, imageOfRuns, pixelOutlines } from "./goldens.ts";

function expectFigures(found: Figures, expected: Figures): void {
  for (const name of FIGURE_NAMES) {
    expect(Math.abs(found[name] - expected[name]), `${name}: ${found[name]}`).toBeLessThan(1e-6);
  }
}

const images = goldens.cases.map((golden) => ({
  golden,
  pred: imageOfRuns(golden.width, golden.height, golden.pred),
  truth: imageOfRuns(golden.width, golden.height, golden.truth),
}));

describe("figures equal the independent implementation to 1e-6", () => {
  test.each(images.map((image) => [image.golden.name, image] as const))(
    "%s",
    (_, { golden, pred, truth }) => {
      expectFigures(scoreLabelImages(pred, truth), golden.expected);
      expectFigures(scoreGeoJson(pixelOutlines(pred), pixelOutlines(truth)), golden.expected);
      const scores = f1AtThresholds(overlapOfLabelImages(pred, truth), goldens.thresholds);
      scores.forEach(({ f1 }, i) => {
        expect(f1).toBeCloseTo(golden.f1At[i]!, 6);
      });
    },
  );

  test("mean over images, and pooled", () => {
    const scores = images.map(({ golden, pred, truth }) => ({
      image: golden.name,
      ...scoreLabelImages(pred, truth),
    }));
    const dataset = scoreDataset(scores);
    expect(dataset.images).toBe(goldens.cases.length);
    expect(dataset.perImage).toHaveLength(goldens.cases.length);
    expectFigures(dataset, goldens.mean);
    expectFigures(dataset.pooled, goldens.pooled);
  });
});

test("AJI takes a prediction as often as it is best: one over three true objects", () => {
  const truth = imageOfRuns(6, 1, [1, 2, 2, 2, 3, 2]);
  const pred = imageOfRuns(6, 1, [7, 6]);
  // Σ|T∩P| = 6 and Σ|T∪P| = 3·6: a rule that used it once would give 2 / (6 + 2 + 2).
  expect(scoreLabelImages(pred, truth).aji).toBeCloseTo(6 / 18, 12);
});

test("a doubled prediction is a false positive, not a second match", () => {
  const square = { outer: [0, 0, 4, 0, 4, 4, 0, 4], holes: [] };
  const inner = { outer: [0, 0, 4, 0, 4, 3, 0, 3], holes: [] };
  const score = scoreGeoJson([inner, square], [square]);
  expect(score.tally).toMatchObject({ matched: 1, predObjects: 2, truthObjects: 1, matchedIou: 1 });
  expect(score.precision).toBe(0.5);
  expect(score.dice).toBe(1);
});

test("what cannot be compared is refused with a code", () => {
  const small = imageOfRuns(2, 2, [1, 4]);
  const wide = imageOfRuns(4, 1, [1, 4]);
  expect(() => scoreLabelImages(small, wide)).toThrow(
    expect.objectContaining({ code: "usage", message: expect.stringContaining("2 × 2") }),
  );
  const short = { width: 3, height: 2, data: new Uint16Array(5) };
  expect(() => scoreLabelImages(short, imageOfRuns(3, 2, [0, 6]))).toThrow(
    expect.objectContaining({ code: "corrupt-file" }),
  );
  const table = overlapOfLabelImages(small, small);
  for (const threshold of [0.49, 1, Number.NaN]) {
    expect(() => matchObjects(table, threshold)).toThrow(
      expect.objectContaining({ code: "usage" }),
    );
  }
  expect(() => scoreDataset([])).toThrow(expect.objectContaining({ code: "usage" }));
});
