/** A ring is not thinned below so many points. */
const FEWEST_POINTS = 4;

/** What is known of the points of a ring; grows to the longest ring seen, for it costs more to make than to fill. */
let next = new Int32Array(0);
let previous = new Int32Array(0);
let cost = new Float64Array(0);
/** The last round that looked at the point again. */
let round = new Int32Array(0);
/** Points whose turn it may be, and those that go in this round. */
let waiting = new Int32Array(0);
let dropped = new Int32Array(0);

function reserve(points: number): void {
  if (cost.length >= points) return;
  const length = Math.max(512, 2 * points);
  next = new Int32Array(length);
  previous = new Int32Array(length);
  cost = new Float64Array(length);
  round = new Int32Array(length);
  waiting = new Int32Array(length);
  dropped = new Int32Array(length);
}

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
  reserve(n);
  for (let i = 0; i < n; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
    round[i] = 0;
    waiting[i] = i;
  }
  next[n - 1] = 0;
  previous[0] = n - 1;
  for (let i = 0; i < n; i++) cost[i] = costOf(ring, n, previous[i]!, next[i]!, limit);
  let left = n;
  let looks = n;
  for (let now = 1; ; now++) {
    let drops = 0;
    for (let at = 0; at < looks; at++) {
      const i = waiting[at]!;
      if (cost[i]! > limit) continue;
      if (isLess(ring, i, previous[i]!) && isLess(ring, i, next[i]!)) dropped[drops++] = i;
    }
    if (drops === 0 || left - drops < FEWEST_POINTS) break;
    left -= drops;
    // No two of them are neighbours: the points beside them stay.
    for (let at = 0; at < drops; at++) {
      const i = dropped[at]!;
      next[previous[i]!] = next[i]!;
      previous[next[i]!] = previous[i]!;
      cost[i] = -1;
    }
    looks = 0;
    for (let at = 0; at < drops; at++) {
      const i = dropped[at]!;
      for (let end = 0; end < 2; end++) {
        const k = end === 0 ? previous[i]! : next[i]!;
        if (round[k] === now) continue;
        round[k] = now;
        cost[k] = costOf(ring, n, previous[k]!, next[k]!, limit);
        waiting[looks++] = k;
      }
    }
    // A point's turn comes only where its own cost or that of one beside it has changed.
    for (let at = 0, changed = looks; at < changed; at++) {
      const i = waiting[at]!;
      for (let end = 0; end < 2; end++) {
        const k = end === 0 ? previous[i]! : next[i]!;
        if (round[k] === now) continue;
        round[k] = now;
        waiting[looks++] = k;
      }
    }
  }
  const thinned: number[] = [];
  for (let i = 0; i < n; i++) if (cost[i] !== -1) thinned.push(ring[2 * i]!, ring[2 * i + 1]!);
  return thinned;
}

/** Squared distance of the farthest point between two from the straight line that would join them; Infinity above the limit. */
function costOf(ring: Float64Array, n: number, from: number, to: number, limit: number): number {
  let ax = ring[2 * from]!;
  let ay = ring[2 * from + 1]!;
  let bx = ring[2 * to]!;
  let by = ring[2 * to + 1]!;
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
  let worst = 0;
  for (let i = from + 1 < n ? from + 1 : 0; i !== to; i = i + 1 < n ? i + 1 : 0) {
    const px = ring[2 * i]! - ax;
    const py = ring[2 * i + 1]! - ay;
    let t = squared === 0 ? 0 : (px * dx + py * dy) / squared;
    if (t < 0) t = 0;
    else if (t > 1) t = 1;
    const ex = px - t * dx;
    const ey = py - t * dy;
    const distance = ex * ex + ey * ey;
    if (distance > limit) return Infinity;
    if (distance > worst) worst = distance;
  }
  return worst;
}

function isLess(ring: Float64Array, i: number, k: number): boolean {
  const a = cost[i]!;
  const b = cost[k]!;
  return a < b || (a === b && comesFirst(ring, i, k));
}

/** An order of points that follows no direction: many of equal cost in a row go in a few rounds. */
function comesFirst(ring: Float64Array, i: number, k: number): boolean {
  const x = ring[2 * i]!;
  const y = ring[2 * i + 1]!;
  const u = ring[2 * k]!;
  const v = ring[2 * k + 1]!;
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
