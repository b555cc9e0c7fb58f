import type { Size } from "../geometry.ts";

/** Which components of a mask are turned over. */
export interface DropRule {
  /** Components of cells with this value are looked at; 4-connected. */
  readonly value: 0 | 1;
  /** Those with fewer cells than this go. */
  readonly least: number;
  /** The same for those that touch the border; as `least` where left out. */
  readonly leastAtBorder?: number;
  /** Only these cells of a component count towards `least`; all of them where left out. */
  readonly counted?: Uint8Array;
}

/** Turns components of cells that are too small into the other value; in place. */
export function dropSmall(mask: Uint8Array, grid: Size, rule: DropRule): void {
  const { width, height } = grid;
  const { value, least, leastAtBorder = least, counted } = rule;
  const runs = findRuns(mask, grid, value);
  const { starts, ends, rows } = runs;
  const parents = joinRuns(runs, grid);
  const weights = new Uint32Array(parents.length);
  const border = new Uint8Array(parents.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const edge = y === 0 || y === height - 1;
    for (let run = rows[y]!; run < rows[y + 1]!; run++) {
      const [start, end] = [starts[run]!, ends[run]!];
      const root = rootOf(parents, run);
      if (edge || start === row || end === row + width) border[root] = 1;
      let weight = end - start;
      if (counted) {
        weight = 0;
        for (let i = start; i < end; i++) weight += counted[i]!;
      }
      weights[root] = weights[root]! + weight;
    }
  }
  for (let run = 0; run < parents.length; run++) {
    const root = rootOf(parents, run);
    if (weights[root]! >= (border[root] === 1 ? leastAtBorder : least)) continue;
    mask.fill(1 - value, starts[run]!, ends[run]!);
  }
}

/** Cells of one value side by side in a row, row by row. */
interface Runs {
  /** The first cell of each, and the one after its last. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** The first run of each row, and at the end how many there are. */
  readonly rows: Uint32Array;
}

function findRuns(mask: Uint8Array, { width, height }: Size, value: number): Runs {
  const most = Math.ceil(width / 2) * height;
  const starts = new Uint32Array(most);
  const ends = new Uint32Array(most);
  const rows = new Uint32Array(height + 1);
  let count = 0;
  for (let y = 0, at = 0; y < height; y++) {
    const rowEnd = at + width;
    let inside = false;
    for (; at < rowEnd; at++) {
      if ((mask[at] === value) === inside) continue;
      if (inside) ends[count++] = at;
      else starts[count] = at;
      inside = !inside;
    }
    if (inside) ends[count++] = at;
    rows[y + 1] = count;
  }
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count), rows };
}

/** Union-find over runs that touch in neighbouring rows: the parent of each. */
function joinRuns({ starts, ends, rows }: Runs, { width, height }: Size): Uint32Array {
  const parents = new Uint32Array(starts.length);
  for (let run = 0; run < parents.length; run++) parents[run] = run;
  for (let y = 1; y < height; y++) {
    let above = rows[y - 1]!;
    let run = rows[y]!;
    const [aboveEnd, runEnd] = [run, rows[y + 1]!];
    while (above < aboveEnd && run < runEnd) {
      if (starts[above]! + width < ends[run]! && starts[run]! < ends[above]! + width) {
        const [a, b] = [rootOf(parents, above), rootOf(parents, run)];
        parents[Math.max(a, b)] = Math.min(a, b);
      }
      if (ends[above]! + width < ends[run]!) above++;
      else run++;
    }
  }
  return parents;
}

function rootOf(parents: Uint32Array, run: number): number {
  let at = run;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]!]!;
    at = parents[at]!;
  }
  return at;
}

/** A new mask with every 1 grown to the square of `radius` cells around it. */
export function dilate(mask: Uint8Array, grid: Size, radius: number): Uint8Array {
  return spread(mask, grid, radius, 1);
}

/** A new mask whose gaps up to 2 × `radius` cells are bridged, as if there were glass beyond the border. */
export function close(mask: Uint8Array, grid: Size, radius: number): Uint8Array {
  const { width, height } = grid;
  const padded = { width: width + 2 * radius, height: height + 2 * radius };
  const roomy = new Uint8Array(padded.width * padded.height);
  const rowIn = (y: number) => (y + radius) * padded.width + radius;
  for (let y = 0; y < height; y++) {
    roomy.set(mask.subarray(y * width, (y + 1) * width), rowIn(y));
  }
  const bridged = spread(spread(roomy, padded, radius, 1), padded, radius, 0);
  const closed = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    closed.set(bridged.subarray(rowIn(y), rowIn(y) + width), y * width);
  }
  return closed;
}

/** Grows every cell of `value` to the square of `radius` cells around it, by rows and then by columns. */
function spread(mask: Uint8Array, { width, height }: Size, radius: number, value: 0 | 1) {
  const other = 1 - value;
  // Value 1 where a cell is to be `value`, so that both passes are sums.
  const wide = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    // Cells from here on are `value`'s neighbours until `until`.
    let until = 0;
    for (let x = 0; x < Math.min(radius, width); x++) {
      if (mask[row + x] === value) until = x + radius + 1;
    }
    for (let x = 0; x < width; x++) {
      const ahead = x + radius;
      if (ahead < width && mask[row + ahead] === value) until = ahead + radius + 1;
      wide[row + x] = x < until ? 1 : 0;
    }
  }
  const grown = new Uint8Array(mask.length);
  // For every column how many rows of the window that is being slid down hold the value.
  const held = new Uint16Array(width);
  for (let y = -radius; y < height; y++) {
    const entering = y + radius < height ? (y + radius) * width : -1;
    const leaving = y - radius - 1 >= 0 ? (y - radius - 1) * width : -1;
    if (entering >= 0) for (let x = 0; x < width; x++) held[x] = held[x]! + wide[entering + x]!;
    if (leaving >= 0) for (let x = 0; x < width; x++) held[x] = held[x]! - wide[leaving + x]!;
    if (y < 0) continue;
    const row = y * width;
    for (let x = 0; x < width; x++) grown[row + x] = held[x] === 0 ? other : value;
  }
  return grown;
}

/** How many cells of the square of `radius` cells around each cell are 1; the square is at most 15 cells a side. */
export function countAround(mask: Uint8Array, { width, height }: Size, radius: number): Uint8Array {
  const across = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let sum = 0;
    for (let x = 0; x < Math.min(radius, width); x++) sum += mask[row + x]!;
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += mask[row + x + radius]!;
      if (x - radius > 0) sum -= mask[row + x - radius - 1]!;
      across[row + x] = sum;
    }
  }
  const counts = new Uint8Array(mask.length);
  const held = new Uint8Array(width);
  for (let y = -radius; y < height; y++) {
    const entering = y + radius < height ? (y + radius) * width : -1;
    const leaving = y - radius - 1 >= 0 ? (y - radius - 1) * width : -1;
    if (entering >= 0) for (let x = 0; x < width; x++) held[x] = held[x]! + across[entering + x]!;
    if (leaving >= 0) for (let x = 0; x < width; x++) held[x] = held[x]! - across[leaving + x]!;
    if (y >= 0) counts.set(held, y * width);
  }
  return counts;
}
