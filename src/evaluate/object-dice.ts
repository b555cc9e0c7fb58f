import type { OverlapTable } from "./overlap.ts";
import { ratioOrOne } from "./ratio.ts";
import type { Tally } from "./tally.ts";

/** Sums for object Dice: areas, and areas weighted by the Dice of each object with its partner. */
export interface ObjectDiceTally {
  /** Σ |Tᵢ|, pixels. */
  readonly truthArea: number;
  /** Σ |Tᵢ|·Dice(Tᵢ, its partner), pixels. */
  readonly truthDiceArea: number;
  /** Σ |Pⱼ|, pixels. */
  readonly predArea: number;
  /** Σ |Pⱼ|·Dice(Pⱼ, its partner), pixels. */
  readonly predDiceArea: number;
}

/**
 * Sums for {@link objectDice}: the partner of an object is the one of the other side that shares
 * most pixels with it (of equals, the one with the higher Dice), or none, with Dice 0.
 */
export function objectDiceTally(table: OverlapTable): ObjectDiceTally {
  const { pairs, predAreas, truthAreas } = table;
  const pairDice = (pair: number): number =>
    (2 * pairs.pixels[pair]!) / (predAreas[pairs.pred[pair]!]! + truthAreas[pairs.truth[pair]!]!);
  const better = (pair: number, held: number): boolean => {
    if (held < 0) return true;
    const more = pairs.pixels[pair]! - pairs.pixels[held]!;
    return more > 0 || (more === 0 && pairDice(pair) > pairDice(held));
  };
  const ofTruth = new Int32Array(truthAreas.length).fill(-1);
  const ofPred = new Int32Array(predAreas.length).fill(-1);
  for (let i = 0; i < pairs.pixels.length; i++) {
    const truth = pairs.truth[i]!;
    const pred = pairs.pred[i]!;
    if (better(i, ofTruth[truth]!)) ofTruth[truth] = i;
    if (better(i, ofPred[pred]!)) ofPred[pred] = i;
  }
  const weigh = (areas: Float64Array, partner: Int32Array): number =>
    areas.reduce((sum, area, k) => sum + (partner[k]! < 0 ? 0 : area * pairDice(partner[k]!)), 0);
  const total = (areas: Float64Array): number => areas.reduce((sum, area) => sum + area, 0);
  return {
    truthArea: total(truthAreas),
    truthDiceArea: weigh(truthAreas, ofTruth),
    predArea: total(predAreas),
    predDiceArea: weigh(predAreas, ofPred),
  };
}

/**
 * Object Dice, 0..1: the mean of two area-weighted means, over true objects and over predicted ones,
 * of each object's Dice with its partner. 1 when both sides are empty, 0 when one is.
 *
 * Source: K. Sirinukunwattana et al., "Gland segmentation in colon histology images: the GlaS
 * challenge contest", Medical Image Analysis 35, 489–502, 2017 (object-level Dice index).
 */
export function objectDice(tally: Tally): number {
  const { truthArea, truthDiceArea, predArea, predDiceArea } = tally;
  if (truthArea + predArea > 0 && (truthArea === 0 || predArea === 0)) return 0;
  return (ratioOrOne(truthDiceArea, truthArea) + ratioOrOne(predDiceArea, predArea)) / 2;
}
