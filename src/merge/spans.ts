import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";
import type { Rle } from "../segment/mask.ts";

/**
 * A binary mask on the grid, as sorted, disjoint, maximal runs of foreground a row.
 *
 * Frame: grid px. Row r of the mask is the grid row `box.y + r`; its runs are the pairs
 * `xs[k], xs[k + 1]` (start, end, half-open, absolute x) for k from `rowStart[r]` in steps of two
 * up to `rowStart[r + 1]`. A mask is never empty: an operation with an empty result gives null.
 */
export interface Spans {
  /** The tight box, integers. */
  readonly box: Box;
  /** box.height + 1 offsets into `xs`. */
  readonly rowStart: readonly number[];
  // Plain arrays: a typed array of this size costs more to allocate than all that is done with it.
  readonly xs: readonly number[];
  /** Foreground pixels. */
  readonly area: number;
}

/** Collects runs row by row from the top and closes them into a mask. */
export class SpanBuilder {
  private readonly top: number;
  private readonly starts: number[] = [];
  private readonly xs: number[] = [];
  private rowBegin = 0;

  constructor(top: number) {
    this.top = top;
  }

  /** Opens the next row; the first call opens the row `top`. */
  row(): void {
    this.rowBegin = this.xs.length;
    this.starts.push(this.rowBegin);
  }

  /** Adds [x0, x1) to the open row; runs come sorted by start, and may touch or overlap the one before. */
  add(x0: number, x1: number): void {
    const { xs } = this;
    const last = xs.length - 1;
    if (last >= this.rowBegin && x0 <= xs[last]!) {
      if (x1 > xs[last]!) xs[last] = x1;
    } else if (x1 > x0) {
      xs.push(x0, x1);
    }
  }

  /** The mask, cropped to its tight box, or null where it has no pixel. */
  close(): Spans | null {
    const { xs, starts } = this;
    if (xs.length === 0) return null;
    let first = 0;
    while (first + 1 < starts.length && starts[first + 1] === 0) first++;
    let last = starts.length - 1;
    while (starts[last] === xs.length) last--;
    const height = last - first + 1;
    const rowStart = starts.slice(first, last + 1);
    rowStart.push(xs.length);
    let [x0, x1, area] = [xs[0]!, xs[1]!, 0];
    for (let k = 0; k < xs.length; k += 2) {
      const [a, b] = [xs[k]!, xs[k + 1]!];
      if (a < x0) x0 = a;
      if (b > x1) x1 = b;
      area += b - a;
    }
    const box = { x: x0, y: this.top + first, width: x1 - x0, height };
    return { box, rowStart, xs, area };
  }
}

/**
 * Reads a row-major RLE whose top-left pixel lies at (x, y) of the grid; null where it has no foreground.
 *
 * Throws MicrotomeError `corrupt-file` when the runs do not add up to width × height.
 */
export function rleToSpans(rle: Rle, x: number, y: number): Spans | null {
  const simple = columnOfRuns(rle, x, y);
  if (simple !== null) return simple;
  const { width, runs } = rle;
  const extent = extentOf(rle);
  if (extent === null) return null;
  const { first, height, pieces } = extent;
  const rowStart: number[] = new Array(height + 1);
  const xs: number[] = new Array(2 * pieces);
  rowStart[0] = 0;
  // Rows count from the first with foreground.
  let [row, column, filled, k, area, x0, x1] = [-first, 0, 0, 0, 0, width, 0];
  for (let i = 0; i < runs.length; i++) {
    let left = runs[i]!;
    if ((i & 1) === 1 && left > 0) {
      area += left;
      for (;;) {
        while (filled < row) rowStart[++filled] = k;
        const end = column + left < width ? column + left : width;
        // An empty run of background may part two runs that touch.
        if (k > rowStart[filled]! && xs[k - 1] === x + column) k--;
        else xs[k++] = x + column;
        xs[k++] = x + end;
        if (column < x0) x0 = column;
        if (end > x1) x1 = end;
        left -= end - column;
        column = end;
        if (left === 0) break;
        column = 0;
        row++;
      }
      if (column === width) {
        column = 0;
        row++;
      }
    } else {
      column += left;
      if (column >= width) {
        // Division is slow, and most runs of background end in the next row.
        const rows = column < 2 * width ? 1 : Math.floor(column / width);
        column -= rows * width;
        row += rows;
      }
    }
  }
  rowStart[height] = k;
  if (k < xs.length) xs.length = k;
  return { box: { x: x + x0, y: y + first, width: x1 - x0, height }, rowStart, xs, area };
}

/** Where the rows of masks begin that have one run a row, by their height: most nuclei are such. */
const EVEN_STARTS: number[][] = [];
/** Taller masks are read in two passes. */
const MOST_ROWS = 1024;

function evenStarts(height: number): number[] {
  EVEN_STARTS[height] ??= Array.from({ length: height + 1 }, (_, r) => 2 * r);
  return EVEN_STARTS[height];
}

/** The mask where each of its rows holds one run, made in one pass; null says nothing. */
function columnOfRuns({ width, height, runs }: Rle, x: number, y: number): Spans | null {
  // A run takes up one row or goes on in the next: there are not more of them than rows. What a damaged
  // mask says of its height is not allocated.
  if (!(height <= MOST_ROWS) || (height | 0) !== height || runs.length > 2 * height + 1)
    return null;
  const xs: number[] = new Array(2 * height);
  let [row, column, filled, x0, x1, area] = [0, 0, 0, width, 0, 0];
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const background = runs[i]!;
    const length = runs[i + 1]!;
    // Whole numbers of 32 bits alone: what else there is, is looked at elsewhere.
    if ((background | 0) !== background || (length | 0) !== length) return null;
    if (background < 0 || length <= 0) return null;
    column += background;
    if (column >= width) {
      column -= width;
      row++;
    }
    if (row !== filled || column >= width) return null;
    area += length;
    let end = column + length;
    if (column < x0) x0 = column;
    for (; end > width; end -= width) {
      if (row >= height) return null;
      xs[2 * row] = x + column;
      xs[2 * row + 1] = x + width;
      row++;
      column = 0;
      [x0, x1] = [0, width];
    }
    if (row >= height) return null;
    xs[2 * row] = x + column;
    xs[2 * row + 1] = x + end;
    if (end > x1) x1 = end;
    column = end;
    filled = row + 1;
  }
  const rest = (runs.length & 1) === 1 ? runs[runs.length - 1]! : 0;
  if (filled !== height || column + rest !== width) return null;
  const box = { x: x + x0, y, width: x1 - x0, height };
  return { box, rowStart: evenStarts(height), xs, area };
}

/**
 * First row with foreground, rows from there to the last one, and the pieces into which rows cut the
 * runs; null without foreground.
 */
function extentOf({
  width,
  height,
  runs,
}: Rle): { first: number; height: number; pieces: number } | null {
  let [total, row, column, first, last, pieces] = [0, 0, 0, -1, -1, 0];
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i]!;
    // Also where it is no number.
    if (!(run >= 0 && Number.isInteger(run))) total = Number.NaN;
    total += run;
    column += run;
    let rows = 0;
    if (column >= width) {
      rows = column < 2 * width ? 1 : Math.floor(column / width);
      column -= rows * width;
    }
    if ((i & 1) === 1 && run > 0) {
      if (first < 0) first = row;
      last = column === 0 ? row + rows - 1 : row + rows;
      pieces += last - row + 1;
    }
    row += rows;
  }
  if (total !== width * height) {
    throw new MicrotomeError(
      "corrupt-file",
      `A mask's runs cover ${total} pixels, expected ${width} × ${height} = ${width * height}. Segment the patch again.`,
      { found: total, expected: width * height },
    );
  }
  return first < 0 ? null : { first, height: last - first + 1, pieces };
}

/** The mask as a row-major RLE over its own tight box. */
export function spansToRle(spans: Spans): Rle {
  const { box, rowStart, xs } = spans;
  const runs: number[] = [];
  let at = 0;
  for (let r = 0; r < box.height; r++) {
    const base = r * box.width - box.x;
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      const [start, end] = [base + xs[k]!, base + xs[k + 1]!];
      // A run that ends at the right border and one that begins at the left of the next row are one.
      if (start === at && runs.length > 0) runs[runs.length - 1]! += end - start;
      else runs.push(start - at, end - start);
      at = end;
    }
  }
  const rest = box.width * box.height - at;
  if (rest > 0) runs.push(rest);
  return { width: box.width, height: box.height, runs };
}

/** Mean of the pixel centres, grid px. */
export function spansCentroid(spans: Spans): { x: number; y: number } {
  const { box, rowStart, xs } = spans;
  let [sumX, sumY] = [0, 0];
  for (let r = 0; r < box.height; r++) {
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      const [a, b] = [xs[k]!, xs[k + 1]!];
      sumX += ((a + b) / 2) * (b - a);
      sumY += (box.y + r + 0.5) * (b - a);
    }
  }
  return { x: sumX / spans.area, y: sumY / spans.area };
}
