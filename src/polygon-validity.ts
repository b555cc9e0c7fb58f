import type { Polygon, Ring } from "./geometry.ts";

/**
 * What makes a polygon invalid by the OGC's Simple Features (ISO 19125-1), one word a rule.
 *
 * `repeated-point` alone is not forbidden there; it is refused because readers that drop it disagree on ids.
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
  | "split-interior";

/** Up to this many edges every pair is looked at; above, a sweep along x comes first. */
const BRUTE_FORCE_EDGES = 64;

/** Edges of all rings, in flat arrays: edge e runs from (ax, ay) to (bx, by) and belongs to ring[e]. */
interface Edges {
  readonly count: number;
  readonly ax: Float64Array;
  readonly ay: Float64Array;
  readonly bx: Float64Array;
  readonly by: Float64Array;
  readonly ring: Int32Array;
  /** First edge of every ring, with one more entry at the end. */
  readonly ringStart: Int32Array;
}

/** A point that two different rings share. */
interface Touch {
  readonly ringA: number;
  readonly ringB: number;
  readonly x: number;
  readonly y: number;
}

/**
 * The first fault of a polygon taken at its own coordinates, or null where it is OGC-valid.
 *
 * Exact for integer coordinates up to 2^25: give hundredths of a pixel as integers (see
 * {@link roundedFault}). Rings do not repeat their first point.
 */
export function polygonFault(polygon: Polygon): PolygonFault | null {
  const rings = [polygon.outer, ...polygon.holes];
  for (const ring of rings) {
    const fault = ringFault(ring);
    if (fault !== null) return fault;
  }
  const edges = edgesOf(rings);
  const touches: Touch[] = [];
  const fault = crossings(edges, touches);
  if (fault !== null) return fault;
  if (rings.length === 1) return null;
  return nestingFault(rings, touches) ?? interiorFault(rings.length, touches);
}

/** The first fault of a polygon after its coordinates are rounded to 0.01, as QuPath reads it. */
export function roundedFault(polygon: Polygon): PolygonFault | null {
  const hundredths = (ring: Ring): number[] => {
    const rounded: number[] = [];
    for (let i = 0; i < ring.length; i += 2) {
      const x = Math.round(ring[i]! * 100);
      const y = Math.round(ring[i + 1]! * 100);
      const end = rounded.length;
      // Points that rounding makes one are one point.
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
  };
  return polygonFault({ outer: hundredths(polygon.outer), holes: polygon.holes.map(hundredths) });
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

function edgesOf(rings: readonly Ring[]): Edges {
  const count = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  const [ax, ay] = [new Float64Array(count), new Float64Array(count)];
  const [bx, by] = [new Float64Array(count), new Float64Array(count)];
  const ring = new Int32Array(count);
  const ringStart = new Int32Array(rings.length + 1);
  let e = 0;
  rings.forEach((points, r) => {
    ringStart[r] = e;
    const n = points.length;
    for (let i = 0; i < n; i += 2, e++) {
      ax[e] = points[i]!;
      ay[e] = points[i + 1]!;
      bx[e] = points[(i + 2) % n]!;
      by[e] = points[(i + 3) % n]!;
      ring[e] = r;
    }
  });
  ringStart[rings.length] = count;
  return { count, ax, ay, bx, by, ring, ringStart };
}

function crossings(edges: Edges, touches: Touch[]): PolygonFault | null {
  const { count, ax, bx } = edges;
  if (count <= BRUTE_FORCE_EDGES) {
    for (let e = 0; e < count; e++) {
      for (let f = e + 1; f < count; f++) {
        const fault = edgePairFault(edges, e, f, touches);
        if (fault !== null) return fault;
      }
    }
    return null;
  }
  const left = new Float64Array(count).map((_, e) => Math.min(ax[e]!, bx[e]!));
  const order = Array.from({ length: count }, (_, e) => e).sort((e, f) => left[e]! - left[f]!);
  for (let i = 0; i < count; i++) {
    const e = order[i]!;
    const right = Math.max(ax[e]!, bx[e]!);
    for (let k = i + 1; k < count && left[order[k]!]! <= right; k++) {
      const fault = edgePairFault(edges, e, order[k]!, touches);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function edgePairFault(edges: Edges, e: number, f: number, touches: Touch[]): PolygonFault | null {
  const { ring, ringStart } = edges;
  const eay = edges.ay[e]!;
  const eby = edges.by[e]!;
  const fay = edges.ay[f]!;
  const fby = edges.by[f]!;
  if (Math.max(eay, eby) < Math.min(fay, fby) || Math.max(fay, fby) < Math.min(eay, eby))
    return null;
  const eax = edges.ax[e]!;
  const ebx = edges.bx[e]!;
  const fax = edges.ax[f]!;
  const fbx = edges.bx[f]!;
  if (Math.max(eax, ebx) < Math.min(fax, fbx) || Math.max(fax, fbx) < Math.min(eax, ebx))
    return null;
  const same = ring[e] === ring[f];
  if (same) {
    // Neighbours along a ring share one point and nothing else: spikes are found beforehand.
    const gap = Math.abs(e - f);
    const size = ringStart[ring[e]! + 1]! - ringStart[ring[e]!]!;
    if (gap === 1 || gap === size - 1) return null;
  }
  const d1 = side(eax, eay, ebx, eby, fax, fay);
  const d2 = side(eax, eay, ebx, eby, fbx, fby);
  if ((d1 > 0 && d2 > 0) || (d1 < 0 && d2 < 0)) return null;
  const d3 = side(fax, fay, fbx, fby, eax, eay);
  const d4 = side(fax, fay, fbx, fby, ebx, eby);
  if ((d3 > 0 && d4 > 0) || (d3 < 0 && d4 < 0)) return null;
  const crosses = d1 !== 0 && d2 !== 0 && d3 !== 0 && d4 !== 0;
  if (same) return "self-intersection";
  if (crosses) return "rings-cross";
  const [ringA, ringB] = [ring[e]!, ring[f]!];
  const found: [number, number][] = [];
  if (d1 === 0 && between(eax, eay, ebx, eby, fax, fay)) found.push([fax, fay]);
  if (d2 === 0 && between(eax, eay, ebx, eby, fbx, fby)) found.push([fbx, fby]);
  if (d3 === 0 && between(fax, fay, fbx, fby, eax, eay)) found.push([eax, eay]);
  if (d4 === 0 && between(fax, fay, fbx, fby, ebx, eby)) found.push([ebx, eby]);
  for (const [x, y] of found) {
    // Two different shared points of two straight edges are a shared stretch.
    if (x !== found[0]![0] || y !== found[0]![1]) return "rings-cross";
    touches.push({ ringA, ringB, x, y });
  }
  return null;
}

/** Which side of the line a→b the point p lies on: the sign of the doubled triangle area. */
function side(ax: number, ay: number, bx: number, by: number, px: number, py: number): number {
  return (bx - ax) * (py - ay) - (by - ay) * (px - ax);
}

function between(ax: number, ay: number, bx: number, by: number, px: number, py: number): boolean {
  return (
    px >= Math.min(ax, bx) &&
    px <= Math.max(ax, bx) &&
    py >= Math.min(ay, by) &&
    py <= Math.max(ay, by)
  );
}

/** Where a point lies: 1 inside the ring, 0 on it, −1 outside. */
export function locateInRing(ring: Ring, x: number, y: number): 1 | 0 | -1 {
  let inside = false;
  const n = ring.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const ax = ring[j]!;
    const ay = ring[j + 1]!;
    const bx = ring[i]!;
    const by = ring[i + 1]!;
    if (ay > y !== by > y) {
      const d = side(ax, ay, bx, by, x, y);
      if (d === 0) return 0;
      if (d > 0 === by > ay) inside = !inside;
    } else if (side(ax, ay, bx, by, x, y) === 0 && between(ax, ay, bx, by, x, y)) {
      return 0;
    }
  }
  return inside ? 1 : -1;
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
  const touching = new Set(
    touches.flatMap((t) => [`${t.ringA},${t.ringB}`, `${t.ringB},${t.ringA}`]),
  );
  const boxes = rings.map(boundsOf);
  for (let h = 1; h < rings.length; h++) {
    if (liesOn(rings[h]!, rings[0]!, -1, touching.has(`${h},0`))) return "hole-outside";
    for (let k = 1; k < rings.length; k++) {
      if (k === h || !contains(boxes[k]!, boxes[h]!)) continue;
      if (liesOn(rings[h]!, rings[k]!, 1, touching.has(`${h},${k}`))) return "nested-holes";
    }
  }
  return null;
}

type Bounds = readonly [x0: number, y0: number, x1: number, y1: number];

function boundsOf(ring: Ring): Bounds {
  let [x0, y0, x1, y1] = [ring[0]!, ring[1]!, ring[0]!, ring[1]!];
  for (let i = 2; i < ring.length; i += 2) {
    x0 = Math.min(x0, ring[i]!);
    x1 = Math.max(x1, ring[i]!);
    y0 = Math.min(y0, ring[i + 1]!);
    y1 = Math.max(y1, ring[i + 1]!);
  }
  return [x0, y0, x1, y1];
}

function contains(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[0] && a[1] <= b[1] && a[2] >= b[2] && a[3] >= b[3];
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
