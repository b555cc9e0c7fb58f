import type { Ring } from "../geometry.ts";

/**
 * How far from the pixel corner a chamfer may begin on a long edge, grid px. All lengths here are
 * sums of powers of two: the points come out exact, whichever way the border is walked.
 */
const LONG_CHAMFER = 3;
/** The same where both edges are longer than a pixel; cuts 0.486 px off a right angle. */
const CORNER_CHAMFER = 0.6875;

/** Lengths of the edges of the walk at hand, two at either end once more; grows to the longest walk seen, as do the lists below. */
let lengths = new Float64Array(0);
/** The line that {@link chamferWalk} made of it. */
let chamfered = new Float64Array(0);

/**
 * Turns a pixel staircase into the line it stands for: every corner is cut off, so that edges of
 * one pixel vanish and a slanted border becomes one straight line through the middles of its steps.
 *
 * Frame: grid px in and out. No point of the result is more than 0.5 px away from the staircase. A
 * point depends on the edge it lies on and the two on either side, and not on the direction of the walk:
 * two objects that share a border get the same points along it. Fills `chamfered`; returns how many numbers.
 */
function chamferWalk(walk: Ring): number {
  const edges = walk.length / 2;
  if (lengths.length < edges + 4) {
    lengths = new Float64Array(2 * edges + 4);
    chamfered = new Float64Array(8 * edges);
  }
  const [length, into] = [lengths, chamfered];
  for (let e = 0; e < edges; e++) {
    const k = e + 1 < edges ? 2 * e + 2 : 0;
    length[e + 2] = Math.abs(walk[k]! - walk[2 * e]!) + Math.abs(walk[k + 1]! - walk[2 * e + 1]!);
  }
  for (let e = 0; e < 2; e++) {
    length[1 - e] = length[edges + 1 - e]!;
    length[edges + 2 + e] = length[2 + e]!;
  }
  let count = 0;
  for (let e = 0; e < edges; e++) {
    const here = length[e + 2]!;
    const half = here / 2;
    const start = Math.min(half, cutOf(length[e + 1]!, length[e]!));
    const end = here - Math.min(half, cutOf(length[e + 3]!, length[e + 4]!));
    const after = e + 1 < edges ? e + 1 : 0;
    const x = walk[2 * e]!;
    const y = walk[2 * e + 1]!;
    const dx = (walk[2 * after]! - x) / here;
    const dy = (walk[2 * after + 1]! - y) / here;
    into[count] = x + dx * start;
    into[count + 1] = y + dy * start;
    count += 2;
    if (end > start) {
      into[count] = x + dx * end;
      into[count + 1] = y + dy * end;
      count += 2;
    }
  }
  return count;
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
 * Turns a pixel staircase into its middle line and evens out what is left of the steps: puts a point about
 * every pixel and moves each towards its neighbours, without shrinking the whole, while none moves
 * farther than `reach` from where it was.
 *
 * Frame: grid px. A point depends on the six points on either side of it, and not on the direction
 * of the walk. The result is valid until the next call.
 */
export function evenWalk(walk: Ring, reach: number): Float64Array {
  const length = resample(chamferWalk(walk));
  if (passA.length < points.length) {
    passA = new Float64Array(points.length);
    passB = new Float64Array(points.length);
  }
  closeRing(points, length);
  let now = points;
  let then = passA;
  for (let pass = 0; pass <= PASSES; pass++) {
    if (pass < PASSES) movePoints(length, now, then, 1, 0.5, reach);
    else movePoints(length, now, then, SWELL_SPAN, -SWELL, reach);
    now = then;
    then = now === passA ? passB : passA;
  }
  return now.subarray(MARGIN, MARGIN + length);
}

/** The lists below hold so many numbers of the ring's other end before its first point, and after its last: no turn at its end. */
const MARGIN = 2 * SWELL_SPAN;

/** The points of the ring at hand, before they move and after a pass. */
let points = new Float64Array(0);
let passA = new Float64Array(0);
let passB = new Float64Array(0);
/** Where the points stand that stay. */
let fixed: number[] = [];

function closeRing(list: Float64Array, length: number): void {
  // From the inside out: of a ring shorter than the margin, what was just written comes again.
  for (let i = 1; i <= MARGIN; i++) {
    list[MARGIN - i] = list[MARGIN - i + length]!;
    list[MARGIN + length + i - 1] = list[MARGIN + i - 1]!;
  }
}

/** Moves every point by `factor` towards the middle of the points `span` before and after it. */
function movePoints(
  length: number,
  now: Float64Array,
  then: Float64Array,
  span: number,
  factor: number,
  reach: number,
): void {
  const origin = points;
  const step = 2 * span;
  const limit = reach * reach;
  for (let i = MARGIN; i < MARGIN + length; i += 2) {
    const x = now[i]!;
    const y = now[i + 1]!;
    const ox = origin[i]!;
    const oy = origin[i + 1]!;
    let dx = x + ((now[i - step]! + now[i + step]!) / 2 - x) * factor - ox;
    let dy = y + ((now[i - step + 1]! + now[i + step + 1]!) / 2 - y) * factor - oy;
    const squared = dx * dx + dy * dy;
    if (squared > limit) {
      const share = reach / Math.sqrt(squared);
      dx *= share;
      dy *= share;
    }
    then[i] = ox + dx;
    then[i + 1] = oy + dy;
  }
  for (const i of fixed) {
    then[i] = origin[i]!;
    then[i + 1] = origin[i + 1]!;
  }
  closeRing(then, length);
}

/** Points of a long edge that can move, or be looked at by one that does, from either end. */
const KEPT_AT_ENDS = PASSES + 2 * SWELL_SPAN;
/** Most numbers that an edge's points take, and the margin after the last one's. */
const MOST_AT_ONCE = 4 * KEPT_AT_ENDS + 4 + MARGIN;

/**
 * Puts points on long edges of `chamfered`, at even steps of about a pixel; of a very long edge only the
 * ends get any, and the last of those stay where they are. Fills `points` and `fixed`; returns how many numbers.
 */
function resample(length: number): number {
  const ring = chamfered;
  let list = points;
  let count = MARGIN;
  if (fixed.length > 0) fixed = [];
  for (let i = 0; i < length; i += 2) {
    const ax = ring[i]!;
    const ay = ring[i + 1]!;
    const k = i + 2 < length ? i + 2 : 0;
    const bx = ring[k]!;
    const by = ring[k + 1]!;
    if (count + MOST_AT_ONCE > list.length) list = growPoints();
    const squared = (bx - ax) ** 2 + (by - ay) ** 2;
    // Most edges: their length rounds to a pixel or none.
    if (squared < 2.25) {
      list[count] = ax;
      list[count + 1] = ay;
      count += 2;
      continue;
    }
    const steps = Math.round(Math.sqrt(squared));
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
      list[count] = x + (dx * at) / steps;
      list[count + 1] = y + (dy * at) / steps;
      if (gap && Math.min(s, steps - s) > KEPT_AT_ENDS - SWELL_SPAN) fixed.push(count);
      count += 2;
    }
  }
  return count - MARGIN;
}

function growPoints(): Float64Array<ArrayBuffer> {
  const shorter = points;
  points = new Float64Array(Math.max(2048, 2 * shorter.length));
  points.set(shorter);
  return points;
}
