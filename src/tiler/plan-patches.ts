import { MicrotomeError } from "../errors.ts";
import { type Box, intersectBoxes, type Size } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import type { PlannedPatch } from "./patch.ts";
import type { TissueMask } from "./tissue.ts";

/** What a plan is made of. */
export interface PlanRequest {
  /** Of the slide, level-0 px. */
  readonly size: Size;
  readonly scale: Scale;
  /** Side of a patch, grid px. */
  readonly patchSize: number;
  /** Overlap of neighbours, grid px. */
  readonly overlap: number;
  /** Only this part, level-0 px; null for the whole slide. */
  readonly region: Box | null;
  /** Patches that own no tissue are left out; null keeps all. */
  readonly tissue: TissueMask | null;
}

/** Which patches are to be read, row by row from the top left. */
export interface PatchPlan {
  readonly patches: readonly PlannedPatch[];
  /** Places of the lattice: those in `patches` and the blank ones. */
  readonly planned: number;
  /** Places left out because their core holds no tissue. */
  readonly blank: number;
  /** The slide's size on the grid, grid px. */
  readonly gridSize: Size;
  /** What the cores tile, grid px. */
  readonly gridRegion: Box;
}

/**
 * Cuts a slide, or a region of it, into overlapping patches of one size; pure.
 *
 * Cores tile the region exactly; each lies in its patch, half the overlap inside from every side
 * that has a neighbour. At the slide's own edge a core runs to the edge; at a region's edge inside
 * the slide the patch looks half an overlap or more beyond it, so that an object there is seen whole. The patches of a
 * region are some of the whole slide's, with the same ids, their cores cut to the region. The last column
 * and row are padded beyond the slide, not shifted. Throws `usage` for sizes that cannot tile.
 */
export function planPatches(request: PlanRequest): PatchPlan {
  const { size, scale, patchSize, overlap, region, tissue } = request;
  requireTileable(patchSize, overlap);
  const factor = scale.gridDownsample;
  const gridSize = gridSizeOf(size, scale);
  const gridRegion = toGridRegion(region, size, factor, gridSize);
  const columns = cutAxis(gridRegion.x, gridRegion.width, gridSize.width, patchSize, overlap);
  const rows = cutAxis(gridRegion.y, gridRegion.height, gridSize.height, patchSize, overlap);
  const patches: PlannedPatch[] = [];
  for (const down of rows) {
    for (const across of columns) {
      const gridBox = { x: across.start, y: down.start, width: patchSize, height: patchSize };
      const gridCore = {
        x: across.coreStart,
        y: down.coreStart,
        width: across.coreEnd - across.coreStart,
        height: down.coreEnd - down.coreStart,
      };
      if (tissue && !holdsTissue(tissue, toLevel0(gridCore, factor))) continue;
      patches.push({
        id: `${across.place}_${down.place}`,
        index: patches.length,
        column: across.place,
        row: down.place,
        gridBox,
        gridCore,
        box: toLevel0(gridBox, factor),
      });
    }
  }
  const planned = columns.length * rows.length;
  return { patches, planned, blank: planned - patches.length, gridSize, gridRegion };
}

function requireTileable(patchSize: number, overlap: number): void {
  const whole = Number.isSafeInteger(patchSize) && Number.isSafeInteger(overlap);
  if (whole && patchSize > 0 && overlap >= 0 && overlap < patchSize) return;
  throw new MicrotomeError(
    "usage",
    `Patches of ${patchSize} px that overlap by ${overlap} px cannot tile; expected whole pixels, the overlap from 0 to less than the patch (--patch-size, --overlap).`,
    { patchSize, overlap },
  );
}

/** A slide's size on the grid of a scale, grid px. */
export function gridSizeOf(size: Size, { gridDownsample }: Scale): Size {
  return { width: onGrid(size.width, gridDownsample), height: onGrid(size.height, gridDownsample) };
}

/** Grid pixels whose centre lies within `length` level-0 px; at least one. */
function onGrid(length: number, factor: number): number {
  return Math.max(1, Math.ceil(length / factor - 0.5));
}

/** A level-0 region in whole grid pixels, clipped to the slide. */
function toGridRegion(region: Box | null, size: Size, factor: number, gridSize: Size): Box {
  if (!region) return { x: 0, y: 0, ...gridSize };
  const inside = intersectBoxes(region, { x: 0, y: 0, ...size });
  if (!inside) {
    throw new MicrotomeError(
      "usage",
      `The region ${region.x},${region.y},${region.width},${region.height} lies outside the slide; expected level-0 pixels inside it (--region x,y,w,h).`,
      { x: region.x, y: region.y, width: region.width, height: region.height },
    );
  }
  // The slide's last grid pixel may be short of its last level-0 pixel by half of itself.
  const x = Math.min(Math.floor(inside.x / factor), gridSize.width - 1);
  const y = Math.min(Math.floor(inside.y / factor), gridSize.height - 1);
  const right = Math.min(Math.ceil((inside.x + inside.width) / factor), gridSize.width);
  const bottom = Math.min(Math.ceil((inside.y + inside.height) / factor), gridSize.height);
  return { x, y, width: Math.max(1, right - x), height: Math.max(1, bottom - y) };
}

/** One patch along one axis, grid px. */
interface Cut {
  /** Its place among those of the whole slide, from 0. */
  readonly place: number;
  readonly start: number;
  readonly coreStart: number;
  readonly coreEnd: number;
}

function cutAxis(
  from: number,
  length: number,
  slideLength: number,
  patchSize: number,
  overlap: number,
): Cut[] {
  const to = from + length;
  const lead = Math.floor(overlap / 2);
  const step = patchSize - overlap;
  // On the slide's own lattice: a model draws objects otherwise where patches are shifted by a part of its stride.
  const last = Math.max(0, Math.ceil((slideLength - patchSize) / step));
  const first = Math.min(last, Math.floor(Math.max(0, from - lead) / step));
  const origin = first * step;
  const seen = Math.min(slideLength, to + overlap - lead);
  const count = Math.max(1, Math.ceil((seen - origin - patchSize) / step) + 1);
  return Array.from({ length: count }, (_, i) => {
    const start = origin + i * step;
    return {
      place: first + i,
      start,
      coreStart: i === 0 ? from : start + lead,
      coreEnd: i === count - 1 ? to : start + step + lead,
    };
  });
}

function toLevel0(box: Box, factor: number): Box {
  return {
    x: box.x * factor,
    y: box.y * factor,
    width: box.width * factor,
    height: box.height * factor,
  };
}

/** Whether any tissue cell touches a box of level-0 px. */
function holdsTissue(tissue: TissueMask, box: Box): boolean {
  const x0 = clamp(Math.floor(box.x / tissue.downsampleX), 0, tissue.width);
  const x1 = clamp(Math.ceil((box.x + box.width) / tissue.downsampleX), 0, tissue.width);
  const y0 = clamp(Math.floor(box.y / tissue.downsampleY), 0, tissue.height);
  const y1 = clamp(Math.ceil((box.y + box.height) / tissue.downsampleY), 0, tissue.height);
  for (let y = y0; y < y1; y++) {
    const row = y * tissue.width;
    if (tissue.data.subarray(row + x0, row + x1).includes(1)) return true;
  }
  return false;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/**
 * Where in a patch prompts make sense: a byte a cell, 1 where tissue touches the cell, row-major over
 * `cells` × `cells` equal cells. Null where every cell is allowed, or no tissue is known.
 */
export function allowedCells(
  tissue: TissueMask | null,
  patch: PlannedPatch,
  cells: number,
): Uint8Array | null {
  if (!tissue) return null;
  const { x, y, width, height } = patch.box;
  const allowed = new Uint8Array(cells * cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const cell = {
        x: x + (column * width) / cells,
        y: y + (row * height) / cells,
        width: width / cells,
        height: height / cells,
      };
      if (holdsTissue(tissue, cell)) allowed[row * cells + column] = 1;
    }
  }
  return allowed.includes(0) ? allowed : null;
}

/** The part of a patch that holds slide pixels, patch px. */
export function validBox(patch: Pick<PlannedPatch, "gridBox">, gridSize: Size): Box {
  const { x, y } = patch.gridBox;
  const inside = intersectBoxes(patch.gridBox, { x: 0, y: 0, ...gridSize });
  return inside
    ? { ...inside, x: inside.x - x, y: inside.y - y }
    : { x: 0, y: 0, width: 0, height: 0 };
}
