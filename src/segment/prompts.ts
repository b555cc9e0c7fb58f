import type { Box, Point, Size } from "../geometry.ts";
import type { CellMap } from "./contracts/adapter.ts";
import type { SegmentJob } from "./protocol.ts";

/** Where prompts make sense, as a job says it: tissue cells and the part that holds slide pixels. */
export interface PromptRegion {
  /** The patch's size, px. */
  readonly patch: Size;
  readonly allow: SegmentJob["allow"];
  /** Patch px. */
  readonly valid: Box;
}

/** Whether a prompt at this position (patch px) makes sense. */
export function isAllowed(region: PromptRegion, x: number, y: number): boolean {
  const { allow, valid, patch } = region;
  if (x < valid.x || y < valid.y || x >= valid.x + valid.width || y >= valid.y + valid.height) {
    return false;
  }
  if (allow === null) return true;
  const column = Math.floor((x * allow.cells) / patch.width);
  const row = Math.floor((y * allow.cells) / patch.height);
  return allow.data[row * allow.cells + column] === 1;
}

/** SAM's grid: points at (i + ½)/n of a part of the patch, row by row; only where prompts are allowed. Patch px. */
export function gridPoints(
  pointsPerSide: number,
  region: PromptRegion,
  part: Box = { x: 0, y: 0, ...region.patch },
): Point[] {
  const points: Point[] = [];
  for (let i = 0; i < pointsPerSide; i++) {
    const y = part.y + ((i + 0.5) / pointsPerSide) * part.height;
    for (let j = 0; j < pointsPerSide; j++) {
      const x = part.x + ((j + 0.5) / pointsPerSide) * part.width;
      if (isAllowed(region, x, y)) points.push({ x, y });
    }
  }
  return points;
}

/** Steps (dx, dy) to the neighbours within a radius, those earlier in raster order first. */
interface Disc {
  readonly dx: Int32Array;
  readonly dy: Int32Array;
  /** How many of them are earlier. */
  readonly earlier: number;
}

function disc(radiusCells: number): Disc {
  const reach = Math.floor(radiusCells);
  const steps: [number, number][] = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      if ((dx !== 0 || dy !== 0) && dx * dx + dy * dy <= radiusCells * radiusCells) {
        steps.push([dx, dy]);
      }
    }
  }
  // Raster order, and the disc is symmetric: the first half is the earlier one.
  return {
    dx: Int32Array.from(steps, ([dx]) => dx),
    dy: Int32Array.from(steps, ([, dy]) => dy),
    earlier: steps.length / 2,
  };
}

/** True where no neighbour is higher and no earlier one is equal. */
function isPeak({ data, columns, rows }: CellMap, row: number, column: number, near: Disc) {
  const value = data[row * columns + column]!;
  for (let k = 0; k < near.dx.length; k++) {
    const r = row + near.dy[k]!;
    const c = column + near.dx[k]!;
    if (c < 0 || r < 0 || c >= columns || r >= rows) continue;
    const other = data[r * columns + c]!;
    if (other > value || (other === value && k < near.earlier)) return false;
  }
  return true;
}

/**
 * The local maxima of a map (of objectness, of hematoxylin, of foreground), in raster order, as the centres of their cells, patch px.
 *
 * A cell is a peak where its value is above `threshold` and no cell whose centre lies within
 * `radiusPx` is higher; of equal ones the first in raster order is the peak.
 */
export function mapPeaks(
  map: CellMap,
  threshold: number,
  radiusPx: number,
  region: PromptRegion,
): Point[] {
  const { data, columns, rows, cellPx } = map;
  const near = disc(radiusPx / cellPx);
  const points: Point[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (!(data[i * columns + j]! > threshold) || !isPeak(map, i, j, near)) continue;
      const [x, y] = [(j + 0.5) * cellPx, (i + 0.5) * cellPx];
      if (isAllowed(region, x, y)) points.push({ x, y });
    }
  }
  return points;
}
