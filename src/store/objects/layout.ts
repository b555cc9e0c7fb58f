import { crc32 } from "node:zlib";
import { MEASUREMENTS } from "../../measurements.ts";
import { ByteReader, type Refuse } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/**
 * The parts of an objects file around its blocks: docs/run-format.md has every byte.
 *
 *     head (20 bytes) · about (JSON) · blocks … · directory · index · summary (JSON) · tail (48 bytes)
 */

export const FORMAT_VERSION = 1;
export const HEAD_BYTES = 20;
export const TAIL_BYTES = 48;
const ENTRY_BYTES = 28;
/** Objects of a block: what the writer puts in one, and the most a reader takes. */
export const BLOCK_OBJECTS = 256;
const MOST_BLOCK_OBJECTS = 4096;
/** The longest text of either JSON part, bytes. */
export const MOST_TEXT = 1 << 24;

// High bit and line ends, as PNG has them: a transfer as text is found at once.
const MAGIC = Uint8Array.of(0x8f, 0x4d, 0x54, 0x4f, 0x42, 0x0d, 0x0a, 0x1a);
const END = Uint8Array.of(0x45, 0x4e, 0x44, 0x0a);

/** What an objects file says of itself before its objects. */
export interface ObjectsAbout {
  /** SHA-256 that names slide, model and parameters: RunRecord's `key`. */
  readonly runKey: string;
  readonly task: string;
  /** What an object without a class is called. */
  readonly objectName: string;
  readonly model: { readonly name: string; readonly sha256: string };
  /** µm per level-0 px. */
  readonly mpp: { readonly x: number; readonly y: number };
}

/** What an objects file says of its objects as a whole. */
export interface ObjectsSummary {
  /** First those without a class, under null; a class's position is its code in the table. */
  readonly classes: readonly { readonly name: string | null; readonly objects: number }[];
  /** In the order of MEASUREMENTS; nulls where no object has the measurement. */
  readonly measurements: readonly MeasurementSpread[];
}

/** Where a measurement's values lie; low and high are about the 2nd and 98th percentile. */
export interface MeasurementSpread {
  readonly min: number | null;
  readonly max: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** A stretch of the file and its CRC-32. */
export interface Stretch {
  readonly length: number;
  readonly crc: number;
}

/** A block's entry in the directory. */
export interface BlockEntry {
  readonly objects: number;
  readonly table: Stretch;
  readonly names: Stretch;
  readonly geometry: Stretch;
}

/** The last bytes of the file: where the parts before them are. */
export interface Tail {
  readonly objects: number;
  /** Where the directory begins. */
  readonly offset: number;
  readonly directory: Stretch;
  readonly index: Stretch;
  readonly summary: Stretch;
}

export function encodeHead(about: ObjectsAbout): Uint8Array {
  const text = Buffer.from(
    JSON.stringify({
      ...about,
      notice: "for research use only",
      columns: COLUMNS,
    }),
  );
  const out = new ByteWriter(HEAD_BYTES + text.length);
  out.put(MAGIC);
  out.u32(FORMAT_VERSION);
  out.u32(text.length);
  out.u32(crc32(text));
  out.put(text);
  return out.bytes;
}

const COLUMNS = MEASUREMENTS.map(({ name, decimals }) => ({ name, decimals }));

/** The length and CRC-32 of the text behind the head. */
export function decodeHead(bytes: Uint8Array, refuse: Refuse): Stretch {
  const reader = new ByteReader(bytes, refuse);
  const magic = reader.take(MAGIC.length);
  if (!equal(magic, MAGIC)) {
    refuse(`first bytes ${hex(magic)}; expected ${hex(MAGIC)}, those of an objects file`);
  }
  const version = reader.u32();
  if (version !== FORMAT_VERSION) refuse(`format version ${version}; expected ${FORMAT_VERSION}`);
  return stretch(reader);
}

export function decodeAbout(text: Uint8Array, refuse: Refuse): ObjectsAbout {
  const about = parse(text, refuse) as Partial<ObjectsAbout & { columns: unknown }> | null;
  const { runKey, task, objectName, model, mpp } = about ?? {};
  const isText = [runKey, task, objectName, model?.name, model?.sha256].every(
    (value) => typeof value === "string",
  );
  if (!isText || !isPositive(mpp?.x) || !isPositive(mpp?.y)) {
    refuse("a head without run key, task, object name, model and µm/px");
  }
  if (JSON.stringify(about?.columns) !== JSON.stringify(COLUMNS)) {
    refuse(`other measurements than those of format ${FORMAT_VERSION}`);
  }
  return { runKey, task, objectName, model, mpp } as ObjectsAbout;
}

export function encodeDirectory(entries: readonly BlockEntry[]): Uint8Array {
  const out = new ByteWriter(entries.length * ENTRY_BYTES);
  for (const { objects, table, names, geometry } of entries) {
    out.u32(objects);
    for (const { length, crc } of [table, names, geometry]) {
      out.u32(length);
      out.u32(crc);
    }
  }
  return out.bytes;
}

export function decodeDirectory(bytes: Uint8Array, refuse: Refuse): BlockEntry[] {
  if (bytes.length % ENTRY_BYTES !== 0) refuse(`a directory of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes, refuse);
  const entries: BlockEntry[] = [];
  while (reader.left > 0) {
    const objects = reader.u32();
    if (objects < 1 || objects > MOST_BLOCK_OBJECTS) refuse(`a block of ${objects} objects`);
    const [table, names, geometry] = [stretch(reader), stretch(reader), stretch(reader)];
    // Ten bits are the least that an outline takes: what is claimed cannot outgrow the file.
    if (2 * objects > geometry.length) {
      refuse(`a block of ${objects} objects in ${geometry.length} bytes of geometry`);
    }
    entries.push({ objects, table, names, geometry });
  }
  return entries;
}

export function encodeSummary(summary: ObjectsSummary): Uint8Array {
  return Buffer.from(JSON.stringify(summary));
}

export function decodeSummary(text: Uint8Array, refuse: Refuse): ObjectsSummary {
  const { classes, measurements } = (parse(text, refuse) ?? {}) as Partial<ObjectsSummary>;
  const isClasses =
    Array.isArray(classes) &&
    classes.every(
      (entry, i) =>
        (i === 0 ? entry?.name === null : typeof entry?.name === "string") &&
        Number.isSafeInteger(entry.objects) &&
        entry.objects >= 0,
    );
  const isSpread =
    Array.isArray(measurements) &&
    measurements.length === MEASUREMENTS.length &&
    measurements.every((spread: MeasurementSpread | null) =>
      ["min", "max", "low", "high"].every((end) => {
        const value: unknown = spread?.[end as keyof MeasurementSpread];
        return value === null || Number.isFinite(value);
      }),
    );
  if (!isClasses || !isSpread || classes.length === 0) {
    return refuse("a summary without classes and measurements");
  }
  return { classes, measurements };
}

export function encodeTail(tail: Tail): Uint8Array {
  const out = new ByteWriter(TAIL_BYTES);
  out.i64(tail.offset);
  out.i64(tail.objects);
  for (const { length, crc } of [tail.directory, tail.index, tail.summary]) {
    out.u32(length);
    out.u32(crc);
  }
  out.u32(crc32(out.bytes));
  out.put(END);
  return out.bytes;
}

export function decodeTail(bytes: Uint8Array, refuse: Refuse): Tail {
  const reader = new ByteReader(bytes, refuse);
  const [offset, objects] = [reader.i64(), reader.i64()];
  const [directory, index, summary] = [stretch(reader), stretch(reader), stretch(reader)];
  const crc = reader.u32();
  const end = reader.take(4);
  if (!equal(end, END)) {
    refuse(`last bytes ${hex(end)}; expected ${hex(END)}: it is cut off`);
  }
  if (crc !== crc32(bytes.subarray(0, TAIL_BYTES - 8))) refuse("a tail of another CRC-32");
  if (summary.length > MOST_TEXT) refuse(`a summary of ${summary.length} bytes`);
  return { offset, objects, directory, index, summary };
}

function stretch(reader: ByteReader): Stretch {
  return { length: reader.u32(), crc: reader.u32() };
}

function parse(text: Uint8Array, refuse: Refuse): unknown {
  try {
    return JSON.parse(Buffer.from(text).toString("utf8"));
  } catch (error) {
    return refuse(`text that is not JSON (${(error as Error).message})`);
  }
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
