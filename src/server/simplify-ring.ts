/**
 * The method's worst case is quadratic, and outlines of tissue have 100,000 points: one point in so
 * many is kept whatever it is.
 */
const MAX_STRETCH = 512;

/**
 * Finds the points of a ring that a line drawn within `tolerance` still needs (Douglas & Peucker,
 * 1973, on the two halves between the first point and the one farthest from it).
 *
 * `coordinates` holds x, y pairs; the ring is points [from, to) and closes by itself. Writes the
 * kept points' positions to `kept`, in order, and returns how many. Planar, in the units of the
 * coordinates.
 */
export function simplifyRing(
  coordinates: ArrayLike<number>,
  from: number,
  to: number,
  tolerance: number,
  kept: number[],
): number {
  kept.length = 0;
  const count = to - from;
  if (count <= 3 || tolerance <= 0) {
    for (let p = from; p < to; p++) kept.push(p);
    return count;
  }
  const keep = new Uint8Array(count);
  keep[0] = 1;
  const far = farthestFromFirst(coordinates, from, to);
  keep[far - from] = 1;
  const pending: number[] = [];
  addStretches(pending, keep, from, from, far);
  addStretches(pending, keep, from, far, to);
  while (pending.length > 0) {
    const end = pending.pop()!;
    const start = pending.pop()!;
    const split = farthestFromLine(coordinates, start, end, end === to ? from : end, tolerance);
    if (split < 0) continue;
    keep[split - from] = 1;
    pending.push(start, split, split, end);
  }
  for (let i = 0; i < count; i++) if (keep[i]) kept.push(from + i);
  return kept.length;
}

/** Cuts start … end into stretches of bounded length, their ends kept. */
function addStretches(
  pending: number[],
  keep: Uint8Array,
  from: number,
  start: number,
  end: number,
): void {
  for (let p = start; p < end; p += MAX_STRETCH) {
    keep[p - from] = 1;
    pending.push(p, Math.min(end, p + MAX_STRETCH));
  }
}

function farthestFromFirst(coordinates: ArrayLike<number>, from: number, to: number): number {
  let far = from + 1;
  let farSquare = -1;
  for (let p = from + 1; p < to; p++) {
    const dx = coordinates[2 * p]! - coordinates[2 * from]!;
    const dy = coordinates[2 * p + 1]! - coordinates[2 * from + 1]!;
    const square = dx * dx + dy * dy;
    if (square > farSquare) {
      farSquare = square;
      far = p;
    }
  }
  return far;
}

/** The point strictly between start and end farthest from their line, or −1 when all are within tolerance. */
function farthestFromLine(
  coordinates: ArrayLike<number>,
  start: number,
  end: number,
  endPoint: number,
  tolerance: number,
): number {
  const ax = coordinates[2 * start]!;
  const ay = coordinates[2 * start + 1]!;
  const dx = coordinates[2 * endPoint]! - ax;
  const dy = coordinates[2 * endPoint + 1]! - ay;
  const length = dx * dx + dy * dy;
  let far = -1;
  let farSquare = tolerance * tolerance;
  for (let p = start + 1; p < end; p++) {
    const px = coordinates[2 * p]! - ax;
    const py = coordinates[2 * p + 1]! - ay;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / length));
    const ex = px - along * dx;
    const ey = py - along * dy;
    const square = ex * ex + ey * ey;
    if (square > farSquare) {
      farSquare = square;
      far = p;
    }
  }
  return far;
}
