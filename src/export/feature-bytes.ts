import type { Point } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import type { Instance } from "../merge/instance.ts";
import { Outline } from "../outline.ts";
import type { TaskSpec } from "../scales/scale.ts";
import type { InstanceBlock } from "../store/instance-block.ts";
import { type ClassColors, classColor } from "./class-color.ts";
import { LONGEST_NUMBER, putFixed, putPositions, type RingUnits } from "./decimal-bytes.ts";
import type { ObjectLabels } from "./object-label.ts";
import { Piece, type TextBytes } from "./text-bytes.ts";

/** What an exported object needs to know of its task. */
export type ExportTask = Pick<TaskSpec, "name" | "objectName" | "objectType" | "color">;

/** How features are written, beside the objects themselves. */
export interface FeatureStyle {
  readonly task: ExportTask;
  /** Level-0 px that is (0, 0) of the file; absent for level 0's own. */
  readonly origin?: Point;
  /** Names, locks and metadata of some objects, by their ids. */
  readonly labels?: ObjectLabels;
  /** Colours of some classes, by their names. */
  readonly classColors?: ClassColors;
}

const [QUOTE, BACKSLASH, COMMA, DASH, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x2d, 0x5b, 0x5d];
const START = new Piece('{"type":"Feature","id":');
const GEOMETRY = new Piece(',"geometry":{"type":"Polygon","coordinates":[');
const END = new Piece("}}}");

/** A measurement and its key in both places: first of its object, and after another. */
const KEYS = MEASUREMENTS.map(({ name, decimals }) => ({
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
  /** Hundredths of a level-0 px. */
  readonly #origin: Point;
  readonly #outline = new Outline();
  readonly #labels: ObjectLabels | undefined;
  readonly #classColors: ClassColors | undefined;
  /** What stands between geometry and measurements, by class. */
  readonly #middles = new Map<string | undefined, Piece>();

  constructor({ task, origin = { x: 0, y: 0 }, labels, classColors }: FeatureStyle) {
    this.#task = task;
    this.#origin = { x: origin.x * 100, y: origin.y * 100 };
    this.#labels = labels;
    this.#classColors = classColors;
  }

  append(instance: Instance, out: TextBytes): void {
    this.appendFrom(new SingleInstance(instance), 0, out);
  }

  /** The object at a position within a block. */
  appendFrom(block: InstanceBlock, at: number, out: TextBytes): void {
    const outline = this.#outline;
    const { uuids } = block;
    out.put(START);
    if (uuids) putUuid(uuids, 16 * at, out);
    else putId(block.id(at), out);
    out.put(GEOMETRY);
    block.outline(at, outline);
    const { x: originX, y: originY } = this.#origin;
    let from = 0;
    for (const points of outline.pointsOf) {
      if (from > 0) {
        out.room(1);
        out.bytes[out.length++] = COMMA;
      }
      const to = from + 2 * points;
      putRing(out, { units: outline.units, from, to, originX, originY });
      from = to;
    }
    out.put(this.#middle(block.classification(at)));
    let any = false;
    for (let which = 0; which < KEYS.length; which++) {
      const value = block.measurement(which, at);
      if (!Number.isFinite(value)) continue;
      const { decimals, first, later } = KEYS[which]!;
      out.put(any ? later : first);
      any = true;
      out.room(LONGEST_NUMBER);
      out.length = putFixed(out, out.length, value, decimals);
    }
    const label = this.#labels?.get(block.id(at));
    if (label === undefined) out.put(END);
    else out.text(`},${JSON.stringify(label).slice(1)}}`);
  }

  #middle(classification: string | undefined): Piece {
    const known = this.#middles.get(classification);
    if (known !== undefined) return known;
    const { objectType, objectName, color } = this.#task;
    const named =
      classification === undefined
        ? { name: objectName, color: this.#classColors?.get(objectName) ?? color }
        : {
            name: classification,
            color: this.#classColors?.get(classification) ?? classColor(classification),
          };
    const middle = new Piece(
      `]},"properties":{"objectType":${JSON.stringify(objectType)},"classification":${JSON.stringify(named)},"measurements":{`,
    );
    this.#middles.set(classification, middle);
    return middle;
  }
}

/** An object on its own, read as blocks are. */
export class SingleInstance implements InstanceBlock {
  readonly count = 1;
  readonly first = 0;
  readonly uuids = null;
  readonly #instance: Instance;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  id(): string {
    return this.#instance.id;
  }

  classification(): string | undefined {
    return this.#instance.classification;
  }

  measurement(which: number): number {
    return this.#instance[MEASUREMENTS[which]!.field];
  }

  outline(_: number, into: Outline): void {
    into.fill(this.#instance.polygon);
  }
}

/** The two digits of a byte, as the little-endian number that stores them at once. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0"), "latin1").readUInt16LE(),
);

function putUuid(uuids: Uint8Array, from: number, out: TextBytes): void {
  out.room(38);
  const { bytes, view } = out;
  let at = out.length;
  bytes[at++] = QUOTE;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) bytes[at++] = DASH;
    view.setUint16(at, HEX[uuids[from + i]!]!, true);
    at += 2;
  }
  bytes[at++] = QUOTE;
  out.length = at;
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

function putRing(out: TextBytes, ring: RingUnits): void {
  // A position is two numbers, two brackets and two commas.
  out.room(((ring.to - ring.from) / 2 + 1) * (2 * LONGEST_NUMBER + 4) + 2);
  const { bytes } = out;
  const first = out.length + 1;
  bytes[out.length] = OPEN;
  let at = putPositions(out, first, ring);
  // The ring ends in its first position.
  let i = first;
  while (bytes[i] !== CLOSE) bytes[at++] = bytes[i++]!;
  bytes[at++] = CLOSE;
  bytes[at++] = CLOSE;
  out.length = at;
}
