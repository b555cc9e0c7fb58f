import type { Candidate } from "./candidate.ts";

/** Room for negative grid coordinates and for a plan of 2^20 cells a side. */
const ORIGIN = 2 ** 20;
const STRIDE = 2 ** 22;

interface Entry {
  readonly candidate: Candidate;
  /** The last search that met it: a mask lies in several cells. */
  search: number;
}

/** Finds candidates whose boxes share pixels, on square cells of the grid. */
export class OverlapIndex {
  private readonly cellSize: number;
  private cells = new Map<number, Entry[]>();
  private entries: Entry[] = [];
  private searches = 0;

  constructor(cellSize: number) {
    this.cellSize = cellSize;
  }

  add(candidate: Candidate): void {
    this.place({ candidate, search: 0 });
  }

  /** Candidates, in the order they were added, whose boxes share pixels with this one's. */
  around(candidate: Candidate): Candidate[] {
    const search = ++this.searches;
    const { x, y, width, height } = candidate.spans.box;
    const found: Candidate[] = [];
    this.eachCell(candidate, (key) => {
      for (const entry of this.cells.get(key) ?? []) {
        if (entry.search === search) continue;
        entry.search = search;
        const box = entry.candidate.spans.box;
        if (
          box.x < x + width &&
          x < box.x + box.width &&
          box.y < y + height &&
          y < box.y + box.height
        ) {
          found.push(entry.candidate);
        }
      }
    });
    return found;
  }

  /** Lets go of everything that ends at or above a grid row. */
  dropAbove(row: number): void {
    const staying = this.entries.filter(
      ({ candidate: { spans } }) => spans.box.y + spans.box.height > row,
    );
    this.cells = new Map();
    this.entries = [];
    for (const entry of staying) this.place(entry);
  }

  private place(entry: Entry): void {
    this.entries.push(entry);
    this.eachCell(entry.candidate, (key) => {
      const cell = this.cells.get(key);
      if (cell === undefined) this.cells.set(key, [entry]);
      else cell.push(entry);
    });
  }

  private eachCell({ spans: { box } }: Candidate, visit: (key: number) => void): void {
    const size = this.cellSize;
    const x1 = Math.floor((box.x + box.width - 1) / size);
    const y1 = Math.floor((box.y + box.height - 1) / size);
    for (let cy = Math.floor(box.y / size); cy <= y1; cy++) {
      for (let cx = Math.floor(box.x / size); cx <= x1; cx++) {
        visit((cy + ORIGIN) * STRIDE + cx + ORIGIN);
      }
    }
  }
}
