import { MicrotomeError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";

/** The lattice on which objects are drawn: its pixel (0, 0) begins at the slide's corner. */
export interface LabelGrid {
  /** Label px. */
  readonly size: Size;
  /** Level-0 px per label px. */
  readonly downsample: number;
  /** µm per label px. */
  readonly mpp: number;
}

/** What of a slide decides the grid. */
export interface GridSlide {
  /** Level-0 px. */
  readonly size: Size;
  /** µm per level-0 px. */
  readonly mpp: number;
}

/** Longest side of a label image, label px: readers count in signed 32 bits. */
const MAX_SIDE = 2 ** 31 - 1;

/** Tiles or chunks of the finest level: their table is kept in memory, 16 bytes each. */
const MAX_TILES = 2 ** 23;

/** Labels are 32 bits and 0 is the background. */
const MAX_LABEL = 2 ** 32 - 1;

/**
 * The grid that covers a slide at `mpp` µm/px; the last column and row may hang over its edge.
 *
 * Throws MicrotomeError `usage` where the image would be larger than readers can count.
 */
export function labelGrid(slide: GridSlide, mpp: number, tileSide: number): LabelGrid {
  const downsample = mpp / slide.mpp;
  // A side that is whole but for rounding must not get a pixel more.
  const side = (length: number) => Math.max(1, Math.ceil(length / downsample - 1e-6));
  const size = { width: side(slide.size.width), height: side(slide.size.height) };
  const tiles = Math.ceil(size.width / tileSide) * Math.ceil(size.height / tileSide);
  if (Math.max(size.width, size.height) > MAX_SIDE || tiles > MAX_TILES) {
    throw new MicrotomeError(
      "usage",
      `At ${mpp} µm/px the label image would be ${size.width} × ${size.height} px, more than ${MAX_TILES} tiles of ${tileSide} px; give a coarser --mpp (the slide has ${slide.mpp} µm/px).`,
      { mpp, ...size },
    );
  }
  return { size, downsample, mpp };
}

/** Throws MicrotomeError `usage` where there are more objects than 32-bit labels. */
export function requireLabels(count: number): void {
  if (count <= MAX_LABEL) return;
  throw new MicrotomeError(
    "usage",
    `${count} objects do not fit into 32-bit labels (at most ${MAX_LABEL}); export the objects as polygons, or segment the slide in parts (--region).`,
    { objects: count, most: MAX_LABEL },
  );
}
