import type { Box, Size } from "../geometry.ts";

/** A part of a patch that is segmented by itself. Frame: patch px. */
export interface Crop {
  readonly box: Box;
  /** 0 is the whole patch; layer i has 4^i crops. */
  readonly layer: number;
}

/** Boxes nearer than this to a crop's edge are taken for cut, px. */
const EDGE_TOLERANCE_PX = 20;

/**
 * The whole patch and, for each further layer i, (2^i)² crops that overlap by `overlapRatio` of the short
 * side times 2 / 2^i, so that the overlap in pixels shrinks with the crops. Column by column.
 *
 * Source: segment-anything, `generate_crop_boxes`.
 */
export function cropLayers(patch: Size, layers: number, overlapRatio: number): Crop[] {
  const crops: Crop[] = [{ box: { x: 0, y: 0, ...sizeOf(patch) }, layer: 0 }];
  const shortSide = Math.min(patch.width, patch.height);
  for (let layer = 1; layer <= layers; layer++) {
    const side = 2 ** layer;
    const overlap = Math.floor(overlapRatio * shortSide * (2 / side));
    const width = Math.ceil((overlap * (side - 1) + patch.width) / side);
    const height = Math.ceil((overlap * (side - 1) + patch.height) / side);
    for (let column = 0; column < side; column++) {
      for (let row = 0; row < side; row++) {
        const [x, y] = [(width - overlap) * column, (height - overlap) * row];
        const box = {
          x,
          y,
          width: Math.min(width, patch.width - x),
          height: Math.min(height, patch.height - y),
        };
        crops.push({ box, layer });
      }
    }
  }
  return crops;
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/**
 * Whether a mask's box comes within 20 px of an edge of its crop that is no edge of the patch: such a
 * mask is likely cut, and another crop shows it whole. Source: segment-anything, `is_box_near_crop_edge`.
 */
export function isNearCropEdge(mask: Box, crop: Box, patch: Size): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= EDGE_TOLERANCE_PX;
  // The reference writes a mask's box as its first and last pixel, a crop's as first and one past the last.
  const sides: readonly (readonly [at: number, crop: number, patch: number])[] = [
    [mask.x, crop.x, 0],
    [mask.y, crop.y, 0],
    [mask.x + mask.width - 1, crop.x + crop.width, patch.width],
    [mask.y + mask.height - 1, crop.y + crop.height, patch.height],
  ];
  return sides.some(([at, edge, outer]) => near(at, edge) && !near(at, outer));
}
