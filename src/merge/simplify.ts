import { type Ring, ringArea } from "../geometry.ts";

/** How far from the pixel corner a chamfer may begin on a long edge, grid px. */
const LONG_CHAMFER = 3;
/** The same where both edges are longer than a pixel; 0.7 and 0.7 cut 0.495 px off a right angle. */
const CORNER_CHAMFER = 0.7;

/**
 * Turns a pixel staircase into the line it stands for: every corner is cut off, so that edges of
 * one pixel vanish and a slanted border becomes one straight line through the middles of its steps.
 *
 * Frame: grid px in and out. No point of the result is more than 0.5 px away from the staircase.
 */
export function chamferWalk(walk: Ring): number[] {
  const n = walk.length;
  const points: number[] = [];
  let before = edgeLength(walk, n - 2);
  let here = edgeLength(walk, 0);
  for (let i = 0; i < n; i += 2) {
    const k = i + 2 < n ? i + 2 : 0;
    const after = edgeLength(walk, k);
    const start = Math.min(here / 2, before === 1 ? LONG_CHAMFER : CORNER_CHAMFER);
    const end = here - Math.min(here / 2, after === 1 ? LONG_CHAMFER : CORNER_CHAMFER);
    const dx = (walk[k]! - walk[i]!) / here;
    const dy = (walk[k + 1]! - walk[i + 1]!) / here;
    points.push(walk[i]! + dx * start, walk[i + 1]! + dy * start);
    if (end > start) points.push(walk[i]! + dx * end, walk[i + 1]! + dy * end);
    before = here;
    here = after;
  }
  return points;
}

/** Length of the axis-parallel edge that begins at offset i of a walk. */
function edgeLength(walk: Ring, i: number): number {
  const k = i + 2 < walk.length ? i + 2 : 0;
  return Math.abs(walk[k]! - walk[i]!) + Math.abs(walk[k + 1]! - walk[i + 1]!);
}

/** Spacing of the points that {@link relaxRing} works on, grid px. */
const RELAX_SPACING = 1;
const RELAX_PASSES = 3;

/**
 * Evens out what is left of a staircase: resamples the ring about every pixel and averages each
 * point with its neighbours, while no point moves farther than `reach` from where it was.
 *
 * Frame: grid px.
 */
export function relaxRing(ring: Ring, reach: number): number[] {
  const sampled = resample(ring);
  const n = sampled.length / 2;
  let now = sampled.slice();
  let then = sampled.slice();
  for (let pass = 0; pass < RELAX_PASSES; pass++) {
    for (let i = 0; i < n; i++) {
      const p = i > 0 ? i - 1 : n - 1;
      const k = i + 1 < n ? i + 1 : 0;
      let dx = (now[2 * p]! + 2 * now[2 * i]! + now[2 * k]!) / 4 - sampled[2 * i]!;
      let dy = (now[2 * p + 1]! + 2 * now[2 * i + 1]! + now[2 * k + 1]!) / 4 - sampled[2 * i + 1]!;
      const moved = Math.sqrt(dx * dx + dy * dy);
      if (moved > reach) {
        dx *= reach / moved;
        dy *= reach / moved;
      }
      then[2 * i] = sampled[2 * i]! + dx;
      then[2 * i + 1] = sampled[2 * i + 1]! + dy;
    }
    const swapped = now;
    now = then;
    then = swapped;
  }
  return now;
}

/** Puts points on long edges, at even steps of about a pixel; of a very long edge only the ends get any. */
function resample(ring: Ring): number[] {
  const points: number[] = [];
  const n = ring.length;
  for (let i = 0; i < n; i += 2) {
    const ax = ring[i]!;
    const ay = ring[i + 1]!;
    const dx = ring[(i + 2) % n]! - ax;
    const dy = ring[(i + 3) % n]! - ay;
    const steps = Math.max(1, Math.round(Math.sqrt(dx * dx + dy * dy) / RELAX_SPACING));
    for (let s = 0; s < steps; s++) {
      if (s > RELAX_PASSES && s < steps - RELAX_PASSES) continue;
      points.push(ax + (dx * s) / steps, ay + (dy * s) / steps);
    }
  }
  return points;
}

/**
 * Drops points of a ring by Douglas and Peucker's rule: every dropped point lies within `tolerance`
 * of the ring that is left.
 *
 * Frame: any; the tolerance is in its pixels. Source: Douglas & Peucker 1973.
 */
export function thinRing(ring: Ring, tolerance: number): number[] {
  const n = ring.length / 2;
  if (n <= 4) return [...ring];
  // A closed ring needs two fixed points: the one farthest from the middle, and the farthest from that.
  let [mx, my] = [0, 0];
  for (let i = 0; i < n; i++) {
    mx += ring[2 * i]! - ring[0]!;
    my += ring[2 * i + 1]! - ring[1]!;
  }
  const first = farthestFrom(ring, ring[0]! + mx / n, ring[1]! + my / n);
  const second = farthestFrom(ring, ring[2 * first]!, ring[2 * first + 1]!);
  const keep = new Uint8Array(n);
  keep[first] = 1;
  keep[second] = 1;
  const limit = tolerance * tolerance;
  const stack = [first, second, second, first];
  while (stack.length > 0) {
    const to = stack.pop()!;
    const from = stack.pop()!;
    const ax = ring[2 * from]!;
    const ay = ring[2 * from + 1]!;
    const dx = ring[2 * to]! - ax;
    const dy = ring[2 * to + 1]! - ay;
    const squared = dx * dx + dy * dy;
    let worst = limit;
    let worstAt = -1;
    for (let i = from + 1 < n ? from + 1 : 0; i !== to; i = i + 1 < n ? i + 1 : 0) {
      const px = ring[2 * i]! - ax;
      const py = ring[2 * i + 1]! - ay;
      const t = squared === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / squared));
      const ex = px - t * dx;
      const ey = py - t * dy;
      const distance = ex * ex + ey * ey;
      if (distance > worst) {
        worst = distance;
        worstAt = i;
      }
    }
    if (worstAt >= 0) {
      keep[worstAt] = 1;
      stack.push(from, worstAt, worstAt, to);
    }
  }
  const thinned: number[] = [];
  for (let i = 0; i < n; i++) if (keep[i] === 1) thinned.push(ring[2 * i]!, ring[2 * i + 1]!);
  return thinned;
}

function farthestFrom(ring: Ring, x: number, y: number): number {
  let best = -1;
  let bestAt = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const distance = (ring[i]! - x) ** 2 + (ring[i + 1]! - y) ** 2;
    if (distance > best) {
      best = distance;
      bestAt = i / 2;
    }
  }
  return bestAt;
}

/**
 * Moves the points of a ring along their normals so that it regains a given signed area; no point
 * moves farther than `reach`, so a ring that lost more keeps part of the loss.
 *
 * Frame: any; `reach` in its pixels, area in its square pixels.
 */
export function restoreArea(ring: Ring, area: number, reach: number): number[] {
  const n = ring.length / 2;
  let perimeter = 0;
  const normals = new Float64Array(ring.length);
  for (let i = 0; i < n; i++) {
    const k = i + 1 < n ? i + 1 : 0;
    const dx = ring[2 * k]! - ring[2 * i]!;
    const dy = ring[2 * k + 1]! - ring[2 * i + 1]!;
    const length = Math.sqrt(dx * dx + dy * dy);
    perimeter += length;
    if (length === 0) continue;
    // The walk has foreground on its right, so (dy, −dx) points out of it.
    normals[2 * i]! += dy / length;
    normals[2 * i + 1]! -= dx / length;
    normals[2 * k]! += dy / length;
    normals[2 * k + 1]! -= dx / length;
  }
  if (perimeter === 0) return [...ring];
  const wanted = (area - ringArea(ring)) / perimeter;
  const step = Math.max(-reach, Math.min(reach, wanted));
  const moved: number[] = [];
  for (let i = 0; i < n; i++) {
    const nx = normals[2 * i]!;
    const ny = normals[2 * i + 1]!;
    const squared = nx * nx + ny * ny;
    // 2 / |n|² makes both edges move by `step`; at sharp points the cap keeps the promise of `reach`.
    const scale =
      squared < 1e-9 ? 0 : Math.min((2 * Math.abs(step)) / squared, reach / Math.sqrt(squared));
    moved.push(
      ring[2 * i]! + Math.sign(step) * nx * scale,
      ring[2 * i + 1]! + Math.sign(step) * ny * scale,
    );
  }
  return moved;
}
