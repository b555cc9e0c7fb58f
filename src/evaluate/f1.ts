import { matchObjects } from "./matching.ts";
import type { OverlapTable } from "./overlap.ts";
import { ratioOrOne } from "./ratio.ts";

/** Counts that the detection figures need: matched pairs and objects of each side. */
export interface DetectionCounts {
  /** Pairs with IoU above the threshold (TP). */
  readonly matched: number;
  /** Predicted objects (TP + FP). */
  readonly predObjects: number;
  /** True objects (TP + FN). */
  readonly truthObjects: number;
}

/**
 * Precision, TP / (TP + FP), 0..1. With no predicted object: 1 when there was nothing to find either,
 * else 0. Matching as in {@link matchObjects}.
 */
export function precision({ matched, predObjects, truthObjects }: DetectionCounts): number {
  return predObjects === 0 ? ratioOrOne(0, truthObjects) : matched / predObjects;
}

/**
 * Recall, TP / (TP + FN), 0..1. With no true object: 1 when nothing was predicted either, else 0.
 * Matching as in {@link matchObjects}.
 */
export function recall({ matched, predObjects, truthObjects }: DetectionCounts): number {
  return truthObjects === 0 ? ratioOrOne(0, predObjects) : matched / truthObjects;
}

/**
 * F1 of detection, 2·TP / (2·TP + FP + FN), 0..1: the harmonic mean of precision and recall. 1 when
 * both sides are empty, 0 when one is.
 *
 * Source: C. J. van Rijsbergen, Information Retrieval, 2nd ed., 1979, ch. 7 (effectiveness); at IoU
 * above 0.5 it equals the recognition quality of Kirillov et al. 2019.
 */
export function f1({ matched, predObjects, truthObjects }: DetectionCounts): number {
  return ratioOrOne(2 * matched, predObjects + truthObjects);
}

/** Detection figures at one IoU threshold. */
export interface ThresholdScore {
  /** A pair matches when its IoU is above this. */
  readonly threshold: number;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
}

/** F1, precision and recall at each threshold (each 0.5 ≤ t < 1). Throws MicrotomeError `usage`. */
export function f1AtThresholds(
  table: OverlapTable,
  thresholds: readonly number[],
): readonly ThresholdScore[] {
  return thresholds.map((threshold) => {
    const counts: DetectionCounts = {
      matched: matchObjects(table, threshold).length,
      predObjects: table.predAreas.length,
      truthObjects: table.truthAreas.length,
    };
    return {
      threshold,
      f1: f1(counts),
      precision: precision(counts),
      recall: recall(counts),
    };
  });
}
