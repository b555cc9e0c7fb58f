import { MicrotomeError } from "../errors.ts";
import { type Box, type Point, type Polygon, type Ring, ringArea, ringBox } from "../geometry.ts";
import { DEEPEST_CHILD } from "./check-feature.ts";
import { isObject } from "./check-rules.ts";
import { statedColor } from "./class-color.ts";
import { type ReadLabel, readLabel } from "./object-label.ts";
import { readFeatures } from "./read-features.ts";

/** One object of a GeoJSON file. */
export interface ReadObject extends ReadLabel {
  /** The feature's id, or null. */
  readonly id: string | null;
  /**
   * One polygon, or those of a MultiPolygon, in the file's coordinates: level-0 px where QuPath or
   * microtome wrote it. Outer rings run clockwise on screen, holes the other way.
   */
  readonly polygons: readonly Polygon[];
  /** The class's name, derived classes joined by ": ", or null. */
  readonly classification: string | null;
  /** The class's colour, or null where the file says none. */
  readonly classColor: ReturnType<typeof statedColor>;
  /** Finite numbers only. */
  readonly measurements: Readonly<Record<string, number>>;
  /** What QuPath takes it for: "annotation" where the file says nothing. */
  readonly objectType: string;
}

/**
 * Reads every object of a GeoJSON file that has polygons, plain or gzip, microtome's own or one
 * QuPath exported.
 *
 * Points and lines are passed over; an ellipse is that of the envelope, as QuPath reads it; of a cell
 * the outer border counts; `childObjects` are read too. An `origin` is added to every coordinate. Throws MicrotomeError `input-not-found`,
 * `corrupt-file`.
 */
export async function readGeoJsonPolygons(path: string, origin?: Point): Promise<ReadObject[]> {
  const objects: ReadObject[] = [];
  for await (const object of streamGeoJsonPolygons(path, origin)) objects.push(object);
  return objects;
}

/** The objects of {@link readGeoJsonPolygons} one by one, so that memory holds one feature at a time. */
export async function* streamGeoJsonPolygons(
  path: string,
  origin?: Point,
): AsyncGenerator<ReadObject, void, void> {
  for await (const { index, value } of readFeatures(path)) {
    const objects: ReadObject[] = [];
    const refuse: Refuse = (found) => {
      throw new MicrotomeError(
        "corrupt-file",
        `Feature ${index} of ${path} has ${found}; expected closed rings of [x, y] numbers. Find every fault with microtome check.`,
        { path, feature: index },
      );
    };
    // Another program's JSON would pass for a file without objects, and be scored as one.
    if (!isGeoJson(value)) refuse("no type that GeoJSON knows");
    collect(value, objects, refuse);
    if (!origin || (origin.x === 0 && origin.y === 0)) yield* objects;
    else for (const object of objects) yield moved(object, origin);
  }
}

function moved(object: ReadObject, { x, y }: Point): ReadObject {
  // To 0.01 px, as the file has them: the sum's own error is not the outline's.
  const place = (ring: Ring): number[] =>
    ring.map((value, i) => Math.round((value + (i % 2 === 0 ? x : y)) * 100) / 100);
  const polygons = object.polygons.map(({ outer, holes }) => ({
    outer: place(outer),
    holes: holes.map(place),
  }));
  return { ...object, polygons };
}

type Refuse = (found: string) => never;

const TYPES = [
  "Feature",
  "FeatureCollection",
  "GeometryCollection",
  ...["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"],
];

function isGeoJson(value: unknown): boolean {
  if (Array.isArray(value)) return true;
  return isObject(value) && (Array.isArray(value.features) || TYPES.includes(String(value.type)));
}

/** Lists and objects are followed so many levels down: each child takes two. */
const DEEPEST = 2 * DEEPEST_CHILD + 4;

function collect(value: unknown, objects: ReadObject[], refuse: Refuse, depth = 0): void {
  if (depth > DEEPEST) refuse(`objects more than ${DEEPEST_CHILD} deep in each other`);
  if (Array.isArray(value)) {
    for (const item of value) collect(item, objects, refuse, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  if (Array.isArray(value.features)) {
    collect(value.features, objects, refuse, depth + 1);
    return;
  }
  const isFeature = value.type === "Feature";
  const properties = isFeature && isObject(value.properties) ? value.properties : {};
  const about = {
    id: isFeature && typeof value.id === "string" ? value.id : null,
    classification: classificationOf(properties.classification),
    classColor: statedColor(properties.classification),
    ...readLabel(properties),
    measurements: measurementsOf(properties.measurements),
    objectType: objectTypeOf(value.id, properties.objectType),
  };
  const polygons = polygonsOf(isFeature ? value.geometry : value, refuse);
  if (polygons.length > 0) objects.push({ ...about, polygons });
  collect(properties.childObjects ?? properties.children ?? null, objects, refuse, depth + 1);
}

/** QuPath 0.2 wrote the type in the place of the id, and older ones as the name of a class of its code. */
function objectTypeOf(id: unknown, objectType: unknown): string {
  for (const name of [objectType, id]) {
    const match = typeof name === "string" ? /^(?:Path)?([a-z]+?)(?:Object)?$/i.exec(name) : null;
    const type = match?.[1]?.toLowerCase();
    if (type !== undefined && ["annotation", "detection", "cell", "tile"].includes(type))
      return type;
    if (type === "tmacore" || name === "tma_core") return "tmaCore";
    if (type === "root") return "root";
  }
  return "annotation";
}

export function classificationOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!isObject(value)) return null;
  if (typeof value.name === "string") return value.name;
  return Array.isArray(value.names) ? value.names.map(String).join(": ") : null;
}

function measurementsOf(value: unknown): Record<string, number> {
  const pairs: [unknown, unknown][] = Array.isArray(value)
    ? value.filter(isObject).map((item) => [item.name, item.value])
    : Object.entries(isObject(value) ? value : {});
  const numbers = pairs.filter(
    (pair): pair is [string, number] =>
      typeof pair[0] === "string" && typeof pair[1] === "number" && Number.isFinite(pair[1]),
  );
  return Object.fromEntries(numbers);
}

export function polygonsOf(geometry: unknown, refuse: Refuse, depth = 0): Polygon[] {
  if (!isObject(geometry)) return [];
  if (depth > DEEPEST) refuse(`collections more than ${DEEPEST} deep in each other`);
  const { type, coordinates, geometries, isEllipse } = geometry;
  if (type === "GeometryCollection" && Array.isArray(geometries)) {
    return geometries.flatMap((item) => polygonsOf(item, refuse, depth + 1));
  }
  if (type !== "Polygon" && type !== "MultiPolygon") return [];
  if (!Array.isArray(coordinates)) return refuse("no coordinates");
  const all: unknown[] = type === "Polygon" ? [coordinates] : coordinates;
  const polygons = all.flatMap((rings) => {
    if (!Array.isArray(rings)) return refuse("a polygon that is not an array");
    // QuPath writes an empty polygon so.
    if (rings.length === 0) return [];
    const [outer, ...holes] = rings.map((ring) => ringOf(ring, refuse));
    return [{ outer: turned(outer!, 1), holes: holes.map((hole) => turned(hole, -1)) }];
  });
  const [only] = polygons;
  return isEllipse === true && only !== undefined ? [ellipseIn(ringBox(only.outer))] : polygons;
}

/** Sides of an ellipse lie no farther inside it than this, px. */
const ELLIPSE_SAG = 0.02;

/** The ellipse that fills a box, clockwise on screen. */
function ellipseIn({ x, y, width, height }: Box): Polygon {
  const radius = Math.max(width, height) / 2;
  const step = 2 * Math.acos(Math.max(0, 1 - ELLIPSE_SAG / Math.max(radius, ELLIPSE_SAG)));
  const points = Math.min(720, Math.max(12, Math.ceil((2 * Math.PI) / step)));
  const outer: number[] = [];
  for (let i = 0; i < points; i++) {
    const angle = (2 * Math.PI * i) / points;
    outer.push(x + (width / 2) * (1 + Math.cos(angle)), y + (height / 2) * (1 + Math.sin(angle)));
  }
  return { outer, holes: [] };
}

function ringOf(value: unknown, refuse: Refuse): number[] {
  if (!Array.isArray(value)) return refuse("a ring that is not an array");
  const ring: number[] = [];
  for (const position of value) {
    const [x, y]: unknown[] = Array.isArray(position) ? position : [];
    if (typeof x !== "number" || typeof y !== "number") return refuse("a position without numbers");
    ring.push(x, y);
  }
  const end = ring.length;
  if (end > 2 && ring[0] === ring[end - 2] && ring[1] === ring[end - 1]) ring.length -= 2;
  if (ring.length < 6) return refuse(`a ring of ${ring.length / 2} points`);
  return ring;
}

/** The ring in the wanted direction: 1 clockwise on screen, −1 counter-clockwise. */
function turned(ring: number[], direction: 1 | -1): number[] {
  if (ringArea(ring) * direction >= 0) return ring;
  const reversed: number[] = [];
  for (let i = ring.length - 2; i >= 0; i -= 2) reversed.push(ring[i]!, ring[i + 1]!);
  return reversed;
}
