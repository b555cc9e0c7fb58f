import { ratioOrOne } from "./ratio.ts";
import type { Tally } from "./tally.ts";

/**
 * Dice coefficient of the unions of pixels: 2·|P ∩ T| / (|P| + |T|), 0..1, with P the pixels of any
 * predicted object and T those of any true one; blind to how they are parted into objects.
 * 1 when both are empty, 0 when one is.
 *
 * Source: L. R. Dice, "Measures of the amount of ecologic association between species", Ecology
 * 26(3), 297–302, 1945.
 */
export function dice(tally: Tally): number {
  return ratioOrOne(2 * tally.commonPixels, tally.predPixels + tally.truthPixels);
}
