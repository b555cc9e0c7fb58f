import type { Box, Size } from "../geometry.ts";
import type { PatchMask } from "../segment/mask.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import type { Surroundings } from "./patch-plan.ts";
import { rleToSpans, type Spans, spansCentroid } from "./spans.ts";

/** What a model said about a mask. */
export interface MaskScores {
  readonly predictedIou: number;
  readonly stabilityScore: number;
  readonly hematoxylinOd: number;
  readonly classification: string | undefined;
}

/** A mask of one patch, placed on the grid. */
export interface Candidate {
  readonly patch: PlannedPatch;
  readonly spans: Spans;
  readonly scores: MaskScores;
  /** It reaches a border of its patch beyond which another patch goes on: perhaps not whole. */
  readonly cut: boolean;
  /** It is cut, and its centroid lies in a core that another patch of the plan owns. */
  readonly foreign: boolean;
  /** It reaches a border of its patch beyond which the slide goes on, but no patch does. */
  readonly open: boolean;
  /** Its box meets another patch. */
  readonly shared: boolean;
  /** Grid px from the mask to the nearest border beyond which another patch goes on. */
  readonly borderDistance: number;
  /** Candidates of any patch that share pixels with this one; null while there is none. */
  overlaps: Candidate[] | null;
  /** Overlaps with candidates of other patches that may be the same object; null while there is none. */
  links: Link[] | null;
  /** null while it is alone. */
  group: Group | null;
  /** True once its group is settled. */
  settled: boolean;
  /** Another mask stands for it. */
  dropped: boolean;
  /** What became of it: null when it was dropped. */
  kept: Kept | null;
  /** Its place in a list that is being worked on. */
  slot: number;
  /** The last search that met it: a mask lies in several cells of the index. */
  search: number;
}

/** Two candidates of different patches that share pixels, as each of the two patches sees them. */
export interface Link {
  readonly a: Candidate;
  readonly b: Candidate;
  /** Shared pixels. */
  readonly shared: number;
  /** Pixels of each inside the box that both patches cover. */
  readonly aInBoth: number;
  readonly bInBoth: number;
  /** Each reaches its own patch's border inside the other's patch. */
  readonly bothCut: boolean;
  readonly eitherCut: boolean;
}

/** Candidates that hang together by links. */
export interface Group {
  members: Candidate[];
  /** First grid row below all of them. */
  bottom: number;
}

/** An object on its way out. */
export interface Kept {
  readonly parts: readonly Candidate[];
  /** The best part's predicted IoU. */
  readonly merit: number;
  /** null once better objects have taken its pixels. */
  spans: Spans | null;
  final: boolean;
}

/** Places a mask on the grid; null where it has no pixel. `slide` is the slide's size on the grid, where it is known. */
export function placeMask(
  patch: PlannedPatch,
  around: Surroundings,
  mask: PatchMask,
  slide: Size | null,
): Candidate | null {
  const own = patch.gridBox;
  const spans = rleToSpans(mask.rle, own.x + mask.box.x, own.y + mask.box.y);
  if (spans === null) return null;
  const { box } = spans;
  const right = own.x + own.width;
  const bottom = own.y + own.height;
  const atBorder =
    box.x <= own.x || box.y <= own.y || box.x + box.width >= right || box.y + box.height >= bottom;
  const { others } = around;
  let [cut, foreign, open] = [false, false, false];
  if (atBorder) {
    for (const other of others) if (reachesInto(spans, own, other.gridBox)) cut = true;
    open = reachesOut(spans, own, others, slide);
    if (cut) {
      const { x, y } = spansCentroid(spans);
      for (const other of others) if (covers(other.gridCore, x, y)) foreign = true;
    }
  }
  const { predictedIou, stabilityScore, hematoxylinOd, classification } = mask;
  return {
    patch,
    spans,
    // Not the mask itself: its run lengths are done with.
    scores: { predictedIou, stabilityScore, hematoxylinOd, classification },
    cut,
    foreign,
    open,
    shared: meetsAny(box, others),
    borderDistance: borderDistance(box, own, around),
    overlaps: null,
    links: null,
    group: null,
    settled: false,
    dropped: false,
    kept: null,
    slot: 0,
    search: 0,
  };
}

/**
 * Whether the mask reaches its own patch's border at a place where the other patch goes on beyond it.
 */
export function reachesInto(spans: Spans, own: Box, other: Box): boolean {
  const { box, rowStart, xs } = spans;
  const right = own.x + own.width;
  const bottom = own.y + own.height;
  const otherRight = other.x + other.width;
  const otherBottom = other.y + other.height;
  const left = box.x === own.x && other.x < own.x && otherRight >= own.x;
  const atRight = box.x + box.width === right && otherRight > right && other.x <= right;
  if (left || atRight) {
    const from = Math.max(box.y, other.y) - box.y;
    const to = Math.min(box.y + box.height, otherBottom) - box.y;
    for (let r = from; r < to; r++) {
      const begin = rowStart[r]!;
      const end = rowStart[r + 1]!;
      if (begin === end) continue;
      if ((left && xs[begin] === own.x) || (atRight && xs[end - 1] === right)) return true;
    }
  }
  if (
    box.y === own.y &&
    other.y < own.y &&
    otherBottom >= own.y &&
    rowMeets(spans, 0, other.x, otherRight)
  ) {
    return true;
  }
  return (
    box.y + box.height === bottom &&
    otherBottom > bottom &&
    other.y <= bottom &&
    rowMeets(spans, box.height - 1, other.x, otherRight)
  );
}

function rowMeets({ rowStart, xs }: Spans, row: number, x0: number, x1: number): boolean {
  for (let k = rowStart[row]!; k < rowStart[row + 1]!; k += 2) {
    if (xs[k]! < x1 && xs[k + 1]! > x0) return true;
  }
  return false;
}

/** Whether a pixel at the patch's border has a neighbour beyond it that lies on the slide and in no patch. */
function reachesOut(
  { box, rowStart, xs }: Spans,
  own: Box,
  others: readonly PlannedPatch[],
  slide: Size | null,
): boolean {
  const [right, bottom] = [own.x + own.width, own.y + own.height];
  for (let r = 0; r < box.height; r++) {
    const [begin, end, y] = [rowStart[r]!, rowStart[r + 1]!, box.y + r];
    if (begin === end) continue;
    if (xs[begin] === own.x && isUnseen(own.x - 1, own.x, y, others, slide)) return true;
    if (xs[end - 1] === right && isUnseen(right, right + 1, y, others, slide)) return true;
    const beyond = y === own.y ? y - 1 : y === bottom - 1 ? bottom : null;
    if (beyond === null) continue;
    for (let k = begin; k < end; k += 2) {
      if (isUnseen(xs[k]!, xs[k + 1]!, beyond, others, slide)) return true;
    }
  }
  return false;
}

/** Whether any pixel of a stretch of a row, x0 up to x1, lies on the slide and in no patch. */
function isUnseen(
  x0: number,
  x1: number,
  y: number,
  others: readonly PlannedPatch[],
  slide: Size | null,
): boolean {
  if (y < 0 || (slide !== null && y >= slide.height)) return false;
  const last = slide === null ? x1 : Math.min(x1, slide.width);
  let x = Math.max(x0, 0);
  // From pixel to pixel no patch holds, past all that one does.
  while (x < last) {
    let seen = x;
    for (const { gridBox } of others) {
      if (covers(gridBox, x, y)) seen = Math.max(seen, gridBox.x + gridBox.width);
    }
    if (seen === x) return true;
    x = seen;
  }
  return false;
}

function covers(box: Box, x: number, y: number): boolean {
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

function meetsAny(box: Box, others: readonly PlannedPatch[]): boolean {
  for (const { gridBox: other } of others) {
    if (
      box.x < other.x + other.width &&
      other.x < box.x + box.width &&
      box.y < other.y + other.height &&
      other.y < box.y + box.height
    ) {
      return true;
    }
  }
  return false;
}

function borderDistance(mask: Box, patch: Box, seams: Surroundings): number {
  let distance = Number.MAX_SAFE_INTEGER;
  if (seams.left) distance = Math.min(distance, mask.x - patch.x);
  if (seams.right) distance = Math.min(distance, patch.x + patch.width - mask.x - mask.width);
  if (seams.top) distance = Math.min(distance, mask.y - patch.y);
  if (seams.bottom) distance = Math.min(distance, patch.y + patch.height - mask.y - mask.height);
  return distance;
}
