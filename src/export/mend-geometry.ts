import { type Polygon, type Ring, ringArea } from "../geometry.ts";
import { polygonsFault, toHundredths } from "../polygon-validity.ts";
import { checkGeometry, GEOMETRY_DEPTH, isPlane, leastPositions } from "./check-geometry.ts";
import { type CheckRule, isObject, show } from "./check-rules.ts";
import { mendPolygons } from "./mend-polygons.ts";

type Json = Readonly<Record<string, unknown>>;

/** Says what was done, by the rule that was broken. */
export type Tell = (rule: CheckRule, done: string) => void;

/**
 * A geometry that QuPath reads, as near to the given one as can be, or null where none can be made
 * of it. What already passes comes back as it is.
 */
export function mendGeometry(geometry: Json, tell: Tell): Json | null {
  let clean = true;
  checkGeometry(geometry, () => {
    clean = false;
  });
  if (clean) return geometry;
  const { type, coordinates, plane, isEllipse, ...others } = geometry;
  if (type === "GeometryCollection") return mendCollection(geometry, tell);
  const depth = typeof type === "string" ? GEOMETRY_DEPTH[type] : undefined;
  if (depth === undefined || !Array.isArray(coordinates)) return null;
  const kept: Record<string, unknown> = { type, ...others };
  if (isPlane(plane)) kept.plane = plane;
  else if ("plane" in geometry) tell("plane", `left out the plane ${show(plane)}`);
  if (isEllipse === true && type === "Polygon") kept.isEllipse = true;
  else if ("isEllipse" in geometry && isEllipse !== false) {
    tell("ellipse", `left out isEllipse ${show(isEllipse)}`);
  }
  const texts = { read: 0 };
  const numbers = withNumbers(coordinates, depth, texts);
  if (numbers === null) return null;
  if (texts.read > 0) tell("coordinates", `read ${texts.read} coordinates written as text`);
  if (type !== "Polygon" && type !== "MultiPolygon") return { ...kept, coordinates: numbers };
  const parts = (type === "Polygon" ? [numbers] : numbers) as number[][][][];
  const polygons = polygonsOf(parts, tell);
  if (polygons === null) return null;
  return toGeometry(kept, type, polygons);
}

function mendCollection({ geometries, plane }: Json, tell: Tell): Json | null {
  if (!Array.isArray(geometries) || geometries.length === 0) return null;
  const parts = geometries.map((item) => (isObject(item) ? mendGeometry(item, tell) : null));
  const polygons: unknown[] = [];
  for (const part of parts) {
    if (part?.type === "Polygon") polygons.push(part.coordinates);
    else if (part?.type === "MultiPolygon") {
      for (const polygon of part.coordinates as unknown[]) polygons.push(polygon);
    } else if (part !== null && parts.length === 1) {
      tell("geometry", `took the ${show(part.type)} out of its GeometryCollection`);
      return part;
    } else return null;
  }
  tell("geometry", `made a MultiPolygon of a GeometryCollection of ${parts.length}`);
  const kept = isPlane(plane) ? { plane } : {};
  const joined = polygons.length === 1 ? polygons[0] : polygons;
  const type = polygons.length === 1 ? "Polygon" : "MultiPolygon";
  return mendGeometry({ type, coordinates: joined, ...kept }, tell);
}

/** The same positions, numbers that are written as text read; null where one is no number. */
function withNumbers(value: unknown, depth: number, texts: { read: number }): unknown[] | null {
  if (!Array.isArray(value) || (depth === 0 && value.length < 2)) return null;
  const items: unknown[] = [];
  for (const item of value) {
    let mended: unknown = item;
    if (depth > 0) mended = withNumbers(item, depth - 1, texts);
    else if (typeof item === "string" && item.trim() !== "") {
      mended = Number(item);
      texts.read++;
    }
    const good = depth > 0 ? mended !== null : Number.isFinite(mended);
    if (!good) return null;
    items.push(mended);
  }
  return items;
}

/** Closed, simple, separate: the polygons of parts of rings; null where nothing with an area is left. */
function polygonsOf(parts: readonly number[][][][], tell: Tell): Polygon[] | null {
  let [open, short, collapsed] = [0, 0, 0];
  const polygons: Polygon[] = [];
  for (const rings of parts) {
    const flat: Ring[] = [];
    for (const [r, ring] of rings.entries()) {
      const [first, last] = [ring[0], ring.at(-1)];
      // Points that are one after rounding are taken once, and the last is not the first again.
      const points = toHundredths(ring.flatMap(([x, y]) => [x!, y!])).map((value) => value / 100);
      const isOpen = ring.length > 0 && (first![0] !== last![0] || first![1] !== last![1]);
      if (ring.length < leastPositions(isOpen)) short++;
      else if (points.length < 6) collapsed++;
      else {
        flat.push(points);
        if (isOpen) open++;
      }
      if (r === 0 && flat.length === 0) break;
    }
    const [outer, ...holes] = flat;
    if (outer !== undefined) polygons.push({ outer, holes });
  }
  if (open > 0) tell("ring-closed", `closed ${open} ${open === 1 ? "ring" : "rings"}`);
  if (short > 0) tell("ring-points", `left out ${short} rings of fewer than three points`);
  if (collapsed > 0) {
    tell("polygon-area", `left out ${collapsed} rings of fewer than three points at 0.01 px`);
  }
  const rounded = polygons.map(({ outer, holes }) => ({
    outer: toHundredths(outer),
    holes: holes.map(toHundredths),
  }));
  const fault = polygonsFault(rounded);
  if (fault === null) return polygons.length > 0 ? polygons : null;
  const mended = mendPolygons(polygons);
  if (mended === null || mended.length === 0) return null;
  tell(
    fault === "zero-area" ? "polygon-area" : "polygon-valid",
    `put ${mended.length} valid ${mended.length === 1 ? "polygon" : "polygons"} for what was not valid (${fault})`,
  );
  return mended;
}

function toGeometry(
  kept: Readonly<Record<string, unknown>>,
  type: string,
  polygons: readonly Polygon[],
): Json | null {
  const coordinates = polygons.map(({ outer, holes }) => [
    closed(outer, 1),
    ...holes.map((hole) => closed(hole, -1)),
  ]);
  if (type === "Polygon" && coordinates.length === 1)
    return { ...kept, coordinates: coordinates[0] };
  // An ellipse is one polygon: of several its envelope would say nothing.
  const { isEllipse: _, ...others } = kept;
  return { ...others, type: "MultiPolygon", coordinates };
}

/** Closed positions, in the wanted direction: 1 clockwise on screen, −1 counter-clockwise. */
function closed(ring: Ring, direction: 1 | -1): number[][] {
  const points: number[][] = [];
  for (let i = 0; i < ring.length; i += 2) points.push([ring[i]!, ring[i + 1]!]);
  if (ringArea(ring) * direction < 0) points.reverse();
  return [...points, points[0]!];
}
