import { basename } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import { readFeatures } from "../export/read-features.ts";
import type { Point } from "../geometry.ts";
import { Growable } from "./growable.ts";
import { indexBoxes, type ObjectTable } from "./object-table.ts";
import { turned, UNITS_PER_PIXEL } from "./outline.ts";

type Rgb = readonly [number, number, number];

/** The colour of objects whose class tells none. */
export const UNCLASSIFIED: Rgb = [120, 120, 120];

interface MutableClass {
  readonly name: string;
  readonly color: Rgb;
  count: number;
}

/**
 * Reads a run's objects (GeoJSON in QuPath's form, gzip or plain) into columns.
 *
 * Coordinates become level-0 px, where the file says that it counts from elsewhere. Streams: holds one feature as JSON at a time. Features without an area (points, lines) are
 * left out. Throws MicrotomeError `corrupt-file`, `input-not-found`.
 */
export async function readObjects(path: string): Promise<ObjectTable> {
  const fileName = basename(path);
  const builder = new TableBuilder((await statedOrigin(path)) ?? { x: 0, y: 0 });
  for await (const { index, value } of readFeatures(path)) builder.add(value, index, fileName);
  return builder.finish();
}

class TableBuilder {
  readonly #coordinates = new Growable((n) => new Int32Array(n), 1 << 16);
  readonly #pointsOf = new Growable((n) => new Uint32Array(n));
  readonly #ringsOf = new Growable((n) => new Uint32Array(n));
  readonly #classOf = new Growable((n) => new Uint32Array(n));
  readonly #boxes = new Growable((n) => new Int32Array(n));
  readonly #ids: string[] = [];
  readonly #classes: MutableClass[] = [];
  readonly #classIndex = new Map<string, number>();
  readonly #measurements = new Map<string, Growable<Float64Array<ArrayBuffer>>>();

  readonly #origin: Point;

  /** What the file's coordinates are less than those of level 0. */
  constructor(origin: Point) {
    this.#origin = origin;
    this.#pointsOf.push(0);
    this.#ringsOf.push(0);
  }

  add(value: unknown, position: number, fileName: string): void {
    const feature = asRecord(value);
    const geometry = asRecord(feature?.geometry);
    if (!feature || !geometry) throw malformed(fileName, position, "it has no geometry");
    const { coordinates } = geometry;
    let polygons: unknown;
    if (geometry.type === "Polygon") polygons = [coordinates];
    else if (geometry.type === "MultiPolygon") polygons = coordinates;
    else return;
    if (!this.#addGeometry(polygons)) {
      throw malformed(fileName, position, "its coordinates are not rings of [x, y] numbers");
    }
    const object = this.#ids.length;
    this.#ids.push(typeof feature.id === "string" ? feature.id : String(object));
    const properties = asRecord(feature.properties);
    this.#classOf.push(this.#classFor(properties));
    this.#addMeasurements(properties?.measurements, object);
  }

  finish(): ObjectTable {
    const length = this.#ids.length;
    const boxes = this.#boxes.finish();
    const measurements = new Map<string, Float64Array>();
    for (const [name, column] of this.#measurements) {
      while (column.length < length) column.push(Number.NaN);
      measurements.set(name, column.finish());
    }
    return {
      length,
      coordinates: this.#coordinates.finish(),
      pointsOf: this.#pointsOf.finish(),
      ringsOf: this.#ringsOf.finish(),
      classOf: this.#classOf.finish(),
      boxes,
      ids: this.#ids,
      classes: this.#classes,
      measurements,
      index: indexBoxes(boxes),
    };
  }

  #addGeometry(polygons: unknown): boolean {
    if (!Array.isArray(polygons)) return false;
    const firstPoint = this.#coordinates.length / 2;
    for (const polygon of polygons) {
      if (!Array.isArray(polygon)) return false;
      for (let r = 0; r < polygon.length; r++) {
        if (!this.#addRing(polygon[r], r === 0)) return false;
      }
    }
    let [minX, minY, maxX, maxY] = [2 ** 31 - 1, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31)];
    for (let p = firstPoint; p < this.#coordinates.length / 2; p++) {
      const x = this.#coordinates.at(2 * p);
      const y = this.#coordinates.at(2 * p + 1);
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
    }
    if (maxX < minX) return false;
    for (const edge of [minX, minY, maxX, maxY]) this.#boxes.push(edge);
    this.#ringsOf.push(this.#pointsOf.length - 1);
    return true;
  }

  /** Adds a ring without its repeated point, outer rings clockwise on screen and holes not. */
  #addRing(ring: unknown, outer: boolean): boolean {
    if (!Array.isArray(ring)) return false;
    const units: number[] = [];
    for (const point of ring) {
      if (!Array.isArray(point)) return false;
      const [x, y] = point as unknown[];
      if (typeof x !== "number" || typeof y !== "number") return false;
      const { x: left, y: top } = this.#origin;
      units.push(Math.round((x + left) * UNITS_PER_PIXEL), Math.round((y + top) * UNITS_PER_PIXEL));
    }
    if (units.length >= 4 && units[0] === units.at(-2) && units[1] === units.at(-1)) {
      units.length -= 2;
    }
    for (const unit of turned(units, outer)) this.#coordinates.push(unit);
    this.#pointsOf.push(this.#coordinates.length / 2);
    return true;
  }

  #classFor(properties: Record<string, unknown> | null): number {
    const classification = properties?.classification;
    const described = asRecord(classification);
    let name = "Unclassified";
    if (typeof classification === "string") name = classification;
    else if (typeof described?.name === "string") name = described.name;
    else if (Array.isArray(described?.names)) name = described.names.join(": ");
    let index = this.#classIndex.get(name);
    if (index === undefined) {
      index = this.#classes.length;
      const color = toRgb(described?.color) ?? toRgb(properties?.color) ?? UNCLASSIFIED;
      this.#classes.push({ name, color, count: 0 });
      this.#classIndex.set(name, index);
    }
    this.#classes[index]!.count++;
    return index;
  }

  #addMeasurements(measurements: unknown, object: number): void {
    const entries: [string, unknown][] = Array.isArray(measurements)
      ? measurements.map((entry) => [String(asRecord(entry)?.name), asRecord(entry)?.value])
      : Object.entries(asRecord(measurements) ?? {});
    for (const [name, value] of entries) {
      if (typeof value !== "number") continue;
      let column = this.#measurements.get(name);
      if (!column) {
        column = new Growable((n) => new Float64Array(n));
        this.#measurements.set(name, column);
      }
      while (column.length < object) column.push(Number.NaN);
      if (column.length === object) column.push(value);
    }
  }
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** QuPath writes colours as [r, g, b] or as one packed ARGB integer. */
function toRgb(value: unknown): Rgb | null {
  if (typeof value === "number") return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  if (!Array.isArray(value) || value.length < 3) return null;
  const [r, g, b] = value.map(Number);
  return [r!, g!, b!].every((v) => v >= 0 && v <= 255) ? [r!, g!, b!] : null;
}

function malformed(fileName: string, position: number, why: string): MicrotomeError {
  return new MicrotomeError(
    "corrupt-file",
    `${fileName}: feature ${position} cannot be read, ${why}; expected GeoJSON polygons. Check the file with microtome check.`,
    { file: fileName, feature: position },
  );
}
