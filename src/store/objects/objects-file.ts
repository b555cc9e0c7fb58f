import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { BlockCache } from "../../block-cache.ts";
import { MicrotomeError } from "../../errors.ts";
import type { Box, Polygon } from "../../geometry.ts";
import { MEASUREMENTS } from "../../measurements.ts";
import type { Instance } from "../../merge/instance.ts";
import type { InstanceSource, PlacedInstance } from "../instance-source.ts";
import type { BlockIndex } from "./block-index.ts";
import { BlockNames, BlockTable } from "./block-parts.ts";
import type { BlockEntry, ObjectsAbout, ObjectsSummary } from "./layout.ts";
import { LoadedBlock } from "./loaded-block.ts";
import { type Contents, corrupt, lengthOf, readAt, readContents } from "./read-contents.ts";

/** Blocks that were read are kept up to so many bytes, and so are tables that were read without their blocks. */
const BLOCK_CACHE_BYTES = 16 << 20;
const TABLE_CACHE_BYTES = 32 << 20;
/** What `all` reads at once. */
const RUN_BYTES = 1 << 20;
/** Blocks that `within` reads ahead. */
const AHEAD = 16;

/** A block's table that was read without the rest of it. */
interface LoadedTable {
  readonly data: Uint8Array;
  readonly table: BlockTable;
}

/** Blocks from `first` up to `end` on their way from the disk. */
interface Reading {
  readonly first: number;
  readonly end: number;
  readonly bytes: Promise<Uint8Array>;
}

/**
 * The objects of a run as they lie in its objects file (docs/run-format.md).
 *
 * In memory are the directory and the index of blocks, some hundred bytes for 256 objects, and up to 48 MiB of
 * blocks and tables. Every byte that is used is covered by a CRC-32: whatever does not match, contradicts itself, is cut off or is
 * another file ends in MicrotomeError `corrupt-file`, from opening or from reading.
 */
export class ObjectsFile implements InstanceSource {
  readonly path: string;
  readonly about: ObjectsAbout;
  readonly summary: ObjectsSummary;
  readonly count: number;
  readonly extent: Box | null;
  /** Tells a file from one that took its place. */
  readonly identity: number;
  readonly #file: FileHandle;
  readonly #entries: readonly BlockEntry[];
  readonly #index: BlockIndex;
  /** Position of each block's first object, and the number of objects. */
  readonly #firsts: Float64Array;
  /** Where each block begins in the file, and where the last one ends. */
  readonly #offsets: Float64Array;
  readonly #classes: readonly (string | null)[];
  readonly #blocks = new BlockCache<LoadedBlock>(BLOCK_CACHE_BYTES);
  readonly #alone = new BlockCache<LoadedTable>(TABLE_CACHE_BYTES);

  private constructor(path: string, file: FileHandle, contents: Contents) {
    const { about, summary, entries, index, start, identity } = contents;
    this.path = path;
    this.about = about;
    this.summary = summary;
    this.identity = identity;
    this.#file = file;
    this.#entries = entries;
    this.#index = index;
    this.#classes = summary.classes.map(({ name }) => name);
    this.#firsts = new Float64Array(entries.length + 1);
    this.#offsets = new Float64Array(entries.length + 1);
    this.#offsets[0] = start;
    for (const [b, entry] of entries.entries()) {
      this.#firsts[b + 1] = this.#firsts[b]! + entry.objects;
      this.#offsets[b + 1] = this.#offsets[b]! + lengthOf(entry);
    }
    this.count = this.#firsts[entries.length]!;
    this.extent = extentOf(index.boxes);
  }

  /** Opens an objects file. Throws MicrotomeError `input-not-found`, `corrupt-file`. */
  static async open(path: string): Promise<ObjectsFile> {
    let file: FileHandle;
    try {
      file = await open(path, "r");
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      throw new MicrotomeError(
        "input-not-found",
        `${path} cannot be read (${reason}); expected the objects file of a run. Check the path.`,
        { path, reason },
        error,
      );
    }
    try {
      return new ObjectsFile(path, file, await readContents(path, file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#blocks.clear();
    this.#alone.clear();
    await this.#file.close();
  }

  async *all(): AsyncGenerator<Instance, void, void> {
    for await (const block of this.blocks()) {
      for (let i = 0; i < block.table.count; i++) yield block.instance(i);
    }
  }

  /** Blocks that hold objects from one position up to another, all of them by default; read in long stretches past the cache. */
  async *blocks(from = 0, to = this.count): AsyncGenerator<LoadedBlock, void, void> {
    if (from >= to) return;
    const begin = this.#blockOf(from);
    const count = this.#blockOf(to - 1) + 1;
    const readFrom = (first: number): Reading => {
      let end = first;
      while (
        end < count &&
        (end === first || this.#offsets[end + 1]! - this.#offsets[first]! <= RUN_BYTES)
      )
        end++;
      const from = this.#offsets[first]!;
      const bytes = readAt(this.path, this.#file, from, this.#offsets[end]! - from);
      // Heard of when it is awaited; until then it must not end the process.
      bytes.catch(() => undefined);
      return { first, end, bytes };
    };
    let next: Reading | null = readFrom(begin);
    while (next) {
      const { first, end, bytes }: Reading = next;
      next = end < count ? readFrom(end) : null;
      const data = await bytes;
      const start = this.#offsets[first]!;
      for (let b = first; b < end; b++) {
        const [from, to] = [this.#offsets[b]! - start, this.#offsets[b + 1]! - start];
        yield this.#toBlock(b, data.subarray(from, to));
      }
    }
  }

  cuts(bytes: number): number[] {
    const found = [0];
    let from = this.#offsets[0]!;
    for (let b = 1; b < this.#entries.length; b++) {
      if (this.#offsets[b + 1]! - from <= bytes) continue;
      found.push(this.#firsts[b]!);
      from = this.#offsets[b]!;
    }
    if (this.count > 0) found.push(this.count);
    return found;
  }

  async *within(box: Box): AsyncGenerator<PlacedInstance, void, void> {
    const [maxX, maxY] = [box.x + box.width, box.y + box.height];
    for await (const block of this.#loaded(this.#meeting(box))) {
      const { table } = block;
      for (let i = 0; i < table.count; i++) {
        if (table.minX(i) / 100 > maxX || table.maxX(i) / 100 < box.x) continue;
        if (table.minY(i) / 100 > maxY || table.maxY(i) / 100 < box.y) continue;
        yield { index: table.first + i, instance: block.instance(i) };
      }
    }
  }

  /** The object at a position in the order of `all`; null where there is none. */
  async at(index: number): Promise<Instance | null> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.count)) return null;
    const b = this.#blockOf(index);
    return (await this.#block(b)).instance(index - this.#firsts[b]!);
  }

  /** Boxes, classes, centroids and measurements of all objects in order, a block at a time, without their geometry. */
  tables(): AsyncGenerator<BlockTable, void, void> {
    return this.#tables(this.#entries.map((_, b) => b));
  }

  /** The same of the blocks that may hold objects whose boxes meet `box`, level-0 px. */
  tablesWithin(box: Box): AsyncGenerator<BlockTable, void, void> {
    return this.#tables(this.#meeting(box));
  }

  /** A measurement of every object, by its position in MEASUREMENTS; NaN where an object has none. */
  async column(measurement: number): Promise<Float64Array<ArrayBuffer>> {
    if (!MEASUREMENTS[measurement]) throw new RangeError(`there is no measurement ${measurement}`);
    const values = new Float64Array(this.count);
    for await (const table of this.tables()) {
      for (let i = 0; i < table.count; i++) {
        values[table.first + i] = table.measurement(measurement, i);
      }
    }
    return values;
  }

  /** The outlines of objects at ascending positions, each block read once. */
  async *polygons(indices: readonly number[]): AsyncGenerator<Polygon, void, void> {
    const blocks = [...new Set(indices.map((index) => this.#blockOf(index)))];
    let next = 0;
    for await (const block of this.#loaded(blocks)) {
      const { first, count } = block.table;
      for (; next < indices.length && indices[next]! < first + count; next++) {
        yield block.polygon(indices[next]! - first);
      }
    }
  }

  /** How many objects' boxes have their middles in a box, its far edges left out. Blocks that lie inside are not read. */
  async countMiddles(box: Box): Promise<number> {
    const [minX, minY] = [box.x * 100, box.y * 100];
    const [maxX, maxY] = [(box.x + box.width) * 100, (box.y + box.height) * 100];
    const { boxes } = this.#index;
    let count = 0;
    const border = this.#meeting(box).filter((b) => {
      const [x0, y0, x1, y1] = boxes.subarray(4 * b, 4 * b + 4);
      const inside = x0! >= minX && y0! >= minY && x1! < maxX && y1! < maxY;
      if (inside) count += this.#entries[b]!.objects;
      return !inside;
    });
    for await (const table of this.#tables(border)) {
      for (let i = 0; i < table.count; i++) {
        const x = (table.minX(i) + table.maxX(i)) / 2;
        const y = (table.minY(i) + table.maxY(i)) / 2;
        if (x >= minX && x < maxX && y >= minY && y < maxY) count++;
      }
    }
    return count;
  }

  /** The position of the object of this id, −1 where there is none: looks through the ids of all blocks. */
  async indexOf(id: string): Promise<number> {
    for (const [b, { table, names, objects }] of this.#entries.entries()) {
      const offset = this.#offsets[b]! + table.length;
      const bytes = await readAt(this.path, this.#file, offset, names.length);
      if (crc32(bytes) !== names.crc) this.#refuse(b, "names", "another CRC-32");
      const refuse = (found: string) => this.#refuse(b, "names", found);
      const at = new BlockNames(bytes, objects, refuse).find(id);
      if (at >= 0) return this.#firsts[b]! + at;
    }
    return -1;
  }

  /** Blocks that may hold objects which meet a box, in order. */
  #meeting({ x, y, width, height }: Box): number[] {
    // A hundredth more on every side: the product's rounding must not lose a block.
    const [minX, minY] = [Math.floor(x * 100) - 1, Math.floor(y * 100) - 1];
    const [maxX, maxY] = [Math.ceil((x + width) * 100) + 1, Math.ceil((y + height) * 100) + 1];
    const found = this.#index.tree?.search(minX, minY, maxX, maxY) ?? [];
    return found.sort((a, b) => a - b);
  }

  #blockOf(index: number): number {
    let [low, high] = [0, this.#entries.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firsts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #block(b: number): LoadedBlock | Promise<LoadedBlock> {
    return this.#blocks.get(String(b), async () => {
      const [from, to] = [this.#offsets[b]!, this.#offsets[b + 1]!];
      return this.#toBlock(b, await readAt(this.path, this.#file, from, to - from));
    });
  }

  #toBlock(b: number, data: Uint8Array): LoadedBlock {
    const entry = this.#entries[b]!;
    let at = 0;
    for (const part of ["table", "names", "geometry"] as const) {
      const { length, crc } = entry[part];
      if (crc32(data.subarray(at, at + length)) !== crc) this.#refuse(b, part, "another CRC-32");
      at += length;
    }
    const refuse = (part: string, found: string) => this.#refuse(b, part, found);
    return new LoadedBlock(data, {
      first: this.#firsts[b]!,
      entry,
      classes: this.#classes,
      refuse,
    });
  }

  #refuse(b: number, part: string, found: string): never {
    const [first, last] = [this.#firsts[b]!, this.#firsts[b + 1]! - 1];
    return corrupt(this.path, `block ${b} (objects ${first} to ${last}), ${part}: ${found}`);
  }

  /** Blocks as they are asked for, the next few on their way meanwhile. */
  async *#loaded(blocks: readonly number[]): AsyncGenerator<LoadedBlock, void, void> {
    for (let from = 0; from < blocks.length; from += AHEAD) {
      const some = blocks.slice(from, from + AHEAD).map((b) => this.#block(b));
      for (const block of await Promise.all(some)) yield block;
    }
  }

  #table(b: number): LoadedTable | Promise<LoadedTable> {
    return this.#alone.get(String(b), async () => {
      const { table, objects } = this.#entries[b]!;
      const data = await readAt(this.path, this.#file, this.#offsets[b]!, table.length);
      if (crc32(data) !== table.crc) this.#refuse(b, "table", "another CRC-32");
      const refuse = (found: string) => this.#refuse(b, "table", found);
      const [first, classes] = [this.#firsts[b]!, this.#classes.length];
      return { data, table: new BlockTable(data, first, objects, classes, refuse) };
    });
  }

  async *#tables(blocks: readonly number[]): AsyncGenerator<BlockTable, void, void> {
    const load = async (b: number): Promise<BlockTable> => {
      const held = await (this.#blocks.find(String(b)) ?? this.#table(b));
      return held.table;
    };
    for (let from = 0; from < blocks.length; from += AHEAD) {
      for (const table of await Promise.all(blocks.slice(from, from + AHEAD).map(load)))
        yield table;
    }
  }
}

function extentOf(boxes: Float64Array): Box | null {
  if (boxes.length === 0) return null;
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < boxes.length; i += 4) {
    minX = Math.min(minX, boxes[i]!);
    minY = Math.min(minY, boxes[i + 1]!);
    maxX = Math.max(maxX, boxes[i + 2]!);
    maxY = Math.max(maxY, boxes[i + 3]!);
  }
  const [x, y] = [minX / 100, minY / 100];
  return { x, y, width: maxX / 100 - x, height: maxY / 100 - y };
}
