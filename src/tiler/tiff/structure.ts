/**
 * TIFF and BigTIFF directories, read defensively.
 *
 * Why not geotiff's reader: it allocates what a tag's count claims before looking at the file's
 * size, and follows a directory loop for ever; slides come from strangers.
 */
import { CorruptSlideError, UnsupportedSlideError } from "../../errors.ts";
import { type ByteSource, requireRange } from "../byte-source.ts";
import { MAX_DIRECTORIES, MAX_FILE_VALUES, MAX_TAG_VALUES, MAX_TEXT_BYTES } from "../limits.ts";
import { TAG } from "./names.ts";
import { ndpiFirstDirectory, ndpiHighWords } from "./ndpi-offsets.ts";

/** One tag of a directory; its values are read only when asked for. */
export interface TiffEntry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where the values lie in the file. */
  readonly offset: number;
  /** Bits 32 and up of a single LONG stored in the directory: NDPI alone has them, elsewhere 0. */
  readonly high: number;
}

/** One directory, with the directories its SubIFDs tag points to. */
export interface TiffDirectory {
  /** Position in the chain; a SubIFD has its parent's. */
  readonly index: number;
  readonly entries: ReadonlyMap<number, TiffEntry>;
  readonly subDirectories: readonly TiffDirectory[];
}

/** Bytes of a value by TIFF field type; types not listed are refused. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}; // biome-ignore format: a table

/** An open TIFF: its directories in file order, and its values on demand. */
export class Tiff {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly big: boolean;
  /** Whether it is laid out as Hamamatsu's NDPI: classic TIFF with high words after each directory. */
  readonly ndpi: boolean;
  readonly #directories: TiffDirectory[] = [];
  readonly #seen = new Set<number>();
  #values = 0;

  private constructor(source: ByteSource, littleEndian: boolean, big: boolean, ndpi: boolean) {
    this.source = source;
    this.littleEndian = littleEndian;
    this.big = big;
    this.ndpi = ndpi;
  }

  get directories(): readonly TiffDirectory[] {
    return this.#directories;
  }

  /** Whether the first bytes are those of a TIFF or BigTIFF. */
  static isTiff(head: Uint8Array): boolean {
    if (head.length < 8) return false;
    const little = head[0] === 0x49 && head[1] === 0x49;
    const large = head[0] === 0x4d && head[1] === 0x4d;
    if (!little && !large) return false;
    const magic = little ? head[2]! | (head[3]! << 8) : (head[2]! << 8) | head[3]!;
    return magic === 42 || magic === 43;
  }

  /** Reads every directory. Throws CorruptSlideError (cut short, looped, contradictory). */
  static async read(source: ByteSource): Promise<Tiff> {
    const header = await source.fetch(0, Math.min(16, source.size));
    const view = viewOf(header);
    const littleEndian = header[0] === 0x49;
    const big = view.getUint16(2, littleEndian) === 43;
    if (header.length < (big ? 16 : 8)) requireRange(source, 0, big ? 16 : 8, "the TIFF header");
    const ndpi = littleEndian && !big ? await ndpiFirstDirectory(source, view) : null;
    const tiff = new Tiff(source, littleEndian, big, ndpi !== null);
    const first = ndpi ?? (big ? tiff.#uint64(view, 8) : view.getUint32(4, littleEndian));
    if (first === 0) throw tiff.corrupt("its header points to no directory");
    await tiff.#readChain(first);
    return tiff;
  }

  async #readChain(first: number): Promise<void> {
    let offset = first;
    while (offset !== 0) {
      const { directory, next } = await this.#readDirectory(offset, this.#directories.length);
      this.#directories.push(directory);
      offset = next;
    }
  }

  async #readDirectory(
    offset: number,
    index: number,
    isSub = false,
  ): Promise<{ directory: TiffDirectory; next: number }> {
    if (this.#seen.has(offset)) {
      throw this.corrupt(`its directories loop: the one at byte ${offset} is pointed to twice`);
    }
    this.#seen.add(offset);
    if (this.#seen.size > MAX_DIRECTORIES) {
      throw new UnsupportedSlideError(
        `${this.source.path} has more than ${MAX_DIRECTORIES} TIFF directories; a slide has a few.`,
        { path: this.source.path },
      );
    }
    const countBytes = this.big ? 8 : 2;
    requireRange(this.source, offset, countBytes, `TIFF directory ${index}`);
    const head = viewOf(await this.source.fetch(offset, countBytes));
    const count = this.big ? this.#uint64(head, 0) : head.getUint16(0, this.littleEndian);
    if (count === 0 || count > 65535) throw this.corrupt(`directory ${index} claims ${count} tags`);
    const entryBytes = this.big ? 20 : 12;
    const nextBytes = this.big || this.ndpi ? 8 : 4;
    const length = count * entryBytes + nextBytes;
    requireRange(this.source, offset + countBytes, length, `TIFF directory ${index}`);
    const body = viewOf(await this.source.fetch(offset + countBytes, length));
    const high = this.ndpi
      ? await ndpiHighWords(this.source, offset + countBytes + length, count)
      : null;
    const entries = new Map<number, TiffEntry>();
    for (let i = 0; i < count; i++) {
      const entry = this.#readEntry(body, i * entryBytes, offset + countBytes, high?.[i] ?? 0);
      if (entry && !entries.has(entry.tag)) entries.set(entry.tag, entry);
    }
    const next =
      nextBytes === 8
        ? this.#uint64(body, count * entryBytes)
        : body.getUint32(count * entryBytes, this.littleEndian);
    const bare: TiffDirectory = { index, entries, subDirectories: [] };
    const subDirectories = isSub ? [] : await this.#readSubDirectories(bare);
    return { directory: { index, entries, subDirectories }, next };
  }

  async #readSubDirectories(parent: TiffDirectory): Promise<TiffDirectory[]> {
    const offsets = await this.numbers(parent, TAG.subIfds);
    const found: TiffDirectory[] = [];
    for (const offset of offsets ?? []) {
      found.push((await this.#readDirectory(offset, parent.index, true)).directory);
    }
    return found;
  }

  #readEntry(view: DataView, at: number, base: number, high: number): TiffEntry | null {
    const tag = view.getUint16(at, this.littleEndian);
    const type = view.getUint16(at + 2, this.littleEndian);
    const size = TYPE_BYTES[type];
    // A tag of a type that nobody defined can be skipped, as the specification asks.
    if (size === undefined) return null;
    const count = this.big ? this.#uint64(view, at + 4) : view.getUint32(at + 4, this.littleEndian);
    const inline = this.big ? 8 : 4;
    const valueAt = at + (this.big ? 12 : 8);
    // NDPI keeps every text outside of the directory, however short.
    if (count * size <= inline && !(this.ndpi && type === 2)) {
      const wide = count === 1 && (type === 4 || type === 13);
      return { tag, type, count, offset: base + valueAt, high: wide ? high : 0 };
    }
    const offset = this.big
      ? this.#uint64(view, valueAt)
      : view.getUint32(valueAt, this.littleEndian) + high * 2 ** 32;
    return { tag, type, count, offset, high: 0 };
  }

  /** The values of a numeric tag (rationals divided), or null where it is absent. */
  async numbers(directory: TiffDirectory, tag: number): Promise<Float64Array | null> {
    const entry = directory.entries.get(tag);
    if (!entry) return null;
    if (entry.count > MAX_TAG_VALUES) {
      throw this.corrupt(`tag ${tag} claims ${entry.count} values, more than ${MAX_TAG_VALUES}`);
    }
    this.#values += entry.count;
    if (this.#values > MAX_FILE_VALUES) {
      throw this.corrupt(`its directories claim more than ${MAX_FILE_VALUES} values in all`);
    }
    const view = viewOf(await this.#bytesOf(entry));
    const size = TYPE_BYTES[entry.type]!;
    const values = new Float64Array(entry.count);
    for (let i = 0; i < entry.count; i++) values[i] = this.#value(view, entry.type, i * size);
    if (entry.high > 0) values[0]! += entry.high * 2 ** 32;
    return values;
  }

  /** The first value of a numeric tag, or `otherwise` where it is absent or empty. */
  async number<T extends number | null>(
    directory: TiffDirectory,
    tag: number,
    otherwise: T,
  ): Promise<number | T> {
    const values = await this.numbers(directory, tag);
    return values?.[0] ?? otherwise;
  }

  /** A tag's text up to its first NUL, or "" where it is absent. */
  async text(directory: TiffDirectory, tag: number): Promise<string> {
    const bytes = await this.bytes(directory, tag);
    if (!bytes) return "";
    const end = bytes.indexOf(0);
    return new TextDecoder("utf-8").decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** A tag's bytes as stored, or null where it is absent. */
  async bytes(directory: TiffDirectory, tag: number): Promise<Uint8Array | null> {
    const entry = directory.entries.get(tag);
    if (!entry || entry.count === 0) return null;
    if (entry.count > MAX_TEXT_BYTES) {
      throw this.corrupt(`tag ${tag} claims ${entry.count} bytes, more than ${MAX_TEXT_BYTES}`);
    }
    return this.#bytesOf(entry);
  }

  /** A CorruptSlideError about this file. */
  corrupt(what: string): CorruptSlideError {
    const { path } = this.source;
    return new CorruptSlideError(
      `${path} is not a sound TIFF: ${what}; copy it again from where it came from, or convert it with a tool that can repair it.`,
      { path },
    );
  }

  async #bytesOf(entry: TiffEntry): Promise<Uint8Array> {
    const length = entry.count * TYPE_BYTES[entry.type]!;
    requireRange(this.source, entry.offset, length, `TIFF tag ${entry.tag}`);
    return this.source.fetch(entry.offset, length);
  }

  #value(view: DataView, type: number, at: number): number {
    const little = this.littleEndian;
    switch (type) {
      case 3:
        return view.getUint16(at, little);
      case 4:
      case 13:
        return view.getUint32(at, little);
      case 5:
        return view.getUint32(at, little) / view.getUint32(at + 4, little);
      case 6:
        return view.getInt8(at);
      case 8:
        return view.getInt16(at, little);
      case 9:
        return view.getInt32(at, little);
      case 10:
        return view.getInt32(at, little) / view.getInt32(at + 4, little);
      case 11:
        return view.getFloat32(at, little);
      case 12:
        return view.getFloat64(at, little);
      case 16:
      case 18:
        return this.#uint64(view, at);
      case 17:
        return Number(view.getBigInt64(at, little));
      default:
        return view.getUint8(at);
    }
  }

  #uint64(view: DataView, at: number): number {
    const value = view.getBigUint64(at, this.littleEndian);
    // Beyond 2^53 no file reaches: as Infinity every range check refuses it.
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
