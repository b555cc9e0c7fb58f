import { MicrotomeError } from "../errors.ts";
import { type OverlapTable, pairIou } from "./overlap.ts";

/** One predicted object taken for one true object. */
export interface ObjectMatch {
  /** Number of the predicted object in the table. */
  readonly pred: number;
  /** Number of the true object in the table. */
  readonly truth: number;
  /** Intersection over union, above the threshold. */
  readonly iou: number;
}

/**
 * Pairs objects one to one whose IoU is **above** `threshold`, best first.
 *
 * From 0.5 on, objects that do not overlap their own side can pair in one way only (Kirillov et al.
 * 2019, §4.1), so the order decides nothing. Where predictions overlap each other, the best takes
 * the true object and the rest go unmatched: a double counts as a false positive.
 *
 * @param threshold 0.5 ≤ threshold < 1
 * @throws MicrotomeError `usage` on another threshold
 */
export function matchObjects(table: OverlapTable, threshold = 0.5): readonly ObjectMatch[] {
  if (!(threshold >= 0.5 && threshold < 1)) {
    throw new MicrotomeError(
      "usage",
      `Objects cannot be matched at IoU ${threshold}; expected 0.5 or more and below 1, where a match is unique.`,
      { threshold },
    );
  }
  const candidates: ObjectMatch[] = [];
  for (let i = 0; i < table.pairs.pixels.length; i++) {
    const iou = pairIou(table, i);
    if (iou > threshold) {
      candidates.push({ pred: table.pairs.pred[i]!, truth: table.pairs.truth[i]!, iou });
    }
  }
  // A stable sort: equal IoUs keep the table's order.
  candidates.sort((a, b) => b.iou - a.iou);
  const predTaken = new Uint8Array(table.predAreas.length);
  const truthTaken = new Uint8Array(table.truthAreas.length);
  return candidates.filter(({ pred, truth }) => {
    if (predTaken[pred] || truthTaken[truth]) return false;
    predTaken[pred] = 1;
    truthTaken[truth] = 1;
    return true;
  });
}
