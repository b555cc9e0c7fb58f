import type { Box, Ring } from "./geometry.ts";

/** Called once for each run of pixels: row `y`, columns x0 ≤ x < x1, level-0 px. */
export type SpanSink = (y: number, x0: number, x1: number) => void;

/**
 * Walks the pixels that a set of rings covers, inside `window`, as horizontal runs; rows top to
 * bottom, runs of a row left to right and apart.
 *
 * Even-odd rule over all rings together, so holes need no orientation. A pixel belongs to the
 * object when its **centre** (x + ½, y + ½) does; a centre exactly on an edge belongs to the object
 * on its right (or below it, for a horizontal edge). So objects that share an edge never share a
 * pixel and leave none out, and an outline that follows pixel borders (a crack outline, integer
 * coordinates) gives back its pixels exactly.
 *
 * @param rings level-0 px, closed without a repeated first point
 * @param window integers, level-0 px
 */
export function forEachSpan(rings: readonly Ring[], window: Box, sink: SpanSink): void {
  const rows = window.height;
  if (rows <= 0 || window.width <= 0) return;
  const starts = new Uint32Array(rows + 1);
  forEachCrossing(rings, window, (row) => {
    starts[row + 1] = starts[row + 1]! + 1;
  });
  for (let row = 0; row < rows; row++) starts[row + 1] = starts[row + 1]! + starts[row]!;
  const total = starts[rows]!;
  if (total === 0) return;
  const crossings = new Float64Array(total);
  const next = starts.slice(0, rows);
  forEachCrossing(rings, window, (row, x) => {
    crossings[next[row]!] = x;
    next[row] = next[row]! + 1;
  });

  const right = window.x + window.width;
  for (let row = 0; row < rows; row++) {
    const slice = crossings.subarray(starts[row], starts[row + 1]).sort();
    for (let i = 0; i + 1 < slice.length; i += 2) {
      const x0 = Math.max(window.x, Math.ceil(slice[i]! - 0.5));
      const x1 = Math.min(right, Math.ceil(slice[i + 1]! - 0.5));
      if (x1 > x0) sink(window.y + row, x0, x1);
    }
  }
}

/** Reports where each edge meets the centre line of each row: row counted from the window's top. */
function forEachCrossing(
  rings: readonly Ring[],
  window: Box,
  report: (row: number, x: number) => void,
): void {
  for (const ring of rings) {
    const length = ring.length - (ring.length % 2);
    for (let i = 0, j = length - 2; i < length; j = i, i += 2) {
      // From the upper end to the lower one, whichever way the ring runs: both neighbours of a
      // shared edge compute the same floating-point x.
      const down = ring[j + 1]! <= ring[i + 1]!;
      const x0 = ring[down ? j : i]!;
      const y0 = ring[down ? j + 1 : i + 1]!;
      const x1 = ring[down ? i : j]!;
      const y1 = ring[down ? i + 1 : j + 1]!;
      const first = Math.max(0, Math.ceil(y0 - 0.5) - window.y);
      const last = Math.min(window.height, Math.ceil(y1 - 0.5) - window.y);
      const slope = (x1 - x0) / (y1 - y0);
      for (let row = first; row < last; row++) {
        report(row, x0 === x1 ? x0 : x0 + (window.y + row + 0.5 - y0) * slope);
      }
    }
  }
}
