import type { Polygon } from "../geometry.ts";
import { type PolygonFault, polygonsFault, toHundredths } from "../polygon-validity.ts";
import { type CheckRule, isObject, show } from "./check-rules.ts";

type Json = Readonly<Record<string, unknown>>;
type Report = (rule: CheckRule, message: string) => void;

/** How deep arrays lie around a position, by geometry type. */
export const GEOMETRY_DEPTH: Readonly<Record<string, number>> = {
  Point: 0,
  MultiPoint: 1,
  LineString: 1,
  MultiLineString: 2,
  Polygon: 2,
  MultiPolygon: 3,
};

/** Farther out, the 32-bit floats that QuPath keeps lie more than a pixel apart. */
export const FARTHEST_PX = 2 ** 24;

const IN_WORDS: Readonly<Record<PolygonFault, string>> = {
  "not-finite": "has a coordinate that is not finite",
  "too-few-points": "collapses to fewer than three points",
  "repeated-point": "repeats a point",
  spike: "runs out and back along a line",
  "zero-area": "has no area",
  "self-intersection": "crosses or touches itself",
  "rings-cross": "has rings that cross or share a stretch",
  "hole-outside": "has a hole outside its outer ring",
  "nested-holes": "has a hole inside a hole",
  "split-interior": "is cut in two by holes that touch",
  "parts-overlap": "has parts that overlap or share a stretch",
  "too-complex": "has too many edges close together to be looked at to the end",
};

/** Reports what keeps QuPath from reading a geometry as meant. */
export function checkGeometry(geometry: Json, report: Report): void {
  const { type, coordinates, plane, isEllipse } = geometry;
  if ("plane" in geometry && !isPlane(plane)) {
    report("plane", `its plane is ${show(plane)}; expected whole numbers c, z and t, or none`);
  }
  if ("isEllipse" in geometry && typeof isEllipse !== "boolean") {
    report("ellipse", `its isEllipse is ${show(isEllipse)}; expected true, or none`);
  } else if (isEllipse === true && type !== "Polygon") {
    report("ellipse", `its ${show(type)} has isEllipse; expected that of a Polygon only`);
  }
  const depth = typeof type === "string" ? GEOMETRY_DEPTH[type] : undefined;
  if (depth === undefined) {
    report("geometry", `its geometry is of type ${show(type)}; expected Polygon or MultiPolygon`);
    return;
  }
  if (!Array.isArray(coordinates)) {
    report("geometry", `its ${type} has coordinates ${show(coordinates)}; expected an array`);
    return;
  }
  if (!positionsAre(coordinates, depth, Number.isFinite)) {
    report("coordinates", `its ${type} has a position that is not two finite numbers`);
    return;
  }
  if (!positionsAre(coordinates, depth, (value) => Math.abs(value) <= FARTHEST_PX)) {
    const message = `its ${type} has a position beyond ±${FARTHEST_PX} px; expected level-0 pixels`;
    report("coordinate-range", message);
    return;
  }
  if (type === "Polygon") checkPolygons([coordinates as number[][][]], report);
  if (type === "MultiPolygon") checkPolygons(coordinates as number[][][][], report);
}

export function isPlane(value: unknown): boolean {
  return (
    isObject(value) &&
    ["c", "z", "t"].every((axis) => value[axis] === undefined || Number.isInteger(value[axis]))
  );
}

function positionsAre(value: unknown, depth: number, good: (part: number) => boolean): boolean {
  if (!Array.isArray(value)) return false;
  if (depth > 0) return value.every((item) => positionsAre(item, depth - 1, good));
  return value.length >= 2 && value.every((item) => typeof item === "number" && good(item));
}

/** Positions that a ring has at least: three that only want closing are an open ring. */
export function leastPositions(open: boolean): number {
  return open ? 3 : 4;
}

function checkPolygons(parts: readonly number[][][][], report: Report): void {
  const polygons: Polygon[] = [];
  for (const rings of parts) {
    for (const [r, ring] of rings.entries()) {
      const what = r === 0 ? "outer ring" : `hole ${r}`;
      const [first, last] = [ring[0], ring.at(-1)];
      const open = ring.length > 0 && (first![0] !== last![0] || first![1] !== last![1]);
      if (ring.length < leastPositions(open)) {
        report("ring-points", `its ${what} has ${ring.length} positions; expected 4 or more`);
        return;
      }
      if (open) {
        report(
          "ring-closed",
          `its ${what} ends at ${show(last)}; expected its first position ${show(first)}`,
        );
        return;
      }
    }
    if (rings.length === 0) continue;
    const flat = rings.map((ring) => toHundredths(ring.flatMap(([x, y]) => [x!, y!])));
    polygons.push({ outer: flat[0]!, holes: flat.slice(1) });
  }
  const fault = polygonsFault(polygons);
  if (fault === null) return;
  const rule =
    fault === "zero-area" || fault === "too-few-points" ? "polygon-area" : "polygon-valid";
  report(rule, `rounded to 0.01 px its polygon ${IN_WORDS[fault]} (${fault})`);
}
