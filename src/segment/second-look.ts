import type { Box } from "../geometry.ts";
import type { CellMap } from "./contracts/adapter.ts";
import { type PlacedRle, SpanCursor } from "./rle.ts";

/**
 * What is foreground and in no mask: the map's value where neither a cell nor one of its eight neighbours is
 * claimed or at most `threshold`, else 0.
 *
 * A mask (patch px) claims each cell of which it has a pixel. Cells that begin to the right of `part` (patch px) or below it,
 * what a patch was padded with, are cut off; neighbours beyond the map that is left do not count. The peaks of it are where
 * a second look is worth a prompt: an object's own peak may have been too low, or too near another's.
 */
export function unclaimed(
  foreground: CellMap,
  masks: readonly PlacedRle[],
  threshold: number,
  part: Box,
): CellMap {
  const { data, cellPx } = foreground;
  const columns = Math.min(foreground.columns, Math.ceil((part.x + part.width) / cellPx));
  const rows = Math.min(foreground.rows, Math.ceil((part.y + part.height) / cellPx));
  const left: Cells = { data: new Uint8Array(columns * rows), columns, rows };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const isAbove = data[row * foreground.columns + column]! > threshold;
      left.data[row * columns + column] = isAbove ? 1 : 0;
    }
  }
  for (const mask of masks) claimCells(mask, left, cellPx);
  const inner = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!isInner(left, row, column)) continue;
      inner[row * columns + column] = data[row * foreground.columns + column]!;
    }
  }
  return { data: inner, columns, rows, cellPx };
}

/** 1 for the cells that are left. */
interface Cells {
  readonly data: Uint8Array;
  readonly columns: number;
  readonly rows: number;
}

function claimCells(mask: PlacedRle, { data, columns, rows }: Cells, cellPx: number): void {
  const spans = new SpanCursor(mask);
  while (spans.next()) {
    const row = Math.floor(spans.y / cellPx);
    if (row >= rows) return;
    const from = Math.floor(spans.x0 / cellPx);
    const to = Math.min(columns, Math.ceil(spans.x1 / cellPx));
    if (to > from) data.fill(0, row * columns + from, row * columns + to);
  }
}

function isInner({ data, columns, rows }: Cells, row: number, column: number): boolean {
  for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
    for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
      if (data[r * columns + c] === 0) return false;
    }
  }
  return true;
}
