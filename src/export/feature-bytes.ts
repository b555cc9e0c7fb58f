import type { Point, Ring } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import type { Instance } from "../merge/instance.ts";
import type { TaskSpec } from "../scales/scale.ts";
import { classColor } from "./class-color.ts";
import { LONGEST_NUMBER, putFixed, putPosition } from "./decimal-bytes.ts";
import { Piece, type TextBytes } from "./text-bytes.ts";

/** What an exported object needs to know of its task. */
export type ExportTask = Pick<TaskSpec, "name" | "objectName" | "objectType" | "color">;

/** What an object is called beside its class. */
export interface ObjectLabel {
  readonly name?: string;
  /** QuPath's map of texts. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d];
const START = new Piece('{"type":"Feature","id":');
const GEOMETRY = new Piece(',"geometry":{"type":"Polygon","coordinates":[');
const END = new Piece("}}}");

/** A measurement and its key in both places: first of its object, and after another. */
const KEYS = MEASUREMENTS.map(({ field, name, decimals }) => ({
  field,
  decimals,
  first: new Piece(`${JSON.stringify(name)}:`),
  later: new Piece(`,${JSON.stringify(name)}:`),
}));

/**
 * Writes objects as GeoJSON features in QuPath's form, one line each, as bytes.
 *
 * Coordinates are level-0 px, less the origin where one is given, with at most 2 decimals, rings
 * closed. Names and spelling of the measurements are QuPath's own where it has the same one
 * (`Area µm^2`, `Perimeter µm`, `Circularity`); one that is not a finite number is left out. Nothing
 * is ever null.
 */
export class FeatureBytes {
  readonly #task: ExportTask;
  readonly #origin: Point;
  readonly #labels: ReadonlyMap<string, ObjectLabel> | undefined;
  /** What stands between geometry and measurements, by class. */
  readonly #middles = new Map<string | undefined, Piece>();

  /** `labels` are names and metadata of some objects, by their ids. */
  constructor(
    task: ExportTask,
    origin: Point = { x: 0, y: 0 },
    labels?: ReadonlyMap<string, ObjectLabel>,
  ) {
    this.#task = task;
    this.#origin = origin;
    this.#labels = labels;
  }

  append(instance: Instance, out: TextBytes): void {
    const { outer, holes } = instance.polygon;
    out.put(START);
    putId(instance.id, out);
    out.put(GEOMETRY);
    putRing(outer, this.#origin, out);
    for (const hole of holes) {
      out.room(1);
      out.bytes[out.length++] = COMMA;
      putRing(hole, this.#origin, out);
    }
    out.put(this.#middle(instance.classification));
    let any = false;
    for (const { field, decimals, first, later } of KEYS) {
      const value = instance[field];
      if (!Number.isFinite(value)) continue;
      out.put(any ? later : first);
      any = true;
      out.room(LONGEST_NUMBER);
      out.length = putFixed(out, out.length, value, decimals);
    }
    const label = this.#labels?.get(instance.id);
    if (label === undefined) out.put(END);
    else out.text(`},${JSON.stringify(label).slice(1)}}`);
  }

  #middle(classification: string | undefined): Piece {
    const known = this.#middles.get(classification);
    if (known !== undefined) return known;
    const { objectType, objectName, color } = this.#task;
    const named =
      classification === undefined
        ? { name: objectName, color }
        : { name: classification, color: classColor(classification) };
    const middle = new Piece(
      `]},"properties":{"objectType":${JSON.stringify(objectType)},"classification":${JSON.stringify(named)},"measurements":{`,
    );
    this.#middles.set(classification, middle);
    return middle;
  }
}

function putId(id: string, out: TextBytes): void {
  out.room(id.length + 2);
  const { bytes, length } = out;
  let at = length;
  bytes[at++] = QUOTE;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      out.text(JSON.stringify(id));
      return;
    }
    bytes[at++] = code;
  }
  bytes[at++] = QUOTE;
  out.length = at;
}

function putRing(ring: Ring, { x, y }: Point, out: TextBytes): void {
  // A position is two numbers, a bracket and two commas.
  out.room((ring.length / 2 + 1) * (2 * LONGEST_NUMBER + 4) + 2);
  const { bytes } = out;
  let at = out.length;
  bytes[at++] = OPEN;
  const first = at;
  for (let i = 0; i < ring.length; i += 2) {
    bytes[at] = OPEN;
    at = putPosition(out, at + 1, ring[i]! - x, ring[i + 1]! - y);
    bytes[at++] = COMMA;
  }
  // The ring ends in its first position.
  let i = first;
  while (bytes[i] !== CLOSE) bytes[at++] = bytes[i++]!;
  bytes[at++] = CLOSE;
  bytes[at++] = CLOSE;
  out.length = at;
}
