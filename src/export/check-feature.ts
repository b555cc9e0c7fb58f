import type { PolygonFault } from "../polygon-validity.ts";
import { roundedFault } from "../polygon-validity.ts";
import type { CheckRule } from "./check.ts";

/** A broken rule, in words. */
export interface FeatureFault {
  readonly rule: CheckRule;
  readonly message: string;
}

type Json = Readonly<Record<string, unknown>>;
type Report = (rule: CheckRule, message: string) => void;

const UUID = /^[0-9a-f]{1,8}-[0-9a-f]{1,4}-[0-9a-f]{1,4}-[0-9a-f]{1,4}-[0-9a-f]{1,12}$/i;

const OBJECT_TYPES = new Set([
  "annotation",
  "detection",
  "cell",
  "tile",
  "tmaCore",
  "root",
  // Spellings of older versions that QuPath goes on reading.
  "tma_core",
  "unknown",
  "PathAnnotationObject",
  "PathDetectionObject",
  "PathCellObject",
  "PathTileObject",
  "TMACoreObject",
  "PathRootObject",
]);

/** How deep arrays lie around a position, by geometry type. */
const DEPTH: Readonly<Record<string, number>> = {
  Point: 0,
  MultiPoint: 1,
  LineString: 1,
  MultiLineString: 2,
  Polygon: 2,
  MultiPolygon: 3,
};

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
};

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a value looks like in a message, cut short. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Checks one item of a GeoJSON file, and its child objects; its id comes back where it is a UUID. */
export function checkFeature(value: unknown): {
  readonly faults: FeatureFault[];
  readonly id: string | null;
} {
  const faults: FeatureFault[] = [];
  const report: Report = (rule, message) => faults.push({ rule, message });
  if (!isObject(value)) {
    report("feature", `it is ${show(value)}; expected a Feature`);
    return { faults, id: null };
  }
  if (value.type !== "Feature") {
    if (typeof value.type === "string" && value.type in DEPTH) checkGeometry(value, report);
    else report("feature", `its type is ${show(value.type)}; expected "Feature"`);
    return { faults, id: null };
  }
  const id = checkId(value, report);
  if (isObject(value.geometry)) checkGeometry(value.geometry, report);
  else report("geometry", `its geometry is ${show(value.geometry)}; expected an object`);
  if (value.nucleusGeometry !== undefined) {
    if (isObject(value.nucleusGeometry)) checkGeometry(value.nucleusGeometry, report);
    else report("geometry", `its nucleusGeometry is ${show(value.nucleusGeometry)}; leave it out`);
  }
  if (isObject(value.properties)) checkProperties(value.properties, report);
  else report("properties", `its properties are ${show(value.properties)}; expected an object`);
  return { faults, id };
}

function checkId(feature: Json, report: Report): string | null {
  if (!("id" in feature)) return null;
  const { id } = feature;
  if (typeof id === "string" && UUID.test(id)) return id.toLowerCase();
  // QuPath 0.2 wrote the object's type here, and its reader still takes it so.
  if (typeof id === "string" && OBJECT_TYPES.has(id)) return null;
  report("id", `its id is ${show(id)}; expected a UUID, or none`);
  return null;
}

function checkProperties(properties: Json, report: Report): void {
  const { objectType, classification, measurements, name } = properties;
  if ("objectType" in properties && !OBJECT_TYPES.has(String(objectType))) {
    report(
      "object-type",
      `its objectType is ${show(objectType)}; expected annotation, detection, cell, tile or tmaCore`,
    );
  }
  if ("name" in properties && typeof name !== "string") {
    report("name", `its name is ${show(name)}; expected a string, or none`);
  }
  if (classification !== undefined && classification !== null) {
    checkClassification(classification, report);
  }
  if (measurements !== undefined) checkMeasurements(measurements, report);
  const children = properties.childObjects ?? properties.children;
  if (!Array.isArray(children)) return;
  for (const [i, child] of children.entries()) {
    for (const { rule, message } of checkFeature(child).faults) {
      report(rule, `child ${i}: ${message}`);
    }
  }
}

function checkClassification(value: unknown, report: Report): void {
  const isName = (name: unknown): boolean =>
    typeof name === "string" && name.trim() !== "" && !/[\r\n]/.test(name);
  if (typeof value === "string") {
    if (!isName(value)) report("classification", `its classification is ${show(value)}`);
    return;
  }
  if (!isObject(value)) {
    report("classification", `its classification is ${show(value)}; expected a name or an object`);
    return;
  }
  // The form of QuPath 0.3 and older: a packed colour.
  if ("colorRGB" in value) return;
  const named = Array.isArray(value.names)
    ? value.names.length > 0 && value.names.every(isName)
    : isName(value.name);
  if (!named) {
    report(
      "classification",
      `its classification has name ${show(value.name)}; expected one line of text`,
    );
  }
  if (!isColor(value.color)) {
    report(
      "classification",
      `its classification has color ${show(value.color)}; expected [red, green, blue] from 0 to 255`,
    );
  }
}

function isColor(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value);
  return (
    Array.isArray(value) &&
    (value.length === 3 || value.length === 4) &&
    value.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
  );
}

function checkMeasurements(value: unknown, report: Report): void {
  const readable = (item: unknown): boolean =>
    typeof item === "number" || (typeof item === "string" && /^(nan|-?inf(inity)?)$/i.test(item));
  const pairs: [string, unknown][] = Array.isArray(value)
    ? value.map((item) => (isObject(item) ? [String(item.name), item.value] : [show(item), null]))
    : Object.entries(isObject(value) ? value : { measurements: value });
  for (const [name, item] of pairs) {
    if (!readable(item)) {
      report("measurements", `its measurement ${show(name)} is ${show(item)}; expected a number`);
    }
  }
}

function checkGeometry(geometry: Json, report: Report): void {
  const { type, coordinates } = geometry;
  const depth = typeof type === "string" ? DEPTH[type] : undefined;
  if (depth === undefined) {
    report("geometry", `its geometry is of type ${show(type)}; expected Polygon or MultiPolygon`);
    return;
  }
  if (!Array.isArray(coordinates)) {
    report("geometry", `its ${type} has coordinates ${show(coordinates)}; expected an array`);
    return;
  }
  if (!positionsAreNumbers(coordinates, depth)) {
    report("coordinates", `its ${type} has a position that is not two finite numbers`);
    return;
  }
  if (type === "Polygon") checkRings(coordinates as number[][][], report);
  if (type === "MultiPolygon") {
    for (const rings of coordinates as number[][][][]) checkRings(rings, report);
  }
}

function positionsAreNumbers(value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) return false;
  if (depth > 0) return value.every((item) => positionsAreNumbers(item, depth - 1));
  return (
    value.length >= 2 && value.every((item) => typeof item === "number" && Number.isFinite(item))
  );
}

function checkRings(rings: readonly (readonly (readonly number[])[])[], report: Report): void {
  for (const [r, ring] of rings.entries()) {
    const what = r === 0 ? "outer ring" : `hole ${r}`;
    const [first, last] = [ring[0], ring.at(-1)];
    if (ring.length < 4) {
      report("ring-points", `its ${what} has ${ring.length} positions; expected 4 or more`);
      return;
    }
    if (first![0] !== last![0] || first![1] !== last![1]) {
      report(
        "ring-closed",
        `its ${what} ends at ${show(last)}; expected its first position ${show(first)}`,
      );
      return;
    }
  }
  if (rings.length === 0) return;
  const flat = rings.map((ring) => ring.slice(0, -1).flatMap(([x, y]) => [x!, y!]));
  const fault = roundedFault({ outer: flat[0]!, holes: flat.slice(1) });
  if (fault === null) return;
  const rule =
    fault === "zero-area" || fault === "too-few-points" ? "polygon-area" : "polygon-valid";
  report(rule, `rounded to 0.01 px its polygon ${IN_WORDS[fault]} (${fault})`);
}
