import { type OverlapTable, pairIou } from "./overlap.ts";
import { ratioOrOne } from "./ratio.ts";
import type { Tally } from "./tally.ts";

/** Numerator and denominator of AJI. */
export interface AjiTally {
  /** Σ |Tᵢ ∩ Pⱼ₍ᵢ₎|, pixels. */
  readonly ajiCommon: number;
  /** Σ |Tᵢ ∪ Pⱼ₍ᵢ₎| + Σ over predictions never chosen of their area, pixels. */
  readonly ajiUnion: number;
}

/**
 * Sums for the Aggregated Jaccard Index, in the variant of the paper and of the code that MoNuSeg's
 * organisers distribute (`Aggregated_Jaccard_Index_v1_0`, 2018).
 *
 * Each true object Tᵢ takes the predicted object with the highest IoU, **whether or not another true
 * object took it too**; a true object that nothing touches adds its area to the denominator, and so
 * does, once, each predicted object that none took. (An earlier circulated script removed a
 * prediction once used, which made the figure depend on the order of labels; "AJI+" of HoVer-Net
 * pairs one to one. Neither is offered here.)
 *
 * Equal IoUs: the prediction whose first pixel comes first, so that renumbering changes nothing.
 */
export function ajiTally(table: OverlapTable): AjiTally {
  const { pairs, predAreas, truthAreas } = table;
  const best = new Int32Array(truthAreas.length).fill(-1);
  for (let i = 0; i < pairs.pixels.length; i++) {
    const truth = pairs.truth[i]!;
    const held = best[truth]!;
    if (held < 0 || pairIou(table, i) > pairIou(table, held)) best[truth] = i;
  }
  const used = new Uint8Array(predAreas.length);
  let ajiCommon = 0;
  let ajiUnion = 0;
  best.forEach((pair, truth) => {
    if (pair < 0) {
      ajiUnion += truthAreas[truth]!;
      return;
    }
    const pred = pairs.pred[pair]!;
    const pixels = pairs.pixels[pair]!;
    used[pred] = 1;
    ajiCommon += pixels;
    ajiUnion += truthAreas[truth]! + predAreas[pred]! - pixels;
  });
  predAreas.forEach((area, pred) => {
    if (!used[pred]) ajiUnion += area;
  });
  return { ajiCommon, ajiUnion };
}

/**
 * Aggregated Jaccard Index, 0..1: see {@link ajiTally} for the pairing. 1 when both sides are empty,
 * 0 when one is.
 *
 * Source: N. Kumar et al., "A dataset and a technique for generalized nuclear segmentation for
 * computational pathology", IEEE Transactions on Medical Imaging 36(7), 1550–1560, 2017, Algorithm 1.
 */
export function aji(tally: Tally): number {
  return ratioOrOne(tally.ajiCommon, tally.ajiUnion);
}
