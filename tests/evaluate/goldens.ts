import { readFileSync } from "node:fs";
import type { LabelImage } from "../../src/evaluate/label-image.ts";
import type { Figures } from "../../src/evaluate/score.ts";
import type { Polygon } from "../../src/geometry.ts";

interface GoldenCase {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly pred: readonly number[];
  readonly truth: readonly number[];
  readonly expected: Figures;
  readonly f1At: readonly number[];
}

interface GoldenPrompted {
  readonly truth: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly targets: readonly {
    readonly label: number;
    readonly area: number;
    readonly box: readonly [number, number, number, number];
    readonly centroid: readonly [number, number];
  }[];
  readonly medianRadius: number;
  /** Instance Dice, union Dice. */
  readonly discMedian: readonly [number, number];
  readonly discFixed: readonly [number, number];
  readonly ellipse: readonly [number, number];
}

interface Goldens {
  readonly thresholds: readonly number[];
  readonly cases: readonly GoldenCase[];
  readonly mean: Figures;
  readonly pooled: Figures;
  readonly polygons: readonly {
    readonly outer: readonly number[];
    readonly hole: readonly number[];
    readonly runs: readonly number[];
  }[];
  readonly prompted: GoldenPrompted;
}

/** What tests/cases/evaluate/make-goldens.py computed with numpy, scikit-image and GEOS. */
export const goldens: Goldens = JSON.parse(
  readFileSync(new URL("../cases/evaluate/goldens.json", import.meta.url), "utf8"),
);

/** A label image from value, count, value, count, … */
export function imageOfRuns(width: number, height: number, runs: readonly number[]): LabelImage {
  const data = new Uint16Array(width * height);
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    data.fill(runs[i]!, at, at + runs[i + 1]!);
    at += runs[i + 1]!;
  }
  if (at !== data.length) throw new Error(`runs hold ${at} pixels, expected ${data.length}`);
  return { width, height, data };
}

/**
 * Each object of a label image as one outline: a unit square a pixel, which is as exact as a crack
 * outline and independent of the product's contour code.
 */
export function pixelOutlines(image: LabelImage): readonly (readonly Polygon[])[] {
  const outlines = new Map<number, Polygon[]>();
  image.data.forEach((label, i) => {
    if (label === 0) return;
    const x = i % image.width;
    const y = Math.floor(i / image.width);
    const square = { outer: [x, y, x + 1, y, x + 1, y + 1, x, y + 1], holes: [] };
    const known = outlines.get(label);
    if (known) known.push(square);
    else outlines.set(label, [square]);
  });
  return [...outlines.values()];
}
