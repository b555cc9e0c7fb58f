import { type Point, type Polygon, type Ring, ringArea } from "../geometry.ts";
import { locateInRing } from "../planar.ts";

/** Length of all rings when a pixel is `mppX` × `mppY` µm, in µm. */
export function perimeterUm(rings: readonly Ring[], mppX: number, mppY: number): number {
  let length = 0;
  for (const ring of rings) {
    const n = ring.length;
    for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
      const dx = (ring[i]! - ring[j]!) * mppX;
      const dy = (ring[i + 1]! - ring[j + 1]!) * mppY;
      length += Math.sqrt(dx * dx + dy * dy);
    }
  }
  return length;
}

/**
 * 4π·area / perimeter² of the outer ring alone, 0..1, as QuPath measures a shape with holes.
 */
export function circularityOf(polygon: Polygon, mppX: number, mppY: number): number {
  const area = Math.abs(ringArea(polygon.outer)) * mppX * mppY;
  return circularity(area, perimeterUm([polygon.outer], mppX, mppY));
}

/** The same of an area and a perimeter of one unit. */
export function circularity(area: number, perimeter: number): number {
  return Math.min(1, (4 * Math.PI * area) / (perimeter * perimeter));
}

/**
 * A point inside the polygon, in its frame: its centroid where that lies inside, else the middle of
 * the widest stretch of a horizontal line through it.
 */
export function innerPoint(polygon: Polygon): Point {
  const centroid = polygonCentroid(polygon);
  if (stretchAround(polygon, centroid)) return roundInside(polygon, centroid);
  let best: { point: Point; width: number } | null = null;
  const ys = levelsOf(polygon.outer, centroid.y);
  for (const y of ys) {
    const crossings = crossingsAt(polygon, y);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const width = crossings[i + 1]! - crossings[i]!;
      if (best !== null && width <= best.width) continue;
      best = { point: { x: (crossings[i]! + crossings[i + 1]!) / 2, y }, width };
    }
  }
  return roundInside(polygon, best?.point ?? centroid);
}

/** Whether the point lies well inside its row. */
function stretchAround(polygon: Polygon, { x, y }: Point): boolean {
  const crossings = crossingsAt(polygon, y);
  for (let i = 0; i + 1 < crossings.length; i += 2) {
    if (x > crossings[i]! + 0.05 && x < crossings[i + 1]! - 0.05) return true;
  }
  return false;
}

/** Sorted x where the line at y crosses the rings; between an even one and the next lies the inside. */
function crossingsAt(polygon: Polygon, y: number): number[] {
  const crossings: number[] = [];
  addCrossings(polygon.outer, y, crossings);
  for (const hole of polygon.holes) addCrossings(hole, y, crossings);
  // Most lines cross a nucleus twice: no sort to call.
  if (crossings.length !== 2) return crossings.sort((a, b) => a - b);
  return crossings[0]! > crossings[1]! ? crossings.reverse() : crossings;
}

function addCrossings(ring: Ring, y: number, crossings: number[]): void {
  const n = ring.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const ay = ring[j + 1]!;
    const by = ring[i + 1]!;
    if (ay > y === by > y) continue;
    crossings.push(ring[j]! + ((y - ay) / (by - ay)) * (ring[i]! - ring[j]!));
  }
}

/** Heights to try: the centroid's and seven others, evenly over the ring. */
function levelsOf(ring: Ring, y: number): number[] {
  let top = ring[1]!;
  let bottom = top;
  for (let i = 3; i < ring.length; i += 2) {
    top = Math.min(top, ring[i]!);
    bottom = Math.max(bottom, ring[i]!);
  }
  return [y, ...[4, 3, 5, 2, 6, 1, 7].map((eighth) => top + ((bottom - top) * eighth) / 8)];
}

function polygonCentroid(polygon: Polygon): Point {
  // Relative to the first point: at slide coordinates the products would eat up the digits.
  const x0 = polygon.outer[0]!;
  const y0 = polygon.outer[1]!;
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  for (const ring of [polygon.outer, ...polygon.holes]) {
    const n = ring.length;
    for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
      const ax = ring[j]! - x0;
      const ay = ring[j + 1]! - y0;
      const bx = ring[i]! - x0;
      const by = ring[i + 1]! - y0;
      const cross = ax * by - bx * ay;
      area += cross;
      sumX += (ax + bx) * cross;
      sumY += (ay + by) * cross;
    }
  }
  return { x: x0 + sumX / (3 * area), y: y0 + sumY / (3 * area) };
}

/** Rounds to 0.01 where the point does not leave the inside by it: an object may be a few hundredths wide. */
function roundInside({ outer, holes }: Polygon, { x, y }: Point): Point {
  const rounded = { x: Math.round(x * 100) / 100, y: Math.round(y * 100) / 100 };
  const inside =
    locateInRing(outer, rounded.x, rounded.y) === 1 &&
    holes.every((hole) => locateInRing(hole, rounded.x, rounded.y) === -1);
  return inside ? rounded : { x, y };
}
