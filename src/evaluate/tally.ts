import { type AjiTally, ajiTally } from "./aji.ts";
import type { DetectionCounts } from "./f1.ts";
import { matchObjects } from "./matching.ts";
import { type ObjectDiceTally, objectDiceTally } from "./object-dice.ts";
import type { OverlapTable } from "./overlap.ts";

/** The sums every metric is a ratio of. They add up over images: a pooled figure is the figure of the sum. */
export interface Tally extends DetectionCounts, AjiTally, ObjectDiceTally {
  /** Pixels of any predicted object. */
  readonly predPixels: number;
  /** Pixels of any true object. */
  readonly truthPixels: number;
  /** Pixels of both. */
  readonly commonPixels: number;
  /** Σ IoU over the pairs matched at IoU above 0.5. */
  readonly matchedIou: number;
}

/** The sums of one image. */
export function tallyOf(table: OverlapTable): Tally {
  const matches = matchObjects(table);
  return {
    predObjects: table.predAreas.length,
    truthObjects: table.truthAreas.length,
    matched: matches.length,
    matchedIou: matches.reduce((sum, { iou }) => sum + iou, 0),
    predPixels: table.predUnion,
    truthPixels: table.truthUnion,
    commonPixels: table.common,
    ...ajiTally(table),
    ...objectDiceTally(table),
  };
}

const EMPTY: Tally = {
  predObjects: 0,
  truthObjects: 0,
  matched: 0,
  matchedIou: 0,
  predPixels: 0,
  truthPixels: 0,
  commonPixels: 0,
  ajiCommon: 0,
  ajiUnion: 0,
  truthArea: 0,
  truthDiceArea: 0,
  predArea: 0,
  predDiceArea: 0,
};

/** The sums of several images together. */
export function addTallies(tallies: Iterable<Tally>): Tally {
  const sum: { -readonly [key in keyof Tally]: number } = { ...EMPTY };
  for (const tally of tallies) {
    for (const key of Object.keys(EMPTY) as (keyof Tally)[]) sum[key] += tally[key];
  }
  return sum;
}
