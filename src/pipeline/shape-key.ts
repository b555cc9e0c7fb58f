import type { Point, Polygon, Ring } from "../geometry.ts";

/**
 * A number (of 52 bits) that tells shapes apart, the same for what QuPath makes of one that it reads
 * and writes again: 32-bit floats, rounded to 0.01, rings begun anywhere, run in either direction.
 *
 * `origin` is what QuPath counts from, in the polygons' frame. Two shapes of one id have the same number by chance in one case of 10^15.
 */
export function shapeKey(polygons: readonly Polygon[], origin: Point = { x: 0, y: 0 }): number {
  let sum = polygons.length;
  for (const { outer, holes } of polygons) {
    // Sums do not hang on the order of parts and holes.
    const inner = holes.reduce((all, hole) => (all + ringKey(hole, origin)) % LIMIT, 0);
    sum = (sum + mix(ringKey(outer, origin), inner)) % LIMIT;
  }
  return sum;
}

const LIMIT = 2 ** 52;

/** Of a ring as it is in QuPath: from its least point, in the direction whose next point is less. */
function ringKey(ring: Ring, origin: Point): number {
  const points = withoutStraight(ring, origin);
  const n = points.length;
  if (n === 0) return 0;
  let first = 0;
  for (let i = 1; i < n; i++) if (isLess(points[i]!, points[first]!)) first = i;
  const step = isLess(points[(first + 1) % n]!, points[(first + n - 1) % n]!) ? 1 : n - 1;
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0, at = first; i < n; i++, at = (at + step) % n) {
    const [x, y] = points[at]!;
    low = Math.imul(low ^ x, 0x01000193) ^ (low >>> 13);
    low = Math.imul(low ^ y, 0x85ebca6b) ^ (low >>> 16);
    high = Math.imul(high ^ y, 0xc2b2ae35) ^ (high >>> 15);
    high = Math.imul(high ^ x, 0x27d4eb2f) ^ (high >>> 13);
  }
  return ((high >>> 0) % 2 ** 20) * 2 ** 32 + (low >>> 0);
}

type Place = readonly [x: number, y: number];

/** Hundredths of a pixel, less points that lie straight between those beside them: some writers drop these. */
function withoutStraight(ring: Ring, { x: left, y: top }: Point): Place[] {
  const places: Place[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const place = [inQuPath(ring[i]!, left), inQuPath(ring[i + 1]!, top)] as const;
    const last = places.at(-1);
    if (last?.[0] !== place[0] || last[1] !== place[1]) places.push(place);
  }
  const n = places.length;
  return places.filter(([x, y], i) => {
    const [ax, ay] = places[(i + n - 1) % n]!;
    const [bx, by] = places[(i + 1) % n]!;
    return (x - ax) * (by - ay) !== (bx - ax) * (y - ay);
  });
}

function inQuPath(value: number, origin: number): number {
  return Math.round(Math.fround(Math.round((value - origin) * 100) / 100) * 100);
}

function isLess([ax, ay]: Place, [bx, by]: Place): boolean {
  return ax < bx || (ax === bx && ay < by);
}

function mix(a: number, b: number): number {
  return (a + (b % 2 ** 26) * 67_108_859 + Math.floor(b / 2 ** 26)) % LIMIT;
}
