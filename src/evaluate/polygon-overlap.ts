import { MicrotomeError } from "../errors.ts";
import { type Box, intersectBoxes, type Ring } from "../geometry.ts";
import { forEachSpan } from "../row-spans.ts";
import { type Outline, outlinePixelBox, outlineRings } from "./outline.ts";
import type { OverlapTable } from "./overlap.ts";
import { OverlapBuilder } from "./overlap-builder.ts";
import { SpanBuffer } from "./span-buffer.ts";

/** How two sets of outlines are compared. */
export interface PolygonOverlapOptions {
  /** Only pixels in this box count (integers, level-0 px); all by default. */
  readonly within?: Box;
  /** Rows taken at a time: memory only, never the result. Default 256. */
  readonly stripRows?: number;
}

/**
 * The overlap of two sets of outlines on the integer lattice of level-0 pixels, without drawing it.
 *
 * The rows of pixels are swept from top to bottom, a strip at a time; memory holds the runs of one
 * strip and the table, so a slide of a million objects needs no raster of a gigapixel. Where the
 * outlines of a side do not overlap, the table equals that of the two label images drawn by
 * `rasterisePolygons`; where they do, each object keeps all its pixels, and the unions count each
 * pixel once.
 *
 * @throws MicrotomeError `corrupt-file` on a coordinate out of range, `usage` on a box that is
 *   not whole pixels
 */
export function overlapOfPolygons(
  pred: readonly Outline[],
  truth: readonly Outline[],
  options: PolygonOverlapOptions = {},
): OverlapTable {
  const { within, stripRows = 256 } = options;
  if (within && ![within.x, within.y, within.width, within.height].every(Number.isInteger)) {
    throw new MicrotomeError(
      "usage",
      `The box to compare in is ${within.x},${within.y},${within.width},${within.height}; expected whole level-0 pixels.`,
    );
  }
  const sides = [plan(pred, within), plan(truth, within)] as const;
  const builder = new OverlapBuilder();
  const top = Math.min(...sides.map((side) => side[0]?.box.y ?? Infinity));
  const spans = [new SpanBuffer(), new SpanBuffer()] as const;
  const cursors = [new StripCursor(sides[0]), new StripCursor(sides[1])] as const;
  for (let y = top; cursors.some((cursor) => !cursor.done); ) {
    cursors.forEach((cursor, s) => {
      cursor.collect(y, y + stripRows, spans[s]!);
    });
    for (let row = 0; row < stripRows; row++) sweepRow(spans[0], spans[1], row, builder);
    y += stripRows;
    // A gap between far-apart objects is jumped, not walked.
    const next = Math.min(...cursors.map((cursor) => cursor.nextTop));
    if (next > y && Number.isFinite(next)) y = next;
  }
  return builder.finish();
}

interface PlannedOutline {
  readonly id: number;
  readonly rings: readonly Ring[];
  /** Pixels it can cover inside the window, level-0 px. */
  readonly box: Box;
}

function plan(outlines: readonly Outline[], within: Box | undefined): PlannedOutline[] {
  const planned: PlannedOutline[] = [];
  outlines.forEach((outline, id) => {
    const rings = outlineRings(outline);
    const tight = outlinePixelBox(rings, id);
    const box = tight && within ? intersectBoxes(tight, within) : tight;
    if (box && box.width > 0 && box.height > 0) planned.push({ id, rings, box });
  });
  return planned.sort((a, b) => a.box.y - b.box.y || a.id - b.id);
}

/** Hands out the runs of one side strip by strip; knows only the outlines that the strip meets. */
class StripCursor {
  readonly #outlines: readonly PlannedOutline[];
  #next = 0;
  #open: PlannedOutline[] = [];

  constructor(outlines: readonly PlannedOutline[]) {
    this.#outlines = outlines;
  }

  get done(): boolean {
    return this.#open.length === 0 && this.#next >= this.#outlines.length;
  }

  /** Row at which the next runs can begin: −∞ while an outline is open, ∞ at the end. */
  get nextTop(): number {
    if (this.#open.length > 0) return -Infinity;
    return this.#outlines[this.#next]?.box.y ?? Infinity;
  }

  collect(y0: number, y1: number, into: SpanBuffer): void {
    into.clear();
    while ((this.#outlines[this.#next]?.box.y ?? Infinity) < y1) {
      this.#open.push(this.#outlines[this.#next]!);
      this.#next++;
    }
    for (const { id, rings, box } of this.#open) {
      const from = Math.max(y0, box.y);
      const height = Math.min(y1, box.y + box.height) - from;
      forEachSpan(rings, { x: box.x, y: from, width: box.width, height }, (y, a, b) => {
        into.push(y - y0, a, b, id);
      });
    }
    into.sort(y1 - y0);
    this.#open = this.#open.filter(({ box }) => box.y + box.height > y1);
  }
}

/** Adds one row of pixels to the table. */
function sweepRow(pred: SpanBuffer, truth: SpanBuffer, row: number, builder: OverlapBuilder): void {
  const [p0, p1] = pred.rowRange(row);
  const [t0, t1] = truth.rowRange(row);
  const predNumbers: number[] = [];
  for (let p = p0; p < p1; p++) {
    predNumbers.push(builder.addPred(pred.id(p), pred.end(p) - pred.start(p)));
  }
  builder.predUnion += pred.unionLength(row);
  builder.truthUnion += truth.unionLength(row);
  builder.common += pred.commonLength(truth, row);
  // Runs of one side may overlap each other, so all that can still meet a later run are kept.
  let open: number[] = [];
  let p = p0;
  for (let t = t0; t < t1; t++) {
    const start = truth.start(t);
    const end = truth.end(t);
    const number = builder.addTruth(truth.id(t), end - start);
    for (; p < p1 && pred.start(p) < end; p++) open.push(p);
    open = open.filter((k) => pred.end(k) > start);
    for (const k of open) {
      const pixels = Math.min(end, pred.end(k)) - Math.max(start, pred.start(k));
      if (pixels > 0) builder.addPair(predNumbers[k - p0]!, number, pixels);
    }
  }
}
