import Flatbush from "flatbush";
import type { Ring } from "../geometry.ts";
import { between, side } from "../planar.ts";
import { mostEdgePairs } from "../ring-crossings.ts";

/** A straight edge, and how often each ring runs along it: a ring of an even number is not there. */
export interface NodedEdge {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
  readonly rings: readonly number[];
}

/** Edge of a ring on its way: from (ax, ay) to (bx, by). */
type RawEdge = readonly [ax: number, ay: number, bx: number, by: number, ring: number];

/** Rounding a crossing moves edges a little, which may make new crossings; seldom twice. */
const MOST_ROUNDS = 24;

/**
 * Cuts the edges of rings where they meet, at whole coordinates: no two of the result share more than
 * an end. Edges that lie on each other become one, and such as cancel out for every ring go.
 *
 * Whole coordinates in and out; a crossing is rounded to the nearest, as snap rounding does (Hobby
 * 1999; here repeated until nothing crosses). Null where that takes too many edges or rounds.
 */
export function nodedEdges(rings: readonly Ring[]): NodedEdge[] | null {
  let edges = rings.flatMap((ring, r) => rawEdges(ring, r));
  const looked = { pairs: 0 };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const cuts = cutsOf(edges, looked);
    if (cuts === null) return null;
    if (cuts.size === 0) return united(edges);
    edges = edges.flatMap((edge, e) => cutEdge(edge, cuts.get(e) ?? []));
  }
  return null;
}

function rawEdges(ring: Ring, number: number): RawEdge[] {
  const edges: RawEdge[] = [];
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const [ax, ay, bx, by] = [ring[j]!, ring[j + 1]!, ring[i]!, ring[i + 1]!];
    if (ax !== bx || ay !== by) edges.push([ax, ay, bx, by, number]);
  }
  return edges;
}

/** Points at which edges are to be cut, by edge; null where there are too many pairs. */
function cutsOf(
  edges: readonly RawEdge[],
  looked: { pairs: number },
): Map<number, [number, number][]> | null {
  const cuts = new Map<number, [number, number][]>();
  if (edges.length === 0) return cuts;
  const cut = (e: number, x: number, y: number): void => {
    const [ax, ay, bx, by] = edges[e]!;
    if ((x === ax && y === ay) || (x === bx && y === by)) return;
    const list = cuts.get(e);
    if (list === undefined) cuts.set(e, [[x, y]]);
    else list.push([x, y]);
  };
  const index = new Flatbush(edges.length);
  for (const [ax, ay, bx, by] of edges) {
    index.add(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
  }
  index.finish();
  const most = mostEdgePairs(edges.length);
  for (const [e, [ax, ay, bx, by]] of edges.entries()) {
    index.search(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by), (f) => {
      if (f > e && ++looked.pairs <= most) cutPair(edges, e, f, cut);
      return false;
    });
    if (looked.pairs > most) return null;
  }
  return cuts;
}

function cutPair(
  edges: readonly RawEdge[],
  e: number,
  f: number,
  cut: (edge: number, x: number, y: number) => void,
): void {
  const [ax, ay, bx, by] = edges[e]!;
  const [px, py, qx, qy] = edges[f]!;
  const p = side(ax, ay, bx, by, px, py);
  const q = side(ax, ay, bx, by, qx, qy);
  if ((p > 0 && q > 0) || (p < 0 && q < 0)) return;
  const a = side(px, py, qx, qy, ax, ay);
  const b = side(px, py, qx, qy, bx, by);
  if ((a > 0 && b > 0) || (a < 0 && b < 0)) return;
  if (p === 0 && between(ax, ay, bx, by, px, py)) cut(e, px, py);
  if (q === 0 && between(ax, ay, bx, by, qx, qy)) cut(e, qx, qy);
  if (a === 0 && between(px, py, qx, qy, ax, ay)) cut(f, ax, ay);
  if (b === 0 && between(px, py, qx, qy, bx, by)) cut(f, bx, by);
  if (p === 0 || q === 0 || a === 0 || b === 0) return;
  const t = a / (a - b);
  const x = Math.round(ax + t * (bx - ax));
  const y = Math.round(ay + t * (by - ay));
  cut(e, x, y);
  cut(f, x, y);
}

function cutEdge(edge: RawEdge, points: readonly (readonly [number, number])[]): RawEdge[] {
  if (points.length === 0) return [edge];
  const [ax, ay, bx, by, ring] = edge;
  const along = ([x, y]: readonly [number, number]): number =>
    (x - ax) * (bx - ax) + (y - ay) * (by - ay);
  const stops = [...points].sort((p, q) => along(p) - along(q));
  const pieces: RawEdge[] = [];
  let [x, y] = [ax, ay];
  for (const [u, v] of [...stops, [bx, by] as const]) {
    if (u !== x || v !== y) pieces.push([x, y, u, v, ring]);
    [x, y] = [u, v];
  }
  return pieces;
}

function united(edges: readonly RawEdge[]): NodedEdge[] {
  const byPlace = new Map<string, { edge: RawEdge; rings: Set<number> }>();
  for (const [ax, ay, bx, by, ring] of edges) {
    const forwards = ax < bx || (ax === bx && ay < by);
    const edge: RawEdge = forwards ? [ax, ay, bx, by, ring] : [bx, by, ax, ay, ring];
    const key = edge.slice(0, 4).join(",");
    const known = byPlace.get(key);
    if (known === undefined) byPlace.set(key, { edge, rings: new Set([ring]) });
    else if (!known.rings.delete(ring)) known.rings.add(ring);
  }
  const kept = [...byPlace.values()].filter(({ rings }) => rings.size > 0);
  return kept.map(({ edge: [ax, ay, bx, by], rings }) => ({ ax, ay, bx, by, rings: [...rings] }));
}
