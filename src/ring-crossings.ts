import Flatbush from "flatbush";
import type { Ring } from "./geometry.ts";
import { between, side } from "./planar.ts";

/** A point that two different rings share. */
export interface Touch {
  readonly ringA: number;
  readonly ringB: number;
  readonly x: number;
  readonly y: number;
}

/** How rings may meet that must not. `too-complex`: more pairs of edges lie close than are looked at. */
export type CrossingFault = "self-intersection" | "rings-cross" | "too-complex";

/** Up to this many edges every pair is looked at; above, those whose boxes meet. */
const BRUTE_FORCE_EDGES = 64;

/** So many pairs of edges whose boxes meet are looked at, of that many edges: a few seconds. */
export function mostEdgePairs(edges: number): number {
  return Math.max(2_000_000, 8 * edges);
}

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

/**
 * The first place where a ring meets itself or two rings cross or share a stretch, or null; the
 * points in which different rings touch are added to `touches`.
 *
 * Exact for whole coordinates (see {@link side}). Rings do not repeat their first point.
 */
export function crossingFault(rings: readonly Ring[], touches: Touch[]): CrossingFault | null {
  const edges = edgesOf(rings);
  const { count, ax, ay, bx, by } = edges;
  if (count <= BRUTE_FORCE_EDGES) {
    for (let e = 0; e < count; e++) {
      for (let f = e + 1; f < count; f++) {
        const fault = edgePairFault(edges, e, f, touches);
        if (fault !== null) return fault;
      }
    }
    return null;
  }
  const index = new Flatbush(count);
  for (let e = 0; e < count; e++) {
    index.add(
      Math.min(ax[e]!, bx[e]!),
      Math.min(ay[e]!, by[e]!),
      Math.max(ax[e]!, bx[e]!),
      Math.max(ay[e]!, by[e]!),
    );
  }
  index.finish();
  const most = mostEdgePairs(count);
  let pairs = 0;
  let found: CrossingFault | null = null;
  for (let e = 0; e < count && found === null; e++) {
    const look = (f: number): boolean => {
      if (f <= e || found !== null) return false;
      if (++pairs > most) found = "too-complex";
      else found = edgePairFault(edges, e, f, touches);
      return false;
    };
    index.search(
      Math.min(ax[e]!, bx[e]!),
      Math.min(ay[e]!, by[e]!),
      Math.max(ax[e]!, bx[e]!),
      Math.max(ay[e]!, by[e]!),
      look,
    );
  }
  return found;
}

function edgesOf(rings: readonly Ring[]): Edges {
  const count = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  const [ax, ay] = [new Float64Array(count), new Float64Array(count)];
  const [bx, by] = [new Float64Array(count), new Float64Array(count)];
  const ring = new Int32Array(count);
  const ringStart = new Int32Array(rings.length + 1);
  let e = 0;
  for (let r = 0; r < rings.length; r++) {
    const points = rings[r]!;
    ringStart[r] = e;
    const n = points.length;
    for (let i = 0; i < n; i += 2, e++) {
      const k = i + 2 < n ? i + 2 : 0;
      ax[e] = points[i]!;
      ay[e] = points[i + 1]!;
      bx[e] = points[k]!;
      by[e] = points[k + 1]!;
      ring[e] = r;
    }
  }
  ringStart[rings.length] = count;
  return { count, ax, ay, bx, by, ring, ringStart };
}

function edgePairFault(edges: Edges, e: number, f: number, touches: Touch[]): CrossingFault | null {
  const { ring, ringStart } = edges;
  const eay = edges.ay[e]!;
  const eby = edges.by[e]!;
  const fay = edges.ay[f]!;
  const fby = edges.by[f]!;
  if (eay > eby ? fay > eay && fby > eay : fay > eby && fby > eby) return null;
  if (eay < eby ? fay < eay && fby < eay : fay < eby && fby < eby) return null;
  const eax = edges.ax[e]!;
  const ebx = edges.bx[e]!;
  const fax = edges.ax[f]!;
  const fbx = edges.bx[f]!;
  if (eax > ebx ? fax > eax && fbx > eax : fax > ebx && fbx > ebx) return null;
  if (eax < ebx ? fax < eax && fbx < eax : fax < ebx && fbx < ebx) return null;
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
