import { type PlacedRle, rleIou } from "../../src/segment/rle.ts";

/** How much of a set of masks another set has. */
export interface Agreement {
  /** Masks of the first set. */
  readonly wanted: number;
  /** Masks of the second set. */
  readonly found: number;
  /** Pairs of IoU ≥ 0.5, each mask in one at most. */
  readonly matched: number;
  /** Mean IoU of the pairs, 0..1; 1 where there is none. */
  readonly meanIou: number;
}

/** Pairs two sets of masks, best IoU first. */
export function agreement(wanted: readonly PlacedRle[], found: readonly PlacedRle[]): Agreement {
  const pairs: { readonly i: number; readonly j: number; readonly iou: number }[] = [];
  for (const [i, a] of wanted.entries()) {
    for (const [j, b] of found.entries()) {
      const iou = rleIou(a, b);
      if (iou >= 0.5) pairs.push({ i, j, iou });
    }
  }
  pairs.sort((a, b) => b.iou - a.iou);
  const [left, right] = [new Set<number>(), new Set<number>()];
  let sum = 0;
  for (const { i, j, iou } of pairs) {
    if (left.has(i) || right.has(j)) continue;
    left.add(i);
    right.add(j);
    sum += iou;
  }
  const matched = left.size;
  return {
    wanted: wanted.length,
    found: found.length,
    matched,
    meanIou: matched === 0 ? 1 : sum / matched,
  };
}

/** The agreement of several patches taken together. */
export function together(all: readonly Agreement[]): Agreement & { readonly kept: number } {
  const sum = (of: (one: Agreement) => number) => all.reduce((total, one) => total + of(one), 0);
  const matched = sum((one) => one.matched);
  const wanted = sum((one) => one.wanted);
  return {
    wanted,
    found: sum((one) => one.found),
    matched,
    meanIou: matched === 0 ? 1 : sum((one) => one.meanIou * one.matched) / matched,
    kept: wanted === 0 ? 1 : matched / wanted,
  };
}
