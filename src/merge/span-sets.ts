import { type Box, intersectBoxes } from "../geometry.ts";
import { SpanBuilder, type Spans } from "./spans.ts";

/** Pixels the two masks share. */
export function intersectionArea(a: Spans, b: Spans): number {
  if (a.box.x >= b.box.x + b.box.width || b.box.x >= a.box.x + a.box.width) return 0;
  const y0 = Math.max(a.box.y, b.box.y);
  const y1 = Math.min(a.box.y + a.box.height, b.box.y + b.box.height);
  let area = 0;
  for (let y = y0; y < y1; y++) {
    let i = a.rowStart[y - a.box.y]!;
    let j = b.rowStart[y - b.box.y]!;
    const iEnd = a.rowStart[y - a.box.y + 1]!;
    const jEnd = b.rowStart[y - b.box.y + 1]!;
    while (i < iEnd && j < jEnd) {
      const aEnd = a.xs[i + 1]!;
      const bEnd = b.xs[j + 1]!;
      const length = Math.min(aEnd, bEnd) - Math.max(a.xs[i]!, b.xs[j]!);
      if (length > 0) area += length;
      if (aEnd <= bEnd) i += 2;
      else j += 2;
    }
  }
  return area;
}

/** Pixels of the mask inside the box. */
export function areaWithin(a: Spans, box: Box): number {
  const common = intersectBoxes(a.box, box);
  if (common === null) return 0;
  if (common.width === a.box.width && common.height === a.box.height) return a.area;
  const [x0, x1] = [common.x, common.x + common.width];
  let area = 0;
  for (let y = common.y; y < common.y + common.height; y++) {
    const row = y - a.box.y;
    for (let k = a.rowStart[row]!; k < a.rowStart[row + 1]!; k += 2) {
      const length = Math.min(a.xs[k + 1]!, x1) - Math.max(a.xs[k]!, x0);
      if (length > 0) area += length;
    }
  }
  return area;
}

/** The mask's pixels inside the box; null where there is none. */
export function clipSpans(a: Spans, box: Box): Spans | null {
  const common = intersectBoxes(a.box, box);
  if (common === null) return null;
  const [x0, x1] = [common.x, common.x + common.width];
  const builder = new SpanBuilder(common.y);
  for (let y = common.y; y < common.y + common.height; y++) {
    builder.row();
    const row = y - a.box.y;
    for (let k = a.rowStart[row]!; k < a.rowStart[row + 1]!; k += 2) {
      const [start, end] = [Math.max(a.xs[k]!, x0), Math.min(a.xs[k + 1]!, x1)];
      if (end > start) builder.add(start, end);
    }
  }
  return builder.close();
}

/** The union of at least one mask. */
export function uniteSpans(parts: readonly Spans[]): Spans {
  const first = parts[0]!;
  if (parts.length === 1) return first;
  const top = parts.reduce((y, part) => Math.min(y, part.box.y), first.box.y);
  const bottom = parts.reduce((y, part) => Math.max(y, part.box.y + part.box.height), top);
  // Parts enter and leave a sweep by rows, so that a region of many patches stays linear in its runs.
  const waiting = [...parts].sort((a, b) => b.box.y - a.box.y);
  let active: Spans[] = [];
  const builder = new SpanBuilder(top);
  const runs: [number, number][] = [];
  for (let y = top; y < bottom; y++) {
    while (waiting.length > 0 && waiting[waiting.length - 1]!.box.y <= y) {
      active.push(waiting.pop()!);
    }
    builder.row();
    runs.length = 0;
    let ended = false;
    for (const part of active) {
      const row = y - part.box.y;
      if (row + 1 >= part.box.height) ended = true;
      for (let k = part.rowStart[row]!; k < part.rowStart[row + 1]!; k += 2) {
        runs.push([part.xs[k]!, part.xs[k + 1]!]);
      }
    }
    if (active.length > 1) runs.sort((p, q) => p[0] - q[0]);
    for (const [a, b] of runs) builder.add(a, b);
    if (ended) active = active.filter((part) => part.box.y + part.box.height > y + 1);
  }
  return builder.close()!;
}

/** The mask without the pixels of another; the same object where they share none, null where nothing is left. */
export function subtractSpans(a: Spans, b: Spans): Spans | null {
  if (intersectBoxes(a.box, b.box) === null) return a;
  const builder = new SpanBuilder(a.box.y);
  let changed = false;
  for (let r = 0; r < a.box.height; r++) {
    builder.row();
    const other = a.box.y + r - b.box.y;
    const inside = other >= 0 && other < b.box.height;
    let j = inside ? b.rowStart[other]! : 0;
    const jEnd = inside ? b.rowStart[other + 1]! : 0;
    for (let k = a.rowStart[r]!; k < a.rowStart[r + 1]!; k += 2) {
      let start = a.xs[k]!;
      const end = a.xs[k + 1]!;
      while (j < jEnd && b.xs[j + 1]! <= start) j += 2;
      for (let m = j; m < jEnd && b.xs[m]! < end; m += 2) {
        changed = true;
        if (b.xs[m]! > start) builder.add(start, b.xs[m]!);
        start = Math.max(start, b.xs[m + 1]!);
      }
      if (start < end) builder.add(start, end);
    }
  }
  return changed ? builder.close() : a;
}

/**
 * The parts of a mask that hang together by pixel edges (4-connected), largest first, ties by the
 * topmost and then the leftmost pixel.
 */
export function connectedParts(spans: Spans): Spans[] {
  if (isOneColumnOfRuns(spans)) return [spans];
  const { box, rowStart, xs } = spans;
  const parent = new Int32Array(xs.length / 2).map((_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    while (parent[i] !== root) {
      const next = parent[i]!;
      parent[i] = root;
      i = next;
    }
    return root;
  };
  let parts = parent.length;
  for (let r = 1; r < box.height; r++) {
    let i = rowStart[r - 1]!;
    let j = rowStart[r]!;
    while (i < rowStart[r]! && j < rowStart[r + 1]!) {
      if (Math.min(xs[i + 1]!, xs[j + 1]!) > Math.max(xs[i]!, xs[j]!)) {
        const [p, q] = [find(i / 2), find(j / 2)];
        if (p !== q) {
          parent[Math.max(p, q)] = Math.min(p, q);
          parts--;
        }
      }
      if (xs[i + 1]! <= xs[j + 1]!) i += 2;
      else j += 2;
    }
  }
  if (parts === 1) return [spans];
  return splitByRoot(spans, find);
}

/** Whether every row is one run that touches the run above: most nuclei are, and hang together so. */
export function isOneColumnOfRuns({ box, rowStart, xs }: Spans): boolean {
  if (xs.length !== 2 * box.height) return false;
  for (let r = 1; r < box.height; r++) {
    const k = 2 * r;
    if (rowStart[r] !== k) return false;
    if (xs[k]! >= xs[k - 1]! || xs[k + 1]! <= xs[k - 2]!) return false;
  }
  return true;
}

function splitByRoot(spans: Spans, find: (run: number) => number): Spans[] {
  const { box, rowStart, xs } = spans;
  const builders = new Map<number, { builder: SpanBuilder; row: number }>();
  for (let r = 0; r < box.height; r++) {
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      const root = find(k / 2);
      let open = builders.get(root);
      if (open === undefined) {
        open = { builder: new SpanBuilder(box.y + r), row: r - 1 };
        builders.set(root, open);
      }
      if (open.row < r) {
        open.builder.row();
        open.row = r;
      }
      open.builder.add(xs[k]!, xs[k + 1]!);
    }
  }
  // Roots come in the order of their first run, so a stable sort breaks ties by position.
  return [...builders.values()]
    .map(({ builder }) => builder.close()!)
    .sort((a, b) => b.area - a.area);
}
