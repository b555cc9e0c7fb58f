import { MEASUREMENTS } from "../../measurements.ts";
import type { Outline } from "../../outline.ts";
import { ByteReader, type Refuse } from "./byte-reader.ts";
import { PackedColumn } from "./packed-column.ts";
import { RingReader } from "./ring-code.ts";
import { putUuid, uuidAt } from "./uuid-bytes.ts";

const SCALES = MEASUREMENTS.map(({ decimals }) => 10 ** decimals);

/** Boxes, classes, centroids and measurements of a block's objects, each found without the others. */
export class BlockTable {
  /** Position of the block's first object among all. */
  readonly first: number;
  readonly count: number;
  readonly #columns: readonly PackedColumn[];
  readonly #measurements: readonly PackedColumn[];
  readonly #classes: number;
  readonly #refuse: Refuse;

  /** `classes` is how many class codes there are. */
  constructor(bytes: Uint8Array, first: number, count: number, classes: number, refuse: Refuse) {
    this.first = first;
    this.count = count;
    const reader = new ByteReader(bytes, refuse);
    this.#columns = Array.from({ length: 7 }, () => new PackedColumn(reader, count));
    if (this.#columns.some(({ hasGaps }) => hasGaps)) refuse("an object without box or place");
    this.#measurements = MEASUREMENTS.map(() => new PackedColumn(reader, count));
    this.#classes = classes;
    this.#refuse = refuse;
    if (reader.left > 0) refuse(`${reader.left} bytes behind its columns`);
  }

  /** An object's box, hundredths of a level-0 px. */
  minX(i: number): number {
    return this.#columns[0]!.at(i);
  }

  minY(i: number): number {
    return this.#columns[1]!.at(i);
  }

  width(i: number): number {
    return this.#columns[2]!.at(i);
  }

  height(i: number): number {
    return this.#columns[3]!.at(i);
  }

  maxX(i: number): number {
    return this.minX(i) + this.width(i);
  }

  maxY(i: number): number {
    return this.minY(i) + this.height(i);
  }

  /** 0 where an object is what its task calls it, else the class's position among the file's classes. */
  classOf(i: number): number {
    const code = this.#columns[4]!.at(i);
    if (code >= 0 && code < this.#classes) return code;
    return this.#refuse(`class ${code} of ${this.#classes}`);
  }

  /** Level-0 px. */
  centroid(i: number): { readonly x: number; readonly y: number } {
    return {
      x: (this.minX(i) + this.#columns[5]!.at(i)) / 100,
      y: (this.minY(i) + this.#columns[6]!.at(i)) / 100,
    };
  }

  /** A measurement by its position in MEASUREMENTS; NaN where the object has none. */
  measurement(which: number, i: number): number {
    return this.#measurements[which]!.at(i) / SCALES[which]!;
  }
}

/** Ids and contributing patches of a block's objects. */
export class BlockNames {
  /** 16 bytes of each UUID, end to end; null where ids are other texts. */
  readonly uuids: Uint8Array | null;
  readonly #texts: readonly string[];
  readonly #patchNames: readonly string[];
  readonly #patches: PackedColumn;
  readonly #patchesFrom: Uint32Array;
  readonly #refuse: Refuse;

  constructor(bytes: Uint8Array, count: number, refuse: Refuse) {
    const reader = new ByteReader(bytes, refuse);
    this.#refuse = refuse;
    const kind = reader.u8();
    if (kind > 1) refuse(`ids of kind ${kind}`);
    this.uuids = kind === 0 ? reader.take(16 * count) : null;
    this.#texts = kind === 0 ? [] : readTexts(reader, count, refuse);
    const names = reader.u32();
    // A name has a length of its own only where lengths differ, but no name is empty.
    if (names > reader.left) refuse(`${names} patches in ${reader.left} bytes`);
    this.#patchNames = readTexts(reader, names, refuse);
    const counts = new PackedColumn(reader, count);
    // References take no bits where there is one name alone: an object with so many would repeat it.
    const total = counts.totalLength(0, 8 * bytes.length, refuse);
    this.#patchesFrom = offsets(counts);
    this.#patches = new PackedColumn(reader, total);
    if (reader.left > 0) refuse(`${reader.left} bytes behind its columns`);
  }

  /** Which object has an id; −1 for none. */
  find(id: string): number {
    const { uuids } = this;
    if (!uuids) return this.#texts.indexOf(id);
    const wanted = new Uint8Array(16);
    if (!putUuid(id, wanted, 0)) return -1;
    for (let at = 0; at < uuids.length; at += 16) {
      let i = 0;
      while (i < 16 && uuids[at + i] === wanted[i]) i++;
      if (i === 16) return at / 16;
    }
    return -1;
  }

  id(i: number): string {
    return this.uuids ? uuidAt(this.uuids, 16 * i) : this.#texts[i]!;
  }

  patches(i: number): string[] {
    const found: string[] = [];
    for (let p = this.#patchesFrom[i]!; p < this.#patchesFrom[i + 1]!; p++) {
      const code = this.#patches.at(p);
      found.push(
        this.#patchNames[code] ?? this.#refuse(`patch ${code} of ${this.#patchNames.length}`),
      );
    }
    return found;
  }
}

/** Outlines of a block's objects, each found without the others. */
export class BlockGeometry {
  readonly #points: PackedColumn;
  readonly #startX: PackedColumn;
  readonly #startY: PackedColumn;
  readonly #ringsFrom: Uint32Array;
  readonly #bytesFrom: Uint32Array;
  readonly #rings: RingReader;

  constructor(bytes: Uint8Array, count: number, refuse: Refuse) {
    const reader = new ByteReader(bytes, refuse);
    const holes = new PackedColumn(reader, count);
    // A point takes two bits or more, a ring three points: a bound for whatever the columns claim.
    const mostPoints = 4 * bytes.length + 3 * count;
    const rings = count + holes.totalLength(0, mostPoints, refuse);
    this.#points = new PackedColumn(reader, rings);
    this.#points.totalLength(3, mostPoints, refuse);
    this.#startX = new PackedColumn(reader, count);
    this.#startY = new PackedColumn(reader, count);
    if (this.#startX.hasGaps || this.#startY.hasGaps) refuse("an outline without a beginning");
    const lengths = new PackedColumn(reader, count);
    const total = lengths.totalLength(1, reader.left, refuse);
    this.#rings = new RingReader(reader.take(total), refuse);
    if (reader.left > 0) refuse(`${reader.left} bytes behind its outlines`);
    this.#ringsFrom = offsets(holes, 1);
    this.#bytesFrom = offsets(lengths);
  }

  /** The outline of an object whose box begins at (minX, minY) hundredths. */
  outline(i: number, minX: number, minY: number, into: Outline): void {
    const { pointsOf } = into;
    const first = this.#ringsFrom[i]!;
    const rings = this.#ringsFrom[i + 1]! - first;
    let total = 0;
    for (let r = 0; r < rings; r++) {
      const points = this.#points.at(first + r);
      pointsOf[r] = points;
      total += points;
    }
    if (pointsOf.length > rings) pointsOf.length = rings;
    into.room(total);
    const [x0, y0] = [minX + this.#startX.at(i), minY + this.#startY.at(i)];
    this.#rings.read(this.#bytesFrom[i]!, this.#bytesFrom[i + 1]!, x0, y0, into);
  }
}

/** Where each of lists that lie end to end begins, and where the last one ends. */
function offsets(lengths: PackedColumn, more = 0): Uint32Array {
  const from = new Uint32Array(lengths.count + 1);
  for (let i = 0; i < lengths.count; i++) from[i + 1] = from[i]! + lengths.at(i) + more;
  return from;
}

function readTexts(reader: ByteReader, count: number, refuse: Refuse): string[] {
  const lengths = new PackedColumn(reader, count);
  lengths.totalLength(0, reader.left, refuse);
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(reader.take(lengths.at(i))).toString("utf8"),
  );
}
