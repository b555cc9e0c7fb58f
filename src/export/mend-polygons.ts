import Flatbush from "flatbush";
import { type Polygon, polygonArea, type Ring, ringArea } from "../geometry.ts";
import { locateInRing, side } from "../planar.ts";
import { polygonsFault, toHundredths } from "../polygon-validity.ts";
import { mostEdgePairs } from "../ring-crossings.ts";
import { splitWalk } from "../split-walk.ts";
import { type NodedEdge, nodedEdges } from "./noded-edges.ts";

/** A piece below this share of the whole, and below a pixel, is what rounding left of a crossing. */
const SLIVER = 0.001;
/** A pixel, in square hundredths. */
const PIXEL = 10_000;

/**
 * The same area as valid polygons, at 0.01 px: rings that cross or touch themselves are taken apart,
 * parts that overlap united, holes cut out where they lie inside; largest first.
 *
 * What a ring encloses is told by the even-odd rule, each ring by itself: a polygon covers what its
 * outer ring encloses less what any hole does, and several cover what any of them covers. Pieces
 * that rounding leaves (under a pixel and a thousandth of the whole) are dropped. Empty where nothing
 * has an area; null where it is too complex to be mended.
 */
export function mendPolygons(polygons: readonly Polygon[]): Polygon[] | null {
  const rings: Ring[] = [];
  const parts = polygons.map(({ outer, holes }) => {
    const first = rings.push(toHundredths(outer)) - 1;
    for (const hole of holes) rings.push(toHundredths(hole));
    return { outer: first, end: rings.length };
  });
  const edges = nodedEdges(rings);
  if (edges === null) return null;
  const covers = (odd: ReadonlySet<number>): boolean =>
    parts.some(({ outer, end }) => {
      if (!odd.has(outer)) return false;
      for (let hole = outer + 1; hole < end; hole++) if (odd.has(hole)) return false;
      return true;
    });
  const border = borderOf(edges, covers);
  if (border === null) return null;
  const mended = withoutSlivers(assemble(walksOf(border)));
  if (polygonsFault(mended) !== null) return null;
  const toPixels = (ring: Ring): number[] => ring.map((value) => value / 100);
  return mended.map(({ outer, holes }) => ({
    outer: toPixels(outer),
    holes: holes.map(toPixels),
  }));
}

/** A border's edge with the inside on its right. */
type Directed = readonly [ax: number, ay: number, bx: number, by: number];

/** The edges that have the inside on one side only; null where there is too much to look at. */
function borderOf(
  edges: readonly NodedEdge[],
  covers: (odd: ReadonlySet<number>) => boolean,
): Directed[] | null {
  if (edges.length === 0) return [];
  const index = new Flatbush(edges.length);
  for (const { ax, ay, bx, by } of edges) {
    index.add(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
  }
  index.finish();
  const border: Directed[] = [];
  let looks = 0;
  for (const [e, edge] of edges.entries()) {
    const { ax, ay, bx, by } = edge;
    const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
    const flat = ay === by;
    // Rings met an odd number of times on the way out, to the right or, from a flat edge, downwards.
    const odd = new Set<number>();
    index.search(x, y, flat ? x : index.maxX, flat ? index.maxY : y, (f) => {
      looks++;
      const other = edges[f]!;
      if (f !== e && (flat ? isBelow(other, x, y) : isRightOf(other, x, y)))
        toggle(odd, other.rings);
      return false;
    });
    if (looks > 4 * mostEdgePairs(edges.length)) return null;
    const beyond = covers(odd);
    toggle(odd, edge.rings);
    if (covers(odd) === beyond) continue;
    // Ends are sorted by x, then y: a flat edge runs right, with what is below on its right; any other
    // runs right or down, with what is right of it on its left.
    const forwards = flat ? beyond : !beyond === by > ay;
    border.push(forwards ? [ax, ay, bx, by] : [bx, by, ax, ay]);
  }
  return border;
}

function toggle(set: Set<number>, members: readonly number[]): void {
  for (const member of members) if (!set.delete(member)) set.add(member);
}

/** Whether the way right from (x, y) meets the edge. */
function isRightOf({ ax, ay, bx, by }: NodedEdge, x: number, y: number): boolean {
  if (ay > y === by > y) return false;
  const d = side(ax, ay, bx, by, x, y);
  return d > 0 === by > ay;
}

/** Whether the way down from (x, y) meets the edge. */
function isBelow({ ax, ay, bx, by }: NodedEdge, x: number, y: number): boolean {
  if (ax > x === bx > x) return false;
  const d = side(ax, ay, bx, by, x, y);
  return d < 0 === bx > ax;
}

/** Joins edges into closed walks that turn right wherever they can: each goes around one piece. */
function walksOf(border: readonly Directed[]): number[][] {
  const from = new Map<string, number[]>();
  for (const [e, [ax, ay]] of border.entries()) {
    const key = `${ax},${ay}`;
    const list = from.get(key);
    if (list === undefined) from.set(key, [e]);
    else list.push(e);
  }
  const used = new Uint8Array(border.length);
  const walks: number[][] = [];
  for (let start = 0; start < border.length; start++) {
    if (used[start] === 1) continue;
    const walk: number[] = [];
    for (let e = start; used[e] === 0; ) {
      used[e] = 1;
      const [ax, ay, bx, by] = border[e]!;
      walk.push(ax, ay);
      let [best, bestTurn] = [start, -Infinity];
      for (const f of from.get(`${bx},${by}`) ?? []) {
        if (used[f] === 1 && f !== start) continue;
        const [, , cx, cy] = border[f]!;
        const [ux, uy, vx, vy] = [bx - ax, by - ay, cx - bx, cy - by];
        const turn = Math.atan2(ux * vy - uy * vx, ux * vx + uy * vy);
        if (turn > bestTurn) [best, bestTurn] = [f, turn];
      }
      e = best;
    }
    walks.push(walk);
  }
  return walks;
}

/** Puts rings together into polygons: a hole belongs to the smallest outer ring around it. */
function assemble(walks: readonly number[][]): Polygon[] {
  const rings = walks.flatMap(splitWalk).filter((ring) => ring.length >= 6);
  const outers = rings
    .filter((ring) => ringArea(ring) > 0)
    .sort((a, b) => ringArea(a) - ringArea(b))
    .map((outer) => ({ outer, holes: [] as Ring[] }));
  for (const hole of rings) {
    if (ringArea(hole) >= 0) continue;
    outers.find(({ outer }) => isAround(outer, hole))?.holes.push(hole);
  }
  return outers.reverse();
}

/** Whether a ring that does not cross another lies inside it; they may touch. */
function isAround(outer: Ring, ring: Ring): boolean {
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const corner = locateInRing(outer, ring[i]!, ring[i + 1]!);
    if (corner !== 0) return corner === 1;
    const [x, y] = [(ring[i]! + ring[j]!) / 2, (ring[i + 1]! + ring[j + 1]!) / 2];
    const middle = locateInRing(outer, x, y);
    if (middle !== 0) return middle === 1;
  }
  return false;
}

/** Drops slivers until none is left: a hole that is closed makes the whole larger, and others slivers of it. */
function withoutSlivers(polygons: readonly Polygon[]): Polygon[] {
  const whole = polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0);
  const isSliver = (ring: Ring): boolean => {
    const area = Math.abs(ringArea(ring));
    return area < PIXEL && area < SLIVER * whole;
  };
  const left = polygons
    .filter(({ outer }) => !isSliver(outer))
    .map(({ outer, holes }) => ({ outer, holes: holes.filter((hole) => !isSliver(hole)) }));
  const rings = (list: readonly Polygon[]): number =>
    list.reduce((sum, { holes }) => sum + 1 + holes.length, 0);
  return rings(left) === rings(polygons) ? left : withoutSlivers(left);
}
