import Flatbush from "flatbush";
import { type Box, type Polygon, type Ring, ringBox } from "./geometry.ts";
import { locateInRing } from "./planar.ts";
import { crossingFault, type Touch } from "./ring-crossings.ts";

/**
 * What makes a polygon invalid by the OGC's Simple Features (ISO 19125-1), one word a rule.
 *
 * `repeated-point` alone is not forbidden there; it is refused because readers that drop it disagree
 * on ids. `too-complex` is a polygon of so many edges and rings that it is not looked at to the end.
 */
export type PolygonFault =
  | "not-finite"
  | "too-few-points"
  | "repeated-point"
  | "spike"
  | "zero-area"
  | "self-intersection"
  | "rings-cross"
  | "hole-outside"
  | "nested-holes"
  | "split-interior"
  | "parts-overlap"
  | "too-complex";

/** Rings are located in each other in this many steps along edges, at most: a few seconds. */
const MOST_STEPS = 400_000_000;

/**
 * The first fault of a polygon taken at its own coordinates, or null where it is OGC-valid.
 *
 * Exact for whole coordinates up to 2^52: give hundredths of a pixel (see {@link roundedFault}).
 * Rings do not repeat their first point.
 */
export function polygonFault(polygon: Polygon): PolygonFault | null {
  const rings = [polygon.outer, ...polygon.holes];
  for (const ring of rings) {
    const fault = ringFault(ring);
    // Halves of a bow-tie make up for each other's area: what is wrong is that it crosses itself.
    if (fault === "zero-area") return crossingFault([ring], []) ?? fault;
    if (fault !== null) return fault;
  }
  const touches: Touch[] = [];
  const fault = crossingFault(rings, touches);
  if (fault !== null) return fault;
  if (rings.length === 1) return null;
  return nestingFault(rings, touches) ?? interiorFault(rings.length, touches);
}

/** The same of several polygons that are one object: each is valid, and no two share more than points. */
export function polygonsFault(polygons: readonly Polygon[]): PolygonFault | null {
  for (const polygon of polygons) {
    const fault = polygonFault(polygon);
    if (fault !== null) return fault;
  }
  if (polygons.length < 2) return null;
  const touches: Touch[] = [];
  const rings = polygons.flatMap(({ outer, holes }) => [outer, ...holes]);
  const crossing = crossingFault(rings, touches);
  // A ring that meets itself was found above: what crosses here belongs to two polygons.
  if (crossing !== null) return crossing === "too-complex" ? crossing : "parts-overlap";
  return partsFault(polygons, touches);
}

/** Hundredths of a pixel, points that rounding makes one taken once. */
export function toHundredths(ring: Ring): number[] {
  const rounded: number[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    const x = Math.round(ring[i]! * 100);
    const y = Math.round(ring[i + 1]! * 100);
    const end = rounded.length;
    if (end === 0 || x !== rounded[end - 2] || y !== rounded[end - 1]) rounded.push(x, y);
  }
  while (
    rounded.length > 2 &&
    rounded[0] === rounded[rounded.length - 2] &&
    rounded[1] === rounded[rounded.length - 1]
  ) {
    rounded.length -= 2;
  }
  return rounded;
}

/** The first fault of a polygon after its coordinates are rounded to 0.01, as QuPath reads it. */
export function roundedFault({ outer, holes }: Polygon): PolygonFault | null {
  const ring = toHundredths(outer);
  if (holes.length === 0 && isStar(ring)) return null;
  return polygonFault({ outer: ring, holes: holes.map(toHundredths) });
}

/** Boxes of whole coordinates up to so wide and high have exact cross products. */
const STAR_EXTENT = 2 ** 25;

/**
 * Whether every edge of a ring of whole coordinates turns the same way around the middle of its box,
 * and all of them once: then the ring is simple, and most nuclei are so. False says nothing.
 */
function isStar(ring: Ring): boolean {
  const n = ring.length;
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  for (let i = 0; i < n; i += 2) {
    const x = ring[i]!;
    const y = ring[i + 1]!;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  if (!(x1 - x0 < STAR_EXTENT && y1 - y0 < STAR_EXTENT)) return false;
  const cx = x0 + Math.floor((x1 - x0) / 2);
  const cy = y0 + Math.floor((y1 - y0) / 2);
  let ax = ring[n - 2]! - cx;
  let ay = ring[n - 1]! - cy;
  let turn = 0;
  let rounds = 0;
  for (let i = 0; i < n; i += 2) {
    const bx = ring[i]! - cx;
    const by = ring[i + 1]! - cy;
    const way = Math.sign(ax * by - ay * bx);
    if (turn === 0) turn = way;
    // Also where it is no number.
    if (way === 0 || way !== turn) return false;
    // Each round passes upwards, or downwards, through the line to the right of the middle once.
    if (ay < 0 !== by < 0 && by < 0 === turn < 0) rounds++;
    ax = bx;
    ay = by;
  }
  return rounds === 1;
}

/** Whether a polygon is OGC-valid after its coordinates are rounded to 0.01. */
export function isValidPolygon(polygon: Polygon): boolean {
  return roundedFault(polygon) === null;
}

function ringFault(ring: Ring): PolygonFault | null {
  const n = ring.length / 2;
  for (const value of ring) if (!Number.isFinite(value)) return "not-finite";
  if (n < 3) return "too-few-points";
  let px = ring[2 * n - 2]!;
  let py = ring[2 * n - 1]!;
  let twice = 0;
  for (let i = 0; i < n; i++) {
    const x = ring[2 * i]!;
    const y = ring[2 * i + 1]!;
    if (x === px && y === py) return "repeated-point";
    const k = i + 1 < n ? i + 1 : 0;
    const nx = ring[2 * k]!;
    const ny = ring[2 * k + 1]!;
    const cross = (x - px) * (ny - y) - (y - py) * (nx - x);
    if (cross === 0 && (x - px) * (nx - x) + (y - py) * (ny - y) < 0) return "spike";
    twice += (px - ring[0]!) * (y - ring[1]!) - (x - ring[0]!) * (py - ring[1]!);
    px = x;
    py = y;
  }
  return twice === 0 ? "zero-area" : null;
}

/** Whether any part of `ring` lies on the given side of `other`, knowing that the two do not cross. */
function liesOn(ring: Ring, other: Ring, wanted: 1 | -1, touching: boolean): boolean {
  if (!touching) return locateInRing(other, ring[0]!, ring[1]!) === wanted;
  const n = ring.length;
  for (let i = 0; i < n; i += 2) {
    const [x, y] = [ring[i]!, ring[i + 1]!];
    if (locateInRing(other, x, y) === wanted) return true;
    const [mx, my] = [(x + ring[(i + 2) % n]!) / 2, (y + ring[(i + 3) % n]!) / 2];
    if (locateInRing(other, mx, my) === wanted) return true;
  }
  return false;
}

function nestingFault(rings: readonly Ring[], touches: readonly Touch[]): PolygonFault | null {
  const [outer, ...holes] = rings as readonly [Ring, ...Ring[]];
  const touching = new Set(touches.map(({ ringA, ringB }) => pairKey(ringA, ringB)));
  let steps = 0;
  for (const [i, hole] of holes.entries()) {
    steps += outer.length / 2;
    if (steps > MOST_STEPS) return "too-complex";
    if (liesOn(hole, outer, -1, touching.has(pairKey(i + 1, 0)))) return "hole-outside";
  }
  const boxes = holes.map(ringBox);
  let fault: PolygonFault | null = null;
  meetingBoxes(boxes, (a, b) => {
    for (const [inner, other] of [
      [a, b],
      [b, a],
    ] as const) {
      if (!holds(boxes[other]!, boxes[inner]!)) continue;
      steps += holes[other]!.length / 2;
      if (steps > MOST_STEPS) fault = "too-complex";
      else if (liesOn(holes[inner]!, holes[other]!, 1, touching.has(pairKey(a + 1, b + 1)))) {
        fault = "nested-holes";
      }
      if (fault !== null) return false;
    }
    return true;
  });
  return fault;
}

/** Of valid polygons whose rings do not cross: whether one lies inside another, other than in its hole. */
function partsFault(polygons: readonly Polygon[], touches: readonly Touch[]): PolygonFault | null {
  const touching = new Set(touches.map(({ ringA, ringB }) => pairKey(ringA, ringB)));
  const firstRing: number[] = [];
  let rings = 0;
  for (const { holes } of polygons) {
    firstRing.push(rings);
    rings += 1 + holes.length;
  }
  const boxes = polygons.map(({ outer }) => ringBox(outer));
  let steps = 0;
  let fault: PolygonFault | null = null;
  const isIn = (inner: number, ring: Ring, number: number): boolean => {
    steps += ring.length / 2;
    return liesOn(
      polygons[inner]!.outer,
      ring,
      1,
      touching.has(pairKey(firstRing[inner]!, number)),
    );
  };
  meetingBoxes(boxes, (a, b) => {
    for (const [inner, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { outer, holes } = polygons[other]!;
      const first = firstRing[other]!;
      if (!holds(boxes[other]!, boxes[inner]!) || !isIn(inner, outer, first)) continue;
      if (!holes.some((hole, h) => isIn(inner, hole, first + 1 + h))) fault = "parts-overlap";
      if (steps > MOST_STEPS) fault = "too-complex";
      if (fault !== null) return false;
    }
    return true;
  });
  return fault;
}

/** Calls `look` for each pair of boxes that meet, a before b, until it returns false. */
function meetingBoxes(boxes: readonly Box[], look: (a: number, b: number) => boolean): void {
  if (boxes.length < 2) return;
  const index = new Flatbush(boxes.length);
  for (const { x, y, width, height } of boxes) index.add(x, y, x + width, y + height);
  index.finish();
  let going = true;
  for (let a = 0; a < boxes.length && going; a++) {
    const { x, y, width, height } = boxes[a]!;
    index.search(x, y, x + width, y + height, (b) => {
      if (going && b > a) going = look(a, b);
      return false;
    });
  }
}

function holds(a: Box, b: Box): boolean {
  return (
    a.x <= b.x && a.y <= b.y && a.x + a.width >= b.x + b.width && a.y + a.height >= b.y + b.height
  );
}

/** The same number for either order of two rings. */
function pairKey(a: number, b: number): number {
  return Math.max(a, b) * 2 ** 26 + Math.min(a, b);
}

/**
 * Rings that touch in points leave the interior in one piece exactly while rings and touching
 * points, taken as the two kinds of nodes of a graph, make no cycle.
 */
function interiorFault(rings: number, touches: readonly Touch[]): PolygonFault | null {
  const nodes = new Map<string, number>();
  const links = new Set<string>();
  const parent = Array.from({ length: rings }, (_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    return root;
  };
  for (const { ringA, ringB, x, y } of touches) {
    const key = `${x},${y}`;
    let node = nodes.get(key);
    if (node === undefined) {
      node = parent.length;
      nodes.set(key, node);
      parent.push(node);
    }
    for (const ring of [ringA, ringB]) {
      const link = `${ring}@${node}`;
      if (links.has(link)) continue;
      links.add(link);
      const [a, b] = [find(ring), find(node)];
      if (a === b) return "split-interior";
      parent[a] = b;
    }
  }
  return null;
}
