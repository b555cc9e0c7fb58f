import type { Box } from "../geometry.ts";
import { cellBelow, type LogitGrid } from "./cut-mask.ts";

/**
 * The logits under one mask's box, kept after their batch is gone: what a mask says of a single pixel.
 *
 * Values are interpolated by the same steps as MaskCutter's, so that inside the box a pixel lies above the
 * threshold here exactly where it is in the mask. Frame: patch px. Holds about one number a cell of the box.
 */
export class LogitField {
  readonly #grid: LogitGrid;
  readonly #originX: number;
  readonly #originY: number;
  readonly #firstColumn: number;
  readonly #firstRow: number;
  readonly #columns: number;
  readonly #data: Float32Array;

  /** Copies from `logits`, a window over `grid` whose corner lies at (originX, originY), what `box` needs. */
  constructor(
    logits: Float32Array,
    grid: LogitGrid,
    originX: number,
    originY: number,
    { x, y, width, height }: Box,
  ) {
    const { columns, rows, cellPx } = grid;
    const left = cellBelow(x - originX, columns, cellPx).lower;
    const top = cellBelow(y - originY, rows, cellPx).lower;
    const right = Math.min(
      cellBelow(x + width - 1 - originX, columns, cellPx).lower + 1,
      columns - 1,
    );
    const bottom = Math.min(cellBelow(y + height - 1 - originY, rows, cellPx).lower + 1, rows - 1);
    this.#grid = grid;
    this.#originX = originX;
    this.#originY = originY;
    this.#firstColumn = left;
    this.#firstRow = top;
    this.#columns = right - left + 1;
    this.#data = new Float32Array(this.#columns * (bottom - top + 1));
    for (let row = top; row <= bottom; row++) {
      const from = row * columns + left;
      this.#data.set(logits.subarray(from, from + this.#columns), (row - top) * this.#columns);
    }
  }

  /** The logit at pixel (x, y) of the box. */
  at(x: number, y: number): number {
    const { columns, rows, cellPx } = this.#grid;
    const across = cellBelow(x - this.#originX, columns, cellPx);
    const down = cellBelow(y - this.#originY, rows, cellPx);
    const right = Math.min(across.lower + 1, columns - 1) - across.lower;
    const below = (Math.min(down.lower + 1, rows - 1) - down.lower) * this.#columns;
    const corner = (down.lower - this.#firstRow) * this.#columns + across.lower - this.#firstColumn;
    const a = this.#data[corner]!;
    const b = this.#data[corner + right]!;
    const d = this.#data[corner + below]!;
    const e = this.#data[corner + below + right]!;
    const from = a + (d - a) * down.weight;
    return from + (b + (e - b) * down.weight - from) * across.weight;
  }
}
