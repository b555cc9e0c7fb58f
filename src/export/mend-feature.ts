import {
  checkFeature,
  DEEPEST_CHILD,
  isCell,
  isClassName,
  isColor,
  isMeasurement,
  isUuid,
  OBJECT_TYPES,
} from "./check-feature.ts";
import { GEOMETRY_DEPTH } from "./check-geometry.ts";
import { type CheckRule, type FeatureFault, isObject, show } from "./check-rules.ts";
import { classColor } from "./class-color.ts";
import { mendGeometry, type Tell } from "./mend-geometry.ts";

type Json = Readonly<Record<string, unknown>>;

/** What became of a feature: `value` is null where it cannot be mended, and `faults` says why. */
export interface MendedFeature {
  readonly value: Json | null;
  /** What was done, by the rule that was broken; a child's with its place. */
  readonly done: readonly FeatureFault[];
  /** Why it, or a child of it, had to be left out. */
  readonly faults: readonly FeatureFault[];
}

/**
 * A feature that passes {@link checkFeature}, as near to the given one as can be.
 *
 * `isNew` tells whether an id is seen for the first time: one that another feature has is left out.
 * A child that cannot be mended is left out and named; where the feature itself cannot be, it is null.
 */
export function mendFeature(
  value: unknown,
  isNew: (id: string) => boolean,
  depth = 0,
): MendedFeature {
  const done: FeatureFault[] = [];
  const faults: FeatureFault[] = [];
  const tell: Tell = (rule, message) => done.push({ rule, message });
  const before = checkFeature(value, depth);
  const give = (mended: Json): MendedFeature => {
    const { faults: left } = checkFeature(mended, depth);
    return left.length === 0
      ? { value: mended, done, faults }
      : { value: null, done: [], faults: left };
  };
  if (!isObject(value)) return { value: null, done, faults: before.faults };
  if (before.faults.length === 0 && before.childIds.length === 0) {
    // Nothing to mend, but perhaps the id: most features of most files.
    if (before.id === null || isNew(before.id)) return { value, done, faults };
    const { id, ...others } = value;
    tell("id", `left out its id ${show(id)}, which another feature has`);
    return { value: others, done, faults };
  }
  if (value.type !== "Feature") {
    if (typeof value.type !== "string") return { value: null, done, faults: before.faults };
    const isGeometry = value.type in GEOMETRY_DEPTH || value.type === "GeometryCollection";
    const geometry = isGeometry ? mendGeometry(value, tell) : null;
    return geometry === null ? { value: null, done, faults: before.faults } : give(geometry);
  }
  const { id, geometry, nucleusGeometry, properties, childObjects, crs, ...others } = value;
  if (crs !== undefined) tell("crs", `left out the crs ${show(crs)}`);
  const mended: Record<string, unknown> = { ...others };
  if (isUuid(id)) {
    if (isNew(id)) mended.id = id;
    else tell("id", `left out its id ${id}, which another feature has`);
  } else if (typeof id === "string" && OBJECT_TYPES.has(id)) mended.id = id;
  else if ("id" in value) tell("id", `left out its id ${show(id)}`);
  const shape = isObject(geometry) ? mendGeometry(geometry, tell) : null;
  if (shape === null) return { value: null, done: [], faults: before.faults };
  mended.geometry = shape;
  if (!isObject(properties)) tell("properties", `put empty properties for ${show(properties)}`);
  const kept = mendProperties(isObject(properties) ? properties : {}, tell);
  mendNucleus(value, mended, kept, tell);
  if (childObjects !== undefined && kept.childObjects === undefined) {
    kept.childObjects = childObjects;
    tell("children", "moved its childObjects among its properties");
  }
  mendChildren(kept, isNew, depth, tell, faults);
  mended.properties = kept;
  return give(mended);
}

function mendNucleus(
  feature: Json,
  mended: Record<string, unknown>,
  properties: Record<string, unknown>,
  tell: Tell,
): void {
  const misplaced = properties.nucleusGeometry;
  delete properties.nucleusGeometry;
  const nucleus = "nucleusGeometry" in feature ? feature.nucleusGeometry : misplaced;
  if (nucleus === undefined) return;
  const shape = isObject(nucleus) ? mendGeometry(nucleus, tell) : null;
  if (shape === null) {
    tell("nucleus", `left out its nucleusGeometry ${show(nucleus)}`);
    return;
  }
  if (!("nucleusGeometry" in feature)) tell("nucleus", "put its nucleus beside its geometry");
  mended.nucleusGeometry = shape;
  if (isCell({ ...mended, properties })) return;
  properties.objectType = "cell";
  tell("nucleus", "made a cell of it: it has a nucleus");
}

function mendChildren(
  properties: Record<string, unknown>,
  isNew: (id: string) => boolean,
  depth: number,
  tell: Tell,
  faults: FeatureFault[],
): void {
  const key = properties.childObjects === undefined ? "children" : "childObjects";
  const children = properties[key];
  if (children === undefined || children === null) {
    if (children === null) delete properties[key];
    return;
  }
  if (!Array.isArray(children) || depth >= DEEPEST_CHILD) {
    delete properties[key];
    const message = Array.isArray(children)
      ? `its childObjects lie more than ${DEEPEST_CHILD} deep`
      : `its childObjects are ${show(children)}; expected a list`;
    faults.push({ rule: "children", message });
    return;
  }
  const kept: Json[] = [];
  for (const [i, child] of children.entries()) {
    const mended = mendFeature(child, isNew, depth + 1);
    for (const { rule, message } of mended.done) tell(rule, `child ${i}: ${message}`);
    for (const { rule, message } of mended.faults) {
      faults.push({ rule, message: `child ${i}: ${message}` });
    }
    if (mended.value !== null) kept.push(mended.value);
  }
  properties[key] = kept;
}

function mendProperties(properties: Json, tell: Tell): Record<string, unknown> {
  const kept: Record<string, unknown> = { ...properties };
  /** Puts what `mend` makes of a member that is there and not good; leaves it out for undefined. */
  const mend = (
    rule: CheckRule,
    key: string,
    isGood: (value: unknown) => boolean,
    mendOne: (value: unknown) => unknown,
  ): void => {
    if (!(key in properties) || isGood(properties[key])) return;
    const mended = mendOne(properties[key]);
    if (mended === undefined) delete kept[key];
    else kept[key] = mended;
    const into = mended === undefined ? "left out" : `put ${show(mended)} for`;
    tell(rule, `${into} its ${key} ${show(properties[key])}`);
  };
  mend("object-type", "objectType", (type) => OBJECT_TYPES.has(String(type)), objectTypeOf);
  mend("name", "name", isText, (name) => (typeof name === "number" ? String(name) : undefined));
  mend("color", "color", isColor, () => undefined);
  mend("locked", "isLocked", isBoolean, (locked) =>
    locked === "true" || locked === 1 ? true : undefined,
  );
  mend("classification", "classification", isClassification, mendClassification);
  mend("measurements", "measurements", areMeasurements, mendMeasurements);
  mend("metadata", "metadata", areMetadata, mendMetadata);
  return kept;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function objectTypeOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return [...OBJECT_TYPES].find((type) => type.toLowerCase() === value.toLowerCase());
}

function isClassification(value: unknown): boolean {
  if (value === null || isClassName(value)) return true;
  if (!isObject(value)) return false;
  if ("colorRGB" in value) return true;
  const { name, names, color } = value;
  const named = Array.isArray(names)
    ? names.length > 0 && names.every(isClassName)
    : isClassName(name);
  return named && isColor(color);
}

function mendClassification(value: unknown): unknown {
  if (typeof value === "string") return oneLine(value);
  if (!isObject(value)) return undefined;
  const { name, names, color } = value;
  const all = (Array.isArray(names) ? names : [name]).map(oneLine);
  if (all.length === 0 || !all.every(isClassName)) return undefined;
  const full = all.join(": ");
  const named = Array.isArray(names) ? { names: all } : { name: full };
  return { ...named, color: isColor(color) ? color : classColor(full) };
}

/** The text on one line, or undefined where there is none. */
function oneLine(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  return value.replace(/\s*[\r\n]\s*/g, " ").trim() || undefined;
}

function areMeasurements(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.every((item) => isObject(item) && isMeasurement(item.value));
  }
  return isObject(value) && Object.values(value).every(isMeasurement);
}

function mendMeasurements(value: unknown): unknown {
  const number = (item: unknown): unknown => {
    if (isMeasurement(item)) return item;
    const read = typeof item === "string" && item.trim() !== "" ? Number(item) : Number.NaN;
    return Number.isFinite(read) ? read : undefined;
  };
  if (Array.isArray(value)) {
    return value
      .filter((item) => isObject(item) && typeof item.name === "string")
      .map((item: Json) => ({ ...item, value: number(item.value) }))
      .filter((item) => item.value !== undefined);
  }
  if (!isObject(value)) return undefined;
  const pairs = Object.entries(value).map(([name, item]) => [name, number(item)] as const);
  return Object.fromEntries(pairs.filter(([, item]) => item !== undefined));
}

function areMetadata(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isScalar);
}

function mendMetadata(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => isScalar(item)));
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
