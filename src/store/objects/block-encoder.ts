import type { Polygon } from "../../geometry.ts";
import { MEASUREMENTS } from "../../measurements.ts";
import type { Instance } from "../../merge/instance.ts";
import { ByteWriter } from "./byte-writer.ts";
import { writeColumn } from "./packed-column.ts";
import { MOST_UNITS, writeRings } from "./ring-code.ts";
import { putUuid } from "./uuid-bytes.ts";

/** A block as it goes into the file. */
export interface EncodedBlock {
  readonly objects: number;
  /** minX, minY, maxX, maxY of all, hundredths of a level-0 px. */
  readonly box: readonly [number, number, number, number];
  /** Boxes, classes, centroids and measurements. */
  readonly table: Uint8Array;
  /** Ids and contributing patches. */
  readonly names: Uint8Array;
  readonly geometry: Uint8Array;
  /** The measurements as they are stored, one array a column, NaN for none. */
  readonly measurements: readonly (readonly number[])[];
}

/** Columns of the table before the measurements. */
type Plain = "minX" | "minY" | "width" | "height" | "classOf" | "centroidX" | "centroidY";

/**
 * Packs some hundred objects into the parts of a block (docs/run-format.md). Throws RangeError where an
 * object is none: a ring of fewer than three points, a coordinate that is not finite or beyond 2⁴⁴ hundredths.
 */
export function encodeBlock(
  instances: readonly Instance[],
  classCode: (name: string | undefined) => number,
): EncodedBlock {
  const outlines = new OutlineWriter();
  const plain: Record<Plain, number[]> = {
    minX: [],
    minY: [],
    width: [],
    height: [],
    classOf: [],
    centroidX: [],
    centroidY: [],
  };
  const measurements: number[][] = MEASUREMENTS.map(() => []);
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const instance of instances) {
    const [minX, minY, maxX, maxY] = outlines.add(instance.polygon);
    plain.minX.push(minX);
    plain.minY.push(minY);
    plain.width.push(maxX - minX);
    plain.height.push(maxY - minY);
    plain.classOf.push(classCode(instance.classification));
    plain.centroidX.push(toUnits(instance.centroid.x) - minX);
    plain.centroidY.push(toUnits(instance.centroid.y) - minY);
    for (const [i, { field, decimals }] of MEASUREMENTS.entries()) {
      measurements[i]!.push(scaled(instance[field], decimals));
    }
    box[0] = Math.min(box[0], minX);
    box[1] = Math.min(box[1], minY);
    box[2] = Math.max(box[2], maxX);
    box[3] = Math.max(box[3], maxY);
  }
  const table = new ByteWriter();
  for (const column of Object.values(plain)) writeColumn(table, column, column.length);
  for (const column of measurements) writeColumn(table, column, column.length);
  return {
    objects: instances.length,
    box,
    table: table.bytes,
    names: encodeNames(instances),
    geometry: outlines.finish(),
    measurements: measurements.map((column, i) =>
      column.map((value) => value / 10 ** MEASUREMENTS[i]!.decimals),
    ),
  };
}

/** Collects outlines and where each begins. */
class OutlineWriter {
  readonly #holes: number[] = [];
  readonly #points: number[] = [];
  readonly #startX: number[] = [];
  readonly #startY: number[] = [];
  readonly #lengths: number[] = [];
  readonly #bits = new ByteWriter(1 << 15);
  #units = new Float64Array(1024);

  /** Adds an outline and returns minX, minY, maxX, maxY in hundredths. */
  add(polygon: Polygon): readonly [number, number, number, number] {
    const { holes } = polygon;
    const first = this.#points.length;
    let end = this.#addRing(polygon.outer, 0);
    for (const hole of holes) end = this.#addRing(hole, end);
    const units = this.#units;
    let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < end; i += 2) {
      const [x, y] = [units[i]!, units[i + 1]!];
      if (x < minX) minX = x;
      if (x > maxX) maxX = x;
      if (y < minY) minY = y;
      if (y > maxY) maxY = y;
    }
    this.#holes.push(holes.length);
    this.#startX.push(units[0]! - minX);
    this.#startY.push(units[1]! - minY);
    const before = this.#bits.length;
    writeRings(this.#bits, units, this.#points.slice(first), holes.length + 1);
    this.#lengths.push(this.#bits.length - before);
    return [minX, minY, maxX, maxY];
  }

  finish(): Uint8Array {
    const out = new ByteWriter(this.#bits.length + 1024);
    const columns = [this.#holes, this.#points, this.#startX, this.#startY, this.#lengths];
    for (const column of columns) writeColumn(out, column, column.length);
    out.put(this.#bits.bytes);
    return out.bytes;
  }

  #addRing(ring: readonly number[], from: number): number {
    const end = from + ring.length;
    if (ring.length < 6 || ring.length % 2 !== 0) {
      throw new RangeError(`found a ring of ${ring.length} numbers, expected 6 or more, in pairs`);
    }
    if (end > this.#units.length) {
      const grown = new Float64Array(2 * end);
      grown.set(this.#units.subarray(0, from));
      this.#units = grown;
    }
    for (let i = 0; i < ring.length; i++) this.#units[from + i] = toUnits(ring[i]!);
    this.#points.push(ring.length / 2);
    return end;
  }
}

function encodeNames(instances: readonly Instance[]): Uint8Array {
  const out = new ByteWriter();
  const uuids = new Uint8Array(16 * instances.length);
  const isUuids = instances.every(({ id }, i) => putUuid(id, uuids, 16 * i));
  out.u8(isUuids ? 0 : 1);
  if (isUuids) out.put(uuids);
  else
    writeTexts(
      out,
      instances.map(({ id }) => id),
    );
  const codes = new Map<string, number>();
  const counts: number[] = [];
  const references: number[] = [];
  for (const { patches } of instances) {
    counts.push(patches.length);
    for (const patch of patches) {
      let code = codes.get(patch);
      if (code === undefined) {
        code = codes.size;
        codes.set(patch, code);
      }
      references.push(code);
    }
  }
  out.u32(codes.size);
  writeTexts(out, [...codes.keys()]);
  writeColumn(out, counts, counts.length);
  writeColumn(out, references, references.length);
  return out.bytes;
}

function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  const coded = texts.map((text) => Buffer.from(text, "utf8"));
  const lengths = coded.map(({ length }) => length);
  writeColumn(out, lengths, lengths.length);
  for (const bytes of coded) out.put(bytes);
}

function toUnits(px: number): number {
  const units = Math.round(px * 100);
  if (Math.abs(units) <= MOST_UNITS) return units;
  throw new RangeError(`found a coordinate of ${px}, expected at most ${MOST_UNITS / 100} px`);
}

/** The whole number that a value with so many decimals is printed as, NaN for what is not finite. */
function scaled(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return Number.NaN;
  const exact = value * 10 ** decimals;
  const whole = Math.round(exact);
  // Near the middle between two the product's own rounding could decide otherwise than toFixed does.
  if (Math.abs(whole) < 1e9 && Math.abs(Math.abs(exact - whole) - 0.5) > 1e-3) return whole;
  return Math.round(Number(value.toFixed(decimals)) * 10 ** decimals);
}
