import type { Box } from "../geometry.ts";
import type { Candidate } from "./candidate.ts";

/** Candidates of one cell, or nothing yet. */
type Cell = Candidate[] | undefined;

/** Searches so far, of all indexes: a candidate may be in two. */
let searches = 0;

/** Finds candidates whose boxes share pixels, on square cells of the grid. */
export class OverlapIndex {
  private readonly cellSize: number;
  private readonly left: number;
  private readonly columns: number;
  /** Rows of cells by their number from the grid's top; only those that are in use. */
  private readonly rows = new Map<number, Cell[]>();
  private readonly found: Candidate[] = [];

  /** `extent` holds all boxes; what sticks out at its sides is looked for in its outermost cells. */
  constructor(cellSize: number, extent: Box) {
    this.cellSize = cellSize;
    this.left = Math.floor(extent.x / cellSize);
    this.columns = Math.floor((extent.x + extent.width) / cellSize) - this.left + 1;
  }

  add(candidate: Candidate): void {
    const { cellSize } = this;
    const { x, y, width, height } = candidate.spans.box;
    const x0 = this.column(x);
    const x1 = this.column(x + width - 1);
    const y1 = Math.floor((y + height - 1) / cellSize);
    for (let cy = Math.floor(y / cellSize); cy <= y1; cy++) {
      let cells = this.rows.get(cy);
      if (cells === undefined) {
        cells = new Array<Cell>(this.columns).fill(undefined);
        this.rows.set(cy, cells);
      }
      for (let cx = x0; cx <= x1; cx++) {
        const cell = cells[cx];
        if (cell === undefined) cells[cx] = [candidate];
        else cell.push(candidate);
      }
    }
  }

  /** Candidates whose boxes share pixels with this one's, valid until the next call. */
  meeting(candidate: Candidate): readonly Candidate[] {
    const { cellSize, found } = this;
    const { x, y, width, height } = candidate.spans.box;
    const right = x + width;
    const bottom = y + height;
    const x0 = this.column(x);
    const x1 = this.column(right - 1);
    const y1 = Math.floor((bottom - 1) / cellSize);
    const search = ++searches;
    found.length = 0;
    for (let cy = Math.floor(y / cellSize); cy <= y1; cy++) {
      const cells = this.rows.get(cy);
      if (cells === undefined) continue;
      for (let cx = x0; cx <= x1; cx++) {
        const cell = cells[cx];
        if (cell === undefined) continue;
        for (let i = 0; i < cell.length; i++) {
          const other = cell[i]!;
          if (other.search === search) continue;
          other.search = search;
          const box = other.spans.box;
          if (box.x < right && x < box.x + box.width && box.y < bottom && y < box.y + box.height) {
            found.push(other);
          }
        }
      }
    }
    return found;
  }

  /** Lets go of everything that ends at or above a grid row. */
  dropAbove(row: number): void {
    this.found.length = 0;
    for (const [cy, cells] of this.rows) {
      if ((cy + 1) * this.cellSize <= row) {
        this.rows.delete(cy);
        continue;
      }
      if (cy * this.cellSize >= row) continue;
      for (let cx = 0; cx < cells.length; cx++) {
        cells[cx] = cells[cx]?.filter(({ spans: { box } }) => box.y + box.height > row);
      }
    }
  }

  private column(x: number): number {
    const at = Math.floor(x / this.cellSize) - this.left;
    return Math.max(0, Math.min(this.columns - 1, at));
  }
}
