import { type Polygon, ringArea } from "../geometry.ts";
import { splitWalk } from "../split-walk.ts";
import { connectedParts, isOneColumnOfRuns } from "./span-sets.ts";
import type { Spans } from "./spans.ts";

/**
 * The closed boundary walks of a mask along pixel edges, as corners only (no collinear points).
 *
 * Frame: grid px, integers. Foreground lies to the right of the walk on screen, so outer walks are
 * clockwise (positive area) and walks around holes counter-clockwise; their areas add up to the
 * pixel count. Where two pixels meet at a corner only, they are kept apart: every 4-connected part
 * has one outer walk, and a walk may visit such a corner twice.
 */
export function traceWalks(spans: Spans): number[][] {
  return isOneColumnOfRuns(spans) ? [walkAround(spans)] : traceLines(spans);
}

/** The walk around rows of one run each, from the top left: down their right ends and up their left ones. */
function walkAround({ box, xs }: Spans): number[] {
  const rows = box.height;
  const walk: number[] = [xs[0]!, box.y];
  let x = xs[1]!;
  walk.push(x, box.y);
  for (let r = 1; r < rows; r++) {
    const end = xs[2 * r + 1]!;
    if (end === x) continue;
    walk.push(x, box.y + r, end, box.y + r);
    x = end;
  }
  walk.push(x, box.y + rows);
  x = xs[2 * rows - 2]!;
  walk.push(x, box.y + rows);
  for (let r = rows - 1; r > 0; r--) {
    const start = xs[2 * r - 2]!;
    if (start === x) continue;
    walk.push(x, box.y + r, start, box.y + r);
    x = start;
  }
  return walk;
}

function traceLines(spans: Spans): number[][] {
  const { box, rowStart, xs } = spans;
  const corners = new Corners(box.width);
  for (let line = 0; line <= box.height; line++) {
    // Borders of the row above the line, and of the row below it.
    let i = line > 0 ? rowStart[line - 1]! : 0;
    const iEnd = line > 0 ? rowStart[line]! : 0;
    let j = line < box.height ? rowStart[line]! : 0;
    const jEnd = line < box.height ? rowStart[line + 1]! : 0;
    corners.openLine(box.y + line);
    while (i < iEnd || j < jEnd) {
      // Runs begin at even positions: at an odd one the pixel left of the border is foreground.
      const upperLeft = (i & 1) === 1;
      const lowerLeft = (j & 1) === 1;
      const upperX = i < iEnd ? xs[i]! : Number.MAX_SAFE_INTEGER;
      const lowerX = j < jEnd ? xs[j]! : Number.MAX_SAFE_INTEGER;
      const x = Math.min(upperX, lowerX);
      if (upperX < lowerX) {
        const node = corners.place(x);
        corners.joinUp(node, x - box.x, upperLeft);
        corners.joinAcross(node, lowerLeft);
        i++;
      } else if (lowerX < upperX) {
        const node = corners.place(x);
        corners.joinAcross(node, lowerLeft);
        corners.openDown(node, x - box.x);
        j++;
      } else {
        if (upperLeft !== lowerLeft) {
          // Two foreground pixels meet corner to corner: one corner ends the edge on the left, one
          // begins the edge on the right, and each keeps to its own pixel.
          const first = corners.place(x);
          const second = corners.place(x);
          corners.joinAcross(first, lowerLeft);
          corners.joinAcross(second, lowerLeft);
          corners.joinUp(upperLeft ? first : second, x - box.x, upperLeft);
          corners.openDown(upperLeft ? second : first, x - box.x);
        }
        i++;
        j++;
      }
    }
  }
  return corners.walks();
}

/** Corners of a boundary, linked as their edges are found line by line. */
class Corners {
  private readonly x: number[] = [];
  private readonly y: number[] = [];
  /** The corner that follows along the walk. */
  private readonly next: number[] = [];
  /** For every column the corner whose edge runs down from it. */
  private readonly above: Int32Array;
  private line = 0;
  /** The corner of this line whose edge runs right from it, or −1. */
  private left = -1;

  constructor(width: number) {
    this.above = new Int32Array(width + 1);
  }

  openLine(y: number): void {
    this.line = y;
    this.left = -1;
  }

  place(x: number): number {
    this.x.push(x);
    this.y.push(this.line);
    return this.next.push(-1) - 1;
  }

  /** Ends the horizontal edge that is open, or opens one; foreground lies to the right of the way. */
  joinAcross(node: number, foregroundBelow: boolean): void {
    if (this.left < 0) {
      this.left = node;
      return;
    }
    if (foregroundBelow) this.next[this.left] = node;
    else this.next[node] = this.left;
    this.left = -1;
  }

  /** Ends the vertical edge of this column. */
  joinUp(node: number, column: number, foregroundLeft: boolean): void {
    const upper = this.above[column]!;
    if (foregroundLeft) this.next[upper] = node;
    else this.next[node] = upper;
  }

  openDown(node: number, column: number): void {
    this.above[column] = node;
  }

  walks(): number[][] {
    const { x, y, next } = this;
    const walks: number[][] = [];
    const seen = new Uint8Array(next.length);
    for (let start = 0; start < next.length; start++) {
      if (seen[start] === 1) continue;
      const walk: number[] = [];
      for (let node = start; seen[node] === 0; node = next[node]!) {
        seen[node] = 1;
        walk.push(x[node]!, y[node]!);
      }
      walks.push(walk);
    }
    return walks;
  }
}

/**
 * The exact outline of a 4-connected mask: its area equals the pixel count.
 *
 * Frame: grid px, integers. OGC-valid: every ring is simple; where two pixels meet at a corner only,
 * the pocket behind them is a hole that touches another ring in that point.
 */
export function partPolygon(part: Spans): Polygon {
  // Its walk visits no corner twice.
  if (isOneColumnOfRuns(part)) return { outer: walkAround(part), holes: [] };
  let outer: number[] = [];
  const holes: number[][] = [];
  for (const walk of traceWalks(part)) {
    for (const ring of splitWalk(walk)) {
      if (ringArea(ring) > 0) outer = ring;
      else holes.push(ring);
    }
  }
  return { outer, holes };
}

/**
 * The exact outlines of a mask, one polygon a 4-connected part, largest first.
 *
 * Parts that meet at a pixel corner only are different polygons: as one ring they would touch
 * themselves. Whoever needs one polygon an object takes the first and accounts for the others.
 */
export function maskPolygons(spans: Spans): Polygon[] {
  return connectedParts(spans).map(partPolygon);
}
