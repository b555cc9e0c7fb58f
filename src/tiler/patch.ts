import type { Box } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import type { RgbImage } from "./slide.ts";

/**
 * A patch that is planned but not read.
 *
 * Patches are cut on the **grid**: the integer pixel lattice of the task's scale, whose origin is
 * the slide's level-0 origin. A grid pixel (gx, gy) covers level-0 [gx·f, (gx+1)·f) with
 * f = scale.gridDownsample. So masks of neighbouring patches meet on whole pixels.
 */
export interface PlannedPatch {
  /** Stable from plan to plan of the same parameters: column_row, e.g. "12_7". */
  readonly id: string;
  /** Position in the plan, row by row from the top left. */
  readonly index: number;
  readonly column: number;
  readonly row: number;
  /** In grid pixels, integers; the same size for every patch (parts outside the slide are padded white). */
  readonly gridBox: Box;
  /** The part that this patch owns: the plan's cores tile the region without overlap. Grid pixels. */
  readonly gridCore: Box;
  /** The same as gridBox, in level-0 pixels (may be fractional, may stick out of the slide). */
  readonly box: Box;
}

/** A patch with its pixels. */
export interface Patch extends PlannedPatch {
  readonly scale: Scale;
  readonly image: RgbImage;
}
