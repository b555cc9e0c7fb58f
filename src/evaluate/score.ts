import { aji } from "./aji.ts";
import { dice } from "./dice.ts";
import { f1, precision, recall } from "./f1.ts";
import { iou } from "./iou.ts";
import type { LabelImage } from "./label-image.ts";
import { objectDice } from "./object-dice.ts";
import type { Outline } from "./outline.ts";
import { type OverlapTable, overlapOfLabelImages } from "./overlap.ts";
import { panopticQuality } from "./panoptic-quality.ts";
import { overlapOfPolygons, type PolygonOverlapOptions } from "./polygon-overlap.ts";
import { type Tally, tallyOf } from "./tally.ts";

/** The figures of one comparison, each 0..1; see each function for its definition and source. */
export interface Figures {
  /** Of the unions of pixels. */
  readonly dice: number;
  /** Of the unions of pixels. */
  readonly iou: number;
  /** Kumar et al. 2017. */
  readonly aji: number;
  /** Kirillov et al. 2019, IoU above 0.5. */
  readonly pq: number;
  readonly sq: number;
  readonly rq: number;
  /** At IoU above 0.5, as precision and recall. */
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  /** Sirinukunwattana et al. 2017. */
  readonly objectDice: number;
}

/** The figures of one image, with the sums they come from. */
export interface ImageScore extends Figures {
  readonly tally: Tally;
}

/** The names of {@link Figures}, in the order they are printed. */
export const FIGURE_NAMES = [
  "dice",
  "iou",
  "aji",
  "pq",
  "sq",
  "rq",
  "f1",
  "precision",
  "recall",
  "objectDice",
] as const satisfies readonly (keyof Figures)[];

/** Every figure from the sums of an image, or of many. */
export function figuresOf(tally: Tally): Figures {
  return {
    dice: dice(tally),
    iou: iou(tally),
    aji: aji(tally),
    ...panopticQuality(tally),
    f1: f1(tally),
    precision: precision(tally),
    recall: recall(tally),
    objectDice: objectDice(tally),
  };
}

/** Every figure from a table of overlaps. */
export function scoreOverlap(table: OverlapTable): ImageScore {
  const tally = tallyOf(table);
  return { ...figuresOf(tally), tally };
}

/** Compares two label images of one field. Throws MicrotomeError as {@link overlapOfLabelImages}. */
export function scoreLabelImages(pred: LabelImage, truth: LabelImage): ImageScore {
  return scoreOverlap(overlapOfLabelImages(pred, truth));
}

/**
 * Compares two sets of outlines (level-0 px, as in GeoJSON) on the integer lattice of level-0 pixels,
 * in memory that does not grow with the slide. Throws MicrotomeError as {@link overlapOfPolygons}.
 */
export function scoreGeoJson(
  pred: readonly Outline[],
  truth: readonly Outline[],
  options: PolygonOverlapOptions = {},
): ImageScore {
  return scoreOverlap(overlapOfPolygons(pred, truth, options));
}
