import { checkGeometry, GEOMETRY_DEPTH } from "./check-geometry.ts";
import { type CheckRule, type FeatureFault, isObject, show } from "./check-rules.ts";

type Json = Readonly<Record<string, unknown>>;
type Report = (rule: CheckRule, message: string) => void;

const UUID = /^[0-9a-f]{1,8}-[0-9a-f]{1,4}-[0-9a-f]{1,4}-[0-9a-f]{1,4}-[0-9a-f]{1,12}$/i;

/** Object types that QuPath knows, with the spellings of older versions that it goes on reading. */
export const OBJECT_TYPES: ReadonlySet<string> = new Set([
  "annotation",
  "detection",
  "cell",
  "tile",
  "tmaCore",
  "root",
  "tma_core",
  "unknown",
  "PathAnnotationObject",
  "PathDetectionObject",
  "PathCellObject",
  "PathTileObject",
  "TMACoreObject",
  "PathRootObject",
]);

/** Objects are looked at so many levels down. */
export const DEEPEST_CHILD = 32;

/** So many faults of one feature are told. */
const MOST_FAULTS = 1000;

/** A feature's faults, and the ids of it and its children where they are UUIDs, in lower case. */
export interface CheckedFeature {
  readonly faults: FeatureFault[];
  readonly id: string | null;
  readonly childIds: readonly string[];
}

/** Checks one item of a GeoJSON file, and its child objects. */
export function checkFeature(value: unknown, depth = 0): CheckedFeature {
  const faults: FeatureFault[] = [];
  const childIds: string[] = [];
  const report: Report = (rule, message) => {
    if (faults.length < MOST_FAULTS) faults.push({ rule, message });
  };
  if (!isObject(value)) {
    report("feature", `it is ${show(value)}; expected a Feature`);
    return { faults, id: null, childIds };
  }
  if (value.type !== "Feature") {
    if (typeof value.type === "string" && value.type in GEOMETRY_DEPTH)
      checkGeometry(value, report);
    else report("feature", `its type is ${show(value.type)}; expected "Feature"`);
    return { faults, id: null, childIds };
  }
  if ("crs" in value) report("crs", `it names a crs, ${show(value.crs)}; expected none`);
  const id = checkId(value, report);
  if (isObject(value.geometry)) checkGeometry(value.geometry, report);
  else report("geometry", `its geometry is ${show(value.geometry)}; expected an object`);
  checkNucleus(value, report);
  if (isObject(value.properties)) checkProperties(value.properties, report);
  else report("properties", `its properties are ${show(value.properties)}; expected an object`);
  for (const child of childrenOf(value, report, depth)) {
    const checked = checkFeature(child.value, depth + 1);
    for (const { rule, message } of checked.faults)
      report(rule, `child ${child.index}: ${message}`);
    if (checked.id !== null) childIds.push(checked.id);
    for (const childId of checked.childIds) childIds.push(childId);
  }
  return { faults, id, childIds };
}

export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

function checkId(feature: Json, report: Report): string | null {
  if (!("id" in feature)) return null;
  const { id } = feature;
  if (isUuid(id)) return id.toLowerCase();
  // QuPath 0.2 wrote the object's type here, and its reader still takes it so.
  if (typeof id === "string" && OBJECT_TYPES.has(id)) return null;
  report("id", `its id is ${show(id)}; expected a UUID, or none`);
  return null;
}

function checkNucleus(feature: Json, report: Report): void {
  const { properties, nucleusGeometry } = feature;
  if (isObject(properties) && "nucleusGeometry" in properties) {
    report("nucleus", "its nucleusGeometry is among its properties; expected beside its geometry");
  }
  if (!("nucleusGeometry" in feature)) return;
  if (!isObject(nucleusGeometry)) {
    report("nucleus", `its nucleusGeometry is ${show(nucleusGeometry)}; leave it out`);
    return;
  }
  checkGeometry(nucleusGeometry, report);
  if (!isCell(feature)) {
    report("nucleus", "it has a nucleusGeometry and is no cell; QuPath passes over it");
  }
}

export function isCell({ id, properties }: Json): boolean {
  const type = isObject(properties) ? properties.objectType : undefined;
  return [type, id].some((name) => name === "cell" || name === "PathCellObject");
}

function checkProperties(properties: Json, report: Report): void {
  const { objectType, classification, measurements, name, color, isLocked, metadata } = properties;
  if ("objectType" in properties && !OBJECT_TYPES.has(String(objectType))) {
    report(
      "object-type",
      `its objectType is ${show(objectType)}; expected annotation, detection, cell, tile or tmaCore`,
    );
  }
  if ("name" in properties && typeof name !== "string") {
    report("name", `its name is ${show(name)}; expected a string, or none`);
  }
  if ("color" in properties && !isColor(color)) {
    report("color", `its color is ${show(color)}; expected [red, green, blue] from 0 to 255`);
  }
  if ("isLocked" in properties && typeof isLocked !== "boolean") {
    report("locked", `its isLocked is ${show(isLocked)}; expected true, or none`);
  }
  if (classification !== undefined && classification !== null) {
    checkClassification(classification, report);
  }
  if (measurements !== undefined) checkMeasurements(measurements, report);
  if (metadata !== undefined) checkMetadata(metadata, report);
}

/** The children that can be looked at; reports where they are not what QuPath reads. */
function childrenOf(
  feature: Json,
  report: Report,
  depth: number,
): { readonly index: number; readonly value: unknown }[] {
  if ("childObjects" in feature) {
    report("children", "its childObjects stand beside its properties; expected among them");
  }
  if (!isObject(feature.properties)) return [];
  const children = feature.properties.childObjects ?? feature.properties.children;
  if (children === undefined) return [];
  if (!Array.isArray(children)) {
    report("children", `its childObjects are ${show(children)}; expected a list`);
    return [];
  }
  if (depth >= DEEPEST_CHILD && children.length > 0) {
    report("children", `its childObjects lie more than ${DEEPEST_CHILD} deep`);
    return [];
  }
  return children.map((value: unknown, index) => ({ index, value }));
}

/** One line of text that is not empty. */
export function isClassName(name: unknown): name is string {
  return typeof name === "string" && name.trim() !== "" && !/[\r\n]/.test(name);
}

function checkClassification(value: unknown, report: Report): void {
  if (typeof value === "string") {
    if (!isClassName(value)) report("classification", `its classification is ${show(value)}`);
    return;
  }
  if (!isObject(value)) {
    report("classification", `its classification is ${show(value)}; expected a name or an object`);
    return;
  }
  // The form of QuPath 0.3 and older: a packed colour.
  if ("colorRGB" in value) return;
  const named = Array.isArray(value.names)
    ? value.names.length > 0 && value.names.every(isClassName)
    : isClassName(value.name);
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

export function isColor(value: unknown): value is number | readonly number[] {
  if (typeof value === "number") return Number.isInteger(value);
  return (
    Array.isArray(value) &&
    (value.length === 3 || value.length === 4) &&
    value.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
  );
}

/** Whether a measurement is one QuPath reads: a number, or one of the words for what is none. */
export function isMeasurement(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "string" && /^(nan|-?inf(inity)?)$/i.test(value))
  );
}

function checkMeasurements(value: unknown, report: Report): void {
  const pairs: [string, unknown][] = Array.isArray(value)
    ? value.map((item) => (isObject(item) ? [String(item.name), item.value] : [show(item), null]))
    : Object.entries(isObject(value) ? value : { measurements: value });
  for (const [name, item] of pairs) {
    if (!isMeasurement(item)) {
      report("measurements", `its measurement ${show(name)} is ${show(item)}; expected a number`);
    }
  }
}

function checkMetadata(value: unknown, report: Report): void {
  if (!isObject(value)) {
    report("metadata", `its metadata are ${show(value)}; expected text by name`);
    return;
  }
  for (const [name, item] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof item)) {
      report("metadata", `its metadata ${show(name)} are ${show(item)}; expected text`);
    }
  }
}
