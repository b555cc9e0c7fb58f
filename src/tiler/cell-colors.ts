import type { Size } from "../geometry.ts";
import type { Slide } from "./slide.ts";

/** Mean colour of every cell of a slide cut into equal cells. */
export interface CellColors {
  /** Cells across and down. */
  readonly grid: Size;
  /** RGB, 3 bytes a cell, row-major. */
  readonly data: Uint8Array;
}

/** Level pixels read at once, a side; whole tiles where tiles are smaller. */
const BLOCK_SIDE = 2048;

/**
 * Averages a slide over a grid of cells, from the coarsest level that still has two pixels a cell
 * side. Read block by block: memory does not grow with the slide. Throws CorruptSlideError.
 */
export async function readCellColors(
  slide: Slide,
  grid: Size,
  signal?: AbortSignal,
): Promise<CellColors> {
  const cell = Math.min(slide.size.width / grid.width, slide.size.height / grid.height);
  const level = slide.levels.findLast((candidate) => candidate.downsample * 2 <= cell);
  const { index, size, tileSize } = level ?? slide.levels[0]!;
  const columns = cellOfPixel(size.width, grid.width);
  const rows = cellOfPixel(size.height, grid.height);
  const sums = new Float64Array(grid.width * grid.height * 3);
  const counts = new Uint32Array(grid.width * grid.height);
  const side = (tile: number) => Math.max(1, Math.floor(BLOCK_SIDE / tile)) * tile;
  const [stepX, stepY] = [side(tileSize.width), side(tileSize.height)];
  for (let y = 0; y < size.height; y += stepY) {
    for (let x = 0; x < size.width; x += stepX) {
      const width = Math.min(stepX, size.width - x);
      const height = Math.min(stepY, size.height - y);
      const { data } = await slide.readRegion(index, { x, y, width, height }, signal);
      let p = 0;
      for (let j = 0; j < height; j++) {
        const row = rows[y + j]! * grid.width;
        for (let i = 0; i < width; i++, p += 3) {
          const at = row + columns[x + i]!;
          const s = at * 3;
          sums[s] = sums[s]! + data[p]!;
          sums[s + 1] = sums[s + 1]! + data[p + 1]!;
          sums[s + 2] = sums[s + 2]! + data[p + 2]!;
          counts[at] = counts[at]! + 1;
        }
      }
    }
  }
  const data = new Uint8Array(sums.length).fill(255);
  for (let i = 0; i < sums.length; i++) {
    const count = counts[Math.floor(i / 3)]!;
    if (count > 0) data[i] = Math.round(sums[i]! / count);
  }
  return { grid, data };
}

/** Which cell the centre of each pixel lies in, along one axis. */
function cellOfPixel(pixels: number, cells: number): Uint32Array {
  return Uint32Array.from({ length: pixels }, (_, i) => Math.floor(((i + 0.5) * cells) / pixels));
}
