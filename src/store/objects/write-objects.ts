import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { MicrotomeError } from "../../errors.ts";
import { MEASUREMENTS } from "../../measurements.ts";
import type { Instance } from "../../merge/instance.ts";
import { unwritable } from "../../unwritable.ts";
import { encodeBlock } from "./block-encoder.ts";
import { encodeBlockIndex } from "./block-index.ts";
import {
  BLOCK_OBJECTS,
  type BlockEntry,
  encodeDirectory,
  encodeHead,
  encodeSummary,
  encodeTail,
  MOST_TEXT,
  type ObjectsAbout,
  type Stretch,
} from "./layout.ts";
import { ValueSpread } from "./value-spread.ts";

/** Bytes are handed to the system in pieces of about this size. */
const PIECE = 1 << 20;
/** A block of large outlines ends early: at this many numbers. */
const BLOCK_NUMBERS = 1 << 17;

/** An entry of a class in the summary without its name, and room for all that is not classes, bytes. */
const CLASS_BYTES = 40;
const SPREADS_BYTES = 1 << 16;

/** What became of the objects that were written. */
export interface WrittenObjects {
  readonly objects: number;
  readonly bytes: number;
  /** Objects by class, those without one under the task's name for them. */
  readonly byClass: Readonly<Record<string, number>>;
}

/**
 * Writes objects, in the order in which they come, to an objects file (docs/run-format.md).
 *
 * Memory holds one block of objects and 60 bytes for each block before it. Coordinates are kept to 0.01 px and
 * measurements to the decimals of MEASUREMENTS, which is what GeoJSON prints. The file appears under
 * its name when it is complete; the same objects give the same bytes. Throws MicrotomeError
 * `output-unwritable`, `corrupt-file` where the classes' names are more than a reader takes, RangeError as encodeBlock does, and whatever `instances` throws.
 */
export async function writeObjects(
  instances: AsyncIterable<Instance>,
  options: { readonly path: string; readonly about: ObjectsAbout },
): Promise<WrittenObjects> {
  const { path, about } = options;
  const part = `${path}.part`;
  const writer = new ObjectsWriter(part, about);
  try {
    await writer.open();
    let waiting: Instance[] = [];
    let numbers = 0;
    for await (const instance of instances) {
      waiting.push(instance);
      numbers += numbersOf(instance);
      if (waiting.length < BLOCK_OBJECTS && numbers < BLOCK_NUMBERS) continue;
      await writer.addBlock(waiting);
      [waiting, numbers] = [[], 0];
    }
    if (waiting.length > 0) await writer.addBlock(waiting);
    const written = await writer.finish();
    await guarded(part, () => rename(part, path));
    return written;
  } catch (error) {
    await writer.giveUp();
    throw error;
  }
}

function numbersOf({ polygon }: Instance): number {
  return polygon.holes.reduce((sum, hole) => sum + hole.length, polygon.outer.length);
}

class ObjectsWriter {
  readonly #path: string;
  readonly #about: ObjectsAbout;
  readonly #entries: BlockEntry[] = [];
  readonly #boxes: number[] = [];
  readonly #classes = new Map<string | null, number>([[null, 0]]);
  readonly #perClass: number[] = [0];
  /** What the classes take up in the summary at most, bytes. */
  #classBytes = 0;
  readonly #spreads = MEASUREMENTS.map(() => new ValueSpread());
  #file: FileHandle | null = null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #offset = 0;
  #objects = 0;

  constructor(path: string, about: ObjectsAbout) {
    this.#path = path;
    this.#about = about;
  }

  async open(): Promise<void> {
    this.#file = await guarded(this.#path, () => open(this.#path, "w"));
    await this.#put(encodeHead(this.#about));
  }

  async addBlock(instances: readonly Instance[]): Promise<void> {
    const block = encodeBlock(instances, (name) => this.#classCode(name ?? null));
    for (const [i, spread] of this.#spreads.entries()) {
      for (const value of block.measurements[i]!) spread.add(value);
    }
    const { objects, table, names, geometry } = block;
    this.#entries.push({
      objects,
      table: await this.#put(table),
      names: await this.#put(names),
      geometry: await this.#put(geometry),
    });
    this.#boxes.push(...block.box);
    this.#objects += objects;
  }

  async finish(): Promise<WrittenObjects> {
    const file = this.#file!;
    const offset = this.#offset;
    const directory = await this.#put(encodeDirectory(this.#entries));
    const index = await this.#put(encodeBlockIndex(this.#boxes));
    const classes = [...this.#classes].map(([name, code]) => ({
      name,
      objects: this.#perClass[code]!,
    }));
    const measurements = this.#spreads.map((spread) => spread.finish());
    const summary = await this.#put(encodeSummary({ classes, measurements }));
    await this.#put(encodeTail({ objects: this.#objects, offset, directory, index, summary }));
    await this.#flush();
    await guarded(this.#path, () => file.sync());
    this.#file = null;
    await file.close();
    const byClass: Record<string, number> = {};
    for (const { name, objects } of classes) {
      if (objects === 0) continue;
      const called = name ?? this.#about.objectName;
      byClass[called] = (byClass[called] ?? 0) + objects;
    }
    return { objects: this.#objects, bytes: this.#offset, byClass };
  }

  /** Leaves nothing behind. */
  async giveUp(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  #classCode(name: string | null): number {
    let code = this.#classes.get(name);
    if (code === undefined) {
      this.#classBytes += Buffer.byteLength(JSON.stringify(name)) + CLASS_BYTES;
      if (this.#classBytes > MOST_TEXT - SPREADS_BYTES) this.#refuseClasses();
      code = this.#perClass.length;
      this.#classes.set(name, code);
      this.#perClass.push(0);
    }
    this.#perClass[code]!++;
    return code;
  }

  #refuseClasses(): never {
    const found = this.#classes.size;
    throw new MicrotomeError(
      "corrupt-file",
      `${this.#path}: the names of the objects' first ${found} classes come to more than an objects file holds (${MOST_TEXT} bytes); give the objects fewer classes, or shorter names.`,
      { path: this.#path, found, expected: MOST_TEXT },
    );
  }

  async #put(bytes: Uint8Array): Promise<Stretch> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#offset += bytes.length;
    if (this.#waitingBytes >= PIECE) await this.#flush();
    return { length: bytes.length, crc: crc32(bytes) };
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    [this.#waiting, this.#waitingBytes] = [[], 0];
    for (let done = 0; done < bytes.length; ) {
      // A nearly full disk takes less than it is given.
      const { bytesWritten } = await guarded(this.#path, () =>
        this.#file!.write(bytes, done, bytes.length - done),
      );
      done += bytesWritten;
    }
  }
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(path, error);
  }
}
