import type { Box, Point } from "../geometry.ts";
import type { MaskLogits } from "./prompt.ts";

/**
 * A binary mask as run lengths, **row-major** over its own box (COCO's RLE is column-major: see
 * `docs/architecture.md`). Runs alternate background, foreground, starting with background
 * (which may be 0); their sum is box.width × box.height.
 */
export interface Rle {
  readonly width: number;
  readonly height: number;
  readonly runs: readonly number[];
}

/** One object found in one patch. Frame: patch px. */
export interface PatchMask {
  /** Over `box` only, not over the whole patch. */
  readonly rle: Rle;
  /** Tight box of the mask, patch px, integers. */
  readonly box: Box;
  /** Foreground pixels, patch px². */
  readonly area: number;
  /** The model's own estimate of IoU, 0..1. */
  readonly predictedIou: number;
  /** IoU of the mask cut at +offset and −offset logits, 0..1 (SAM's definition). */
  readonly stabilityScore: number;
  /** The prompt point that made it, patch px. */
  readonly point: Point;
  /** Mean hematoxylin optical density inside the mask (Ruifrok & Johnston 2001 vectors). */
  readonly hematoxylinOd: number;
  /** Name of the object's class where the model is sure of one; absent where it is not, or knows none. */
  readonly classification?: string;
  /** With given prompts only: which one made it, from 0. */
  readonly prompt?: number;
  /** With given prompts only, where they were asked for: the decoder's own logits, to be a prompt again. */
  readonly logits?: MaskLogits;
}
