import type { Size } from "../geometry.ts";
import { readCellColors } from "./cell-colors.ts";
import { dilate, dropSmall } from "./mask-cleanup.ts";
import type { Slide } from "./slide.ts";
import { stainedCells } from "./tissue-score.ts";

/** Where a slide holds tissue, on a coarse grid of equal cells that covers it exactly. */
export interface TissueMask {
  /** Cells across. */
  readonly width: number;
  /** Cells down. */
  readonly height: number;
  /** 1 = tissue or its margin, 0 = glass; row-major. */
  readonly data: Uint8Array;
  /** Level-0 px a cell, across. */
  readonly downsampleX: number;
  /** Level-0 px a cell, down. */
  readonly downsampleY: number;
  /** Area of the cells that are 1, level-0 px². */
  readonly areaPx: number;
}

/** Side of a cell, µm, as far as MOST_CELLS allows. */
const CELL_UM = 8;

/** Most cells along a side. */
const MOST_CELLS = 2048;

/** Holes up to this are filled, µm²: lumina and fat cells, not the glass between pieces. */
const HOLE_UM2 = 200 ** 2;

/** Pieces below this are specks of dust, µm². */
const SPECK_UM2 = 25 ** 2;

/** The mask is grown by this, µm, at least a cell: the edge of tissue is where it is palest. */
const MARGIN_UM = 16;

/**
 * Finds the tissue of a stained slide by its colour, from a low level; for research use only.
 *
 * Made for brightfield stains on bright glass. Errs towards tissue: small holes are filled and a
 * margin is added, as what is left out is never looked at. Throws CorruptSlideError.
 */
export async function detectTissue(slide: Slide, signal?: AbortSignal): Promise<TissueMask> {
  const grid = chooseGrid(slide);
  const colors = await readCellColors(slide, grid, signal);
  const stained = stainedCells(colors);
  const downsampleX = slide.size.width / grid.width;
  const downsampleY = slide.size.height / grid.height;
  const cellUm = slide.mpp ? (downsampleX * slide.mpp.x + downsampleY * slide.mpp.y) / 2 : CELL_UM;
  const cells = (um2: number) => um2 / cellUm ** 2;
  // On a small picture a few cells are much of it: a speck is never more than a hundredth.
  const speck = Math.min(cells(SPECK_UM2), stained.length / 100);
  dropSmall(stained, grid, 1, speck, false);
  dropSmall(stained, grid, 0, cells(HOLE_UM2), true);
  const margin = Math.max(1, Math.round(MARGIN_UM / cellUm));
  const data = dilate(stained, grid, margin);
  let count = 0;
  for (const cell of data) count += cell;
  return { ...grid, data, downsampleX, downsampleY, areaPx: count * downsampleX * downsampleY };
}

function chooseGrid(slide: Slide): Size {
  const { size, mpp } = slide;
  const longest = Math.max(size.width, size.height);
  // Without µm/px: 4 px of a thumbnail, 32 px of a scan.
  const wanted = mpp ? (2 * CELL_UM) / (mpp.x + mpp.y) : Math.min(32, Math.max(4, longest / 512));
  const cell = Math.max(2, wanted, longest / MOST_CELLS);
  return {
    width: Math.max(1, Math.ceil(size.width / cell)),
    height: Math.max(1, Math.ceil(size.height / cell)),
  };
}

/** Tissue area in mm², at `mpp` µm per level-0 px. */
export function tissueAreaMm2(mask: TissueMask, mpp: number): number {
  return (mask.areaPx * mpp ** 2) / 1e6;
}
