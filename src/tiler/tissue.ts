import type { Size } from "../geometry.ts";
import { type CellColors, readCellColors } from "./cell-colors.ts";
import { classifyCells, KIND } from "./cell-kinds.ts";
import type { Rgb } from "./glass.ts";
import { close, dilate, dropSmall } from "./mask-cleanup.ts";
import type { Slide } from "./slide.ts";

/** Where a slide is worth looking at, on a coarse grid of equal cells that covers it exactly. */
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
}

/** A slide's tissue: the mask that patches are planned by, and the tissue itself. */
export interface FoundTissue extends TissueMask {
  /** 1 = tissue, without the margin of `data`; row-major over the same cells. */
  readonly tight: Uint8Array;
  /** Area of the tissue, level-0 px². */
  readonly areaPx: number;
  /** Area of pen without tissue to be seen beneath it, level-0 px². */
  readonly inkPx: number;
  /** Score from which a cell is tissue, optical density. */
  readonly threshold: number;
  /** Colour of bare glass, RGB 0–255; null where there is none to be seen. */
  readonly glass: Rgb | null;
  /** Mean colour of every cell, as it was read. */
  readonly colors: CellColors;
}

/** Name of the method, part of a run's key: a change that may change a mask changes it too. */
export const TISSUE_METHOD = "cells-3";

/** Side of a cell, µm, as far as MOST_CELLS allows. */
const CELL_UM = 8;

/** Most cells along a side. */
const MOST_CELLS = 2048;

/** Cells up to this side show the structure of tissue, µm. */
const FINE_UM = 24;

/** Gaps up to twice this are bridged, µm: the walls of fat cells are thinner than a cell of the grid. */
const BRIDGE_UM = 24;

/** Holes up to this are filled, µm²: lumina and fat cells, not the glass between pieces. */
const HOLE_UM2 = 200 ** 2;

/** Bays at the slide's edge up to this are filled, µm²: lumina that the edge cuts. */
const BAY_UM2 = 100 ** 2;

/** Pieces below this are specks of dust, µm². */
const SPECK_UM2 = 25 ** 2;

/** For planning, gaps up to twice this are bridged, µm: fat whose walls are hardly to be seen. */
const PLAN_BRIDGE_UM = 60;

/** The mask is grown by this, µm, at least a cell: the edge of tissue is where it is palest. */
const MARGIN_UM = 16;

/**
 * Finds the tissue of a stained slide by its colour, from a low level; for research use only.
 *
 * Made for brightfield stains on bright glass. Errs towards tissue: faint cells that join tissue are
 * taken, gaps and small holes are filled, and for planning a margin is added, as what is left out is
 * never looked at. Of a slide of channels everything counts as tissue: its background is dark, and colour says
 * nothing. Throws CorruptSlideError.
 */
export async function detectTissue(slide: Slide, signal?: AbortSignal): Promise<FoundTissue> {
  const found = tissueOfCells(await readCellColors(slide, chooseGrid(slide), signal), slide);
  return slide.channels ? { ...allTissue(found), glass: null } : found;
}

/** The same slide with everything on it taken for tissue. */
export function allTissue(found: FoundTissue): FoundTissue {
  const everywhere = new Uint8Array(found.data.length).fill(1);
  const areaPx = found.data.length * found.downsampleX * found.downsampleY;
  return { ...found, data: everywhere, tight: everywhere, areaPx, inkPx: 0, threshold: 0 };
}

/** The tissue of a slide whose cells are read; pure. */
function tissueOfCells(colors: CellColors, slide: Pick<Slide, "size" | "mpp">): FoundTissue {
  const { grid } = colors;
  const downsampleX = slide.size.width / grid.width;
  const downsampleY = slide.size.height / grid.height;
  const knownUm = slide.mpp && (downsampleX * slide.mpp.x + downsampleY * slide.mpp.y) / 2;
  const cellUm = knownUm ?? CELL_UM;
  const fine = knownUm !== null && knownUm <= FINE_UM;
  const { kinds, threshold, glass } = classifyCells(colors, fine);
  const strong = new Uint8Array(kinds.length);
  const found = new Uint8Array(kinds.length);
  for (let i = 0; i < kinds.length; i++) {
    strong[i] = kinds[i] === KIND.tissue ? 1 : 0;
    found[i] = kinds[i] === KIND.tissue || kinds[i] === KIND.weak ? 1 : 0;
  }
  const cells = (um2: number) => um2 / cellUm ** 2;
  // On a small picture a few cells are much of it: a speck is never more than a hundredth.
  const speck = Math.min(cells(SPECK_UM2), found.length / 100);
  dropSmall(found, grid, { value: 1, least: speck, counted: strong });
  const tight = close(found, grid, Math.round(BRIDGE_UM / cellUm));
  const fill = (mask: Uint8Array) => {
    if (!mask.includes(1)) return;
    dropSmall(mask, grid, { value: 0, least: cells(HOLE_UM2), leastAtBorder: cells(BAY_UM2) });
  };
  fill(tight);
  const planned = close(tight, grid, Math.round(PLAN_BRIDGE_UM / cellUm));
  fill(planned);
  const data = dilate(planned, grid, Math.max(1, Math.round(MARGIN_UM / cellUm)));
  let [count, ink] = [0, 0];
  for (let i = 0; i < tight.length; i++) {
    count += tight[i]!;
    if (kinds[i] === KIND.ink && tight[i] === 0) ink++;
  }
  const cellPx = downsampleX * downsampleY;
  return {
    ...grid,
    data,
    downsampleX,
    downsampleY,
    tight,
    areaPx: count * cellPx,
    inkPx: ink * cellPx,
    threshold,
    glass,
    colors,
  };
}

function chooseGrid(slide: Slide): Size {
  const { size, mpp } = slide;
  const longest = Math.max(size.width, size.height);
  // Without µm/px: 2 px of a thumbnail, 32 px of a scan.
  const wanted = mpp ? (2 * CELL_UM) / (mpp.x + mpp.y) : Math.min(32, longest / 512);
  const cell = Math.max(2, wanted, longest / MOST_CELLS);
  return {
    width: Math.max(1, Math.ceil(size.width / cell)),
    height: Math.max(1, Math.ceil(size.height / cell)),
  };
}

/** An area of the mask in mm², at `mpp` µm per level-0 px. */
export function areaMm2(areaPx: number, mpp: number): number {
  return (areaPx * mpp ** 2) / 1e6;
}
