import { f1 } from "./f1.ts";
import { ratioOrOne } from "./ratio.ts";
import type { Tally } from "./tally.ts";

/** Panoptic quality and its two factors, each 0..1. */
export interface PanopticQuality {
  /** sq · rq. */
  readonly pq: number;
  /** Segmentation quality: mean IoU of the matched pairs; 0 when objects exist but none matches. */
  readonly sq: number;
  /** Recognition quality: TP / (TP + ½FP + ½FN), which is F1 at IoU above 0.5. */
  readonly rq: number;
}

/**
 * Panoptic quality of one class: PQ = SQ · RQ = Σ IoU of matched pairs / (TP + ½FP + ½FN), a pair
 * matching when its IoU is **above** 0.5. All three are 1 when both sides are empty; PQ is 0 when
 * one is. No void label: every pixel counts.
 *
 * Source: A. Kirillov et al., "Panoptic Segmentation", CVPR 2019, eq. 1 and 2.
 */
export function panopticQuality(tally: Tally): PanopticQuality {
  const rq = f1(tally);
  const nothing = tally.predObjects + tally.truthObjects === 0;
  const sq = tally.matched === 0 && !nothing ? 0 : ratioOrOne(tally.matchedIou, tally.matched);
  return { pq: sq * rq, sq, rq };
}
