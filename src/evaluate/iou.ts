import { ratioOrOne } from "./ratio.ts";
import type { Tally } from "./tally.ts";

/**
 * Intersection over union of the unions of pixels: |P ∩ T| / |P ∪ T|, 0..1, with P the pixels of any
 * predicted object and T those of any true one. 1 when both are empty, 0 when one is.
 *
 * Source: P. Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11(2),
 * 37–50, 1912.
 */
export function iou(tally: Tally): number {
  const { commonPixels, predPixels, truthPixels } = tally;
  return ratioOrOne(commonPixels, predPixels + truthPixels - commonPixels);
}
