import { MicrotomeError } from "../errors.ts";
import type { LabelImage } from "./label-image.ts";
import { OverlapBuilder } from "./overlap-builder.ts";

/**
 * Which predicted object shares how many pixels with which true one: all that the metrics need.
 *
 * Objects are numbered 0, 1, … on each side in the order of their first pixel (rows top to bottom,
 * left to right), so that nothing computed from the table depends on how labels were numbered.
 * Objects that cover no pixel are not in it.
 */
export interface OverlapTable {
  /** Pixels of each predicted object. */
  readonly predAreas: Float64Array;
  /** Pixels of each true object. */
  readonly truthAreas: Float64Array;
  /** The label (or index of the outline) of each predicted object. */
  readonly predIds: readonly number[];
  /** The label (or index of the outline) of each true object. */
  readonly truthIds: readonly number[];
  /** The pairs that share a pixel, sorted by `truth`, then `pred`. */
  readonly pairs: {
    /** Number of the predicted object. */
    readonly pred: Uint32Array;
    /** Number of the true object. */
    readonly truth: Uint32Array;
    /** Pixels shared, ≥ 1. */
    readonly pixels: Float64Array;
  };
  /** Pixels covered by any predicted object. */
  readonly predUnion: number;
  /** Pixels covered by any true object. */
  readonly truthUnion: number;
  /** Pixels covered by both sides. */
  readonly common: number;
}

/** Intersection over union of pair `i` of a table. */
export function pairIou(table: OverlapTable, i: number): number {
  const pixels = table.pairs.pixels[i]!;
  const pred = table.predAreas[table.pairs.pred[i]!]!;
  const truth = table.truthAreas[table.pairs.truth[i]!]!;
  return pixels / (pred + truth - pixels);
}

/**
 * The overlap of two label images of the same size, in one pass over the pixels.
 *
 * @throws MicrotomeError `usage` when the sizes differ, `corrupt-file` when a buffer does not hold
 *   width × height numbers
 */
export function overlapOfLabelImages(pred: LabelImage, truth: LabelImage): OverlapTable {
  if (pred.width !== truth.width || pred.height !== truth.height) {
    throw new MicrotomeError(
      "usage",
      `The prediction has ${pred.width} × ${pred.height} pixels and the truth ${truth.width} × ${truth.height}; expected the same size. Compare images of the same field and scale.`,
      {
        predWidth: pred.width,
        predHeight: pred.height,
        truthWidth: truth.width,
        truthHeight: truth.height,
      },
    );
  }
  const count = pred.width * pred.height;
  for (const image of [pred, truth]) {
    if (image.data.length !== count) {
      throw new MicrotomeError(
        "corrupt-file",
        `A label image of ${image.width} × ${image.height} pixels came with ${image.data.length} numbers; expected ${count}.`,
        { found: image.data.length, expected: count },
      );
    }
  }
  const builder = new OverlapBuilder();
  let start = 0;
  for (let i = 1; i <= count; i++) {
    const p = pred.data[start]!;
    const t = truth.data[start]!;
    if (i < count && pred.data[i] === p && truth.data[i] === t) continue;
    // A run of equal pairs costs one look-up, however long.
    const pixels = i - start;
    const a = p === 0 ? -1 : builder.addPred(p, pixels);
    const b = t === 0 ? -1 : builder.addTruth(t, pixels);
    if (a >= 0) builder.predUnion += pixels;
    if (b >= 0) builder.truthUnion += pixels;
    if (a >= 0 && b >= 0) {
      builder.common += pixels;
      builder.addPair(a, b, pixels);
    }
    start = i;
  }
  return builder.finish();
}
