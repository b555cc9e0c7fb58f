import type { Ring } from "../geometry.ts";

/**
 * How far from the pixel corner a chamfer may begin on a long edge, grid px. All lengths here are
 * sums of powers of two: the points come out exact, whichever way the border is walked.
 */
const LONG_CHAMFER = 3;
/** The same where both edges are longer than a pixel; cuts 0.486 px off a right angle. */
const CORNER_CHAMFER = 0.6875;

/** Of the edges of the walk at hand; grows to the longest walk seen, as do the lists below. */
let lengths = new Float64Array(0);

/**
 * Turns a pixel staircase into the line it stands for: every corner is cut off, so that edges of
 * one pixel vanish and a slanted border becomes one straight line through the middles of its steps.
 *
 * Frame: grid px in and out. No point of the result is more than 0.5 px away from the staircase. A
 * point depends on the edge it lies on and the two on either side, and not on the direction of the walk:
 * two objects that share a border get the same points along it.
 */
export function chamferWalk(walk: Ring): number[] {
  const edges = walk.length / 2;
  if (lengths.length < edges) lengths = new Float64Array(2 * edges);
  for (let e = 0; e < edges; e++) {
    const k = e + 1 < edges ? 2 * e + 2 : 0;
    lengths[e] = Math.abs(walk[k]! - walk[2 * e]!) + Math.abs(walk[k + 1]! - walk[2 * e + 1]!);
  }
  const points: number[] = [];
  for (let e = 0; e < edges; e++) {
    const here = lengths[e]!;
    const half = here / 2;
    const before = e > 0 ? e - 1 : edges - 1;
    const after = e + 1 < edges ? e + 1 : 0;
    const beyond = after + 1 < edges ? after + 1 : 0;
    const start = Math.min(
      half,
      cutOf(lengths[before]!, lengths[before > 0 ? before - 1 : edges - 1]!),
    );
    const end = here - Math.min(half, cutOf(lengths[after]!, lengths[beyond]!));
    const x = walk[2 * e]!;
    const y = walk[2 * e + 1]!;
    const dx = (walk[2 * after]! - x) / here;
    const dy = (walk[2 * after + 1]! - y) / here;
    points.push(x + dx * start, y + dy * start);
    if (end > start) points.push(x + dx * end, y + dy * end);
  }
  return points;
}

/**
 * How far along an edge the cut of its corner may reach, by the edge around the corner and the one
 * beyond that. Along a slanted line, edges beyond steps of one pixel differ by one at most: a much
 * longer one is the flat top of a curve, and is cut hardly farther than the edge after the step.
 */
function cutOf(step: number, beyond: number): number {
  return step === 1 ? Math.min(LONG_CHAMFER, (beyond + 0.5) / 2) : CORNER_CHAMFER;
}

/** Passes that move every point halfway to the middle of its neighbours. */
const PASSES = 3;
/** How far along the ring the two points lie whose middle the last pass moves away from. */
const SWELL_SPAN = 3;
/**
 * Share of that distance. Evening out shrinks whatever is round, by the same area whatever its size,
 * as do the corners, of which a closed border has four more convex than concave, and the chords of
 * thinRing: this gives it back, on either side of a border alike. After Taubin 1995, with a wide span
 * so that it does not bring back the steps that were evened out.
 */
const SWELL = 0.1875;

/**
 * Evens out what is left of a staircase: puts a point about every pixel and moves each towards its
 * neighbours, without shrinking the whole, while none moves farther than `reach` from where it was.
 *
 * Frame: grid px. A point depends on the six points on either side of it, and not on the direction
 * of the ring. The result is valid until the next call.
 */
export function evenRing(ring: Ring, reach: number): Float64Array {
  const length = resample(ring);
  if (passA.length < length) {
    passA = new Float64Array(points.length);
    passB = new Float64Array(points.length);
  }
  let now = points;
  let then = passA;
  for (let pass = 0; pass <= PASSES; pass++) {
    if (pass < PASSES) movePoints(length, now, then, 1, 0.5, reach);
    else movePoints(length, now, then, SWELL_SPAN, -SWELL, reach);
    now = then;
    then = now === passA ? passB : passA;
  }
  return now.subarray(0, length);
}

/** The points of the ring at hand, before they move and after a pass. */
let points = new Float64Array(0);
let passA = new Float64Array(0);
let passB = new Float64Array(0);
/** 1 for a point that stays. */
let fixed = new Uint8Array(0);

/** Moves every point by `factor` towards the middle of the points `span` before and after it. */
function movePoints(
  length: number,
  now: Float64Array,
  then: Float64Array,
  span: number,
  factor: number,
  reach: number,
): void {
  let p = (length * span - 2 * span) % length;
  let k = (2 * span) % length;
  for (let i = 0; i < length; i += 2) {
    if (fixed[i >> 1] === 1) {
      then[i] = points[i]!;
      then[i + 1] = points[i + 1]!;
    } else {
      const x = now[i]!;
      const y = now[i + 1]!;
      let dx = x + ((now[p]! + now[k]!) / 2 - x) * factor - points[i]!;
      let dy = y + ((now[p + 1]! + now[k + 1]!) / 2 - y) * factor - points[i + 1]!;
      const squared = dx * dx + dy * dy;
      if (squared > reach * reach) {
        const share = reach / Math.sqrt(squared);
        dx *= share;
        dy *= share;
      }
      then[i] = points[i]! + dx;
      then[i + 1] = points[i + 1]! + dy;
    }
    p = p + 2 < length ? p + 2 : 0;
    k = k + 2 < length ? k + 2 : 0;
  }
}

/** Points of a long edge that can move, or be looked at by one that does, from either end. */
const KEPT_AT_ENDS = PASSES + 2 * SWELL_SPAN;

/**
 * Puts points on long edges, at even steps of about a pixel; of a very long edge only the ends get
 * any, and the last of those stay where they are. Fills `points` and `fixed`; returns how many numbers.
 */
function resample(ring: Ring): number {
  const n = ring.length;
  let count = 0;
  for (let i = 0; i < n; i += 2) {
    const ax = ring[i]!;
    const ay = ring[i + 1]!;
    const bx = ring[i + 2 < n ? i + 2 : 0]!;
    const by = ring[i + 2 < n ? i + 3 : 1]!;
    const steps = Math.max(1, Math.round(Math.sqrt((bx - ax) ** 2 + (by - ay) ** 2)));
    if (count + 4 * KEPT_AT_ENDS + 4 > points.length) growPoints();
    // Reckoned from the same end whichever way the edge is walked.
    const forwards = ax < bx || (ax === bx && ay < by);
    const x = forwards ? ax : bx;
    const y = forwards ? ay : by;
    const dx = Math.abs(bx - ax);
    const dy = forwards ? by - ay : ay - by;
    const gap = steps > 2 * KEPT_AT_ENDS;
    for (let s = 0; s < steps; s++) {
      if (gap && s === KEPT_AT_ENDS + 1) s = steps - KEPT_AT_ENDS;
      const at = forwards ? s : steps - s;
      points[count] = x + (dx * at) / steps;
      points[count + 1] = y + (dy * at) / steps;
      fixed[count >> 1] = gap && Math.min(s, steps - s) > KEPT_AT_ENDS - SWELL_SPAN ? 1 : 0;
      count += 2;
    }
  }
  return count;
}

function growPoints(): void {
  const [oldPoints, oldFixed] = [points, fixed];
  points = new Float64Array(Math.max(2048, 2 * oldPoints.length));
  points.set(oldPoints);
  fixed = new Uint8Array(points.length / 2);
  fixed.set(oldFixed);
}
