/** A ring is not thinned below so many points. */
const FEWEST_POINTS = 4;

/** What is known of the points of a ring. */
class Thinning {
  /** The ring twice over: from any point to any that follows it, points lie in a row. */
  readonly line: Float64Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly cost: Float64Array;
  /** The last round that looked at the point again. */
  readonly round: Int32Array;
  /** Points whose turn it may be, and those that go in this round. */
  readonly waiting: Int32Array;
  readonly dropped: Int32Array;

  constructor(points: number) {
    this.line = new Float64Array(4 * points);
    this.next = new Int32Array(points);
    this.previous = new Int32Array(points);
    this.cost = new Float64Array(points);
    this.round = new Int32Array(points);
    this.waiting = new Int32Array(points);
    this.dropped = new Int32Array(points);
  }
}

/** Of the ring at hand; grows to the longest ring seen, for it costs more to make than to fill. */
let work = new Thinning(512);

/**
 * Drops points of a ring: every dropped point lies within `tolerance` of the ring that is left, and
 * so does every point of that ring of the one before.
 *
 * Frame: any; the tolerance is in its pixels. Works in rounds: a round drops each point that may go
 * and costs less than the live points beside it. What becomes of a point depends on the points around
 * it, and not on the direction of the ring or where it begins: of a border that two rings share,
 * both keep the same points, but near its ends (docs/geometry.md has measurements).
 */
export function thinRing(ring: Float64Array, tolerance: number): number[] {
  const n = ring.length / 2;
  const limit = tolerance * tolerance;
  if (work.cost.length < n) work = new Thinning(2 * n);
  const { line, next, previous, cost, round, waiting, dropped } = work;
  line.set(ring);
  line.set(ring, 2 * n);
  for (let i = 0; i < n; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
    round[i] = 0;
  }
  next[n - 1] = 0;
  previous[0] = n - 1;
  firstCosts(line, n, cost, limit);
  let drops = firstDrops(work, n, limit);
  let left = n;
  for (let now = 1; drops > 0 && left - drops >= FEWEST_POINTS; now++) {
    left -= drops;
    // No two of them are neighbours: the points beside them stay.
    let changed = 0;
    for (let at = 0; at < drops; at++) {
      const i = dropped[at]!;
      const before = previous[i]!;
      const after = next[i]!;
      next[before] = after;
      previous[after] = before;
      cost[i] = -1;
      if (round[before] !== now) {
        round[before] = now;
        waiting[changed++] = before;
      }
      if (round[after] !== now) {
        round[after] = now;
        waiting[changed++] = after;
      }
    }
    // The only call: it is compiled in place, and no number has to be put on the heap to come back.
    for (let at = 0; at < changed; at++) {
      const i = waiting[at]!;
      cost[i] = costOf(line, n, previous[i]!, next[i]!, limit);
    }
    // A point's turn comes only where its own cost or that of one beside it has changed.
    let looks = changed;
    for (let at = 0; at < changed; at++) {
      const i = waiting[at]!;
      const before = previous[i]!;
      const after = next[i]!;
      if (round[before] !== now) {
        round[before] = now;
        waiting[looks++] = before;
      }
      if (round[after] !== now) {
        round[after] = now;
        waiting[looks++] = after;
      }
    }
    drops = 0;
    for (let at = 0; at < looks; at++) {
      const i = waiting[at]!;
      const own = cost[i]!;
      if (own > limit) continue;
      const before = previous[i]!;
      if (own > cost[before]! || (own === cost[before]! && !comesFirst(line, i, before))) continue;
      const after = next[i]!;
      if (own > cost[after]! || (own === cost[after]! && !comesFirst(line, i, after))) continue;
      dropped[drops++] = i;
    }
  }
  let i = 0;
  while (cost[i] === -1) i++;
  const thinned: number[] = [];
  for (let k = 0; k < left; k++, i = next[i]!) thinned.push(line[2 * i]!, line[2 * i + 1]!);
  return thinned;
}

/** What each point costs while all are there: see {@link costOf}, which takes twice as long for it. */
function firstCosts(line: Float64Array, n: number, cost: Float64Array, limit: number): void {
  let px = line[2 * n - 2]!;
  let py = line[2 * n - 1]!;
  let x = line[0]!;
  let y = line[1]!;
  for (let i = 0; i < n; i++) {
    const nx = line[2 * i + 2]!;
    const ny = line[2 * i + 3]!;
    const forwards = px < nx || (px === nx && py <= ny);
    const dx = forwards ? nx - px : px - nx;
    const dy = forwards ? ny - py : py - ny;
    const ax = x - (forwards ? px : nx);
    const ay = y - (forwards ? py : ny);
    const squared = dx * dx + dy * dy;
    let t = squared === 0 ? 0 : (ax * dx + ay * dy) / squared;
    if (t < 0) t = 0;
    else if (t > 1) t = 1;
    const ex = ax - t * dx;
    const ey = ay - t * dy;
    const distance = ex * ex + ey * ey;
    cost[i] = distance > limit ? Infinity : distance;
    px = x;
    py = y;
    x = nx;
    y = ny;
  }
}

/** Fills `dropped` with the points that go in the first round, each pair of neighbours compared once; returns how many. */
function firstDrops({ line, cost, dropped }: Thinning, n: number, limit: number): number {
  let drops = 0;
  const last = cost[n - 1]!;
  let own = cost[0]!;
  // Whether the point at hand costs less than the one before it.
  let falls = own < last || (own === last && comesFirst(line, 0, n - 1));
  for (let i = 0; i < n; i++) {
    const k = i + 1 < n ? i + 1 : 0;
    const after = cost[k]!;
    if (own > limit || own > after) {
      falls = true;
    } else if (own < after) {
      if (falls) dropped[drops++] = i;
      falls = false;
    } else {
      if (falls && comesFirst(line, i, k)) dropped[drops++] = i;
      falls = comesFirst(line, k, i);
    }
    own = after;
  }
  return drops;
}

/** Squared distance of the farthest point between two from the straight line that would join them; Infinity above the limit. */
function costOf(line: Float64Array, n: number, from: number, to: number, limit: number): number {
  let ax = line[2 * from]!;
  let ay = line[2 * from + 1]!;
  let bx = line[2 * to]!;
  let by = line[2 * to + 1]!;
  if (ax > bx || (ax === bx && ay > by)) {
    // From the lesser end, whichever way the ring runs: sums of floats differ by their order.
    const x = ax;
    const y = ay;
    ax = bx;
    ay = by;
    bx = x;
    by = y;
  }
  const dx = bx - ax;
  const dy = by - ay;
  const squared = dx * dx + dy * dy;
  const end = 2 * (to > from ? to : to + n);
  let worst = 0;
  for (let i = 2 * from + 2; i < end; i += 2) {
    const px = line[i]! - ax;
    const py = line[i + 1]! - ay;
    let t = squared === 0 ? 0 : (px * dx + py * dy) / squared;
    if (t < 0) t = 0;
    else if (t > 1) t = 1;
    const ex = px - t * dx;
    const ey = py - t * dy;
    const distance = ex * ex + ey * ey;
    if (distance > worst) {
      if (distance > limit) return Infinity;
      worst = distance;
    }
  }
  return worst;
}

/** An order of points that follows no direction: many of equal cost in a row go in a few rounds. */
function comesFirst(line: Float64Array, i: number, k: number): boolean {
  const x = line[2 * i]!;
  const y = line[2 * i + 1]!;
  const u = line[2 * k]!;
  const v = line[2 * k + 1]!;
  const a = scatter(x, y);
  const b = scatter(u, v);
  if (a !== b) return a < b;
  return x < u || (x === u && y < v);
}

function scatter(x: number, y: number): number {
  const mixed =
    Math.imul(Math.round(x * 4096), 0x9e3779b1) ^ Math.imul(Math.round(y * 4096), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0;
}
