import { type FileHandle, open, rename } from "node:fs/promises";
import sharp from "sharp";
import { hash } from "../../samples/painter/random.ts";
import { encodeDirectory, encodeHeader, type TiffField, TYPE } from "../../src/tiff-directory.ts";
import { encodeTile, type SourceTiles } from "./source-tiles.ts";

/** A mosaic's size and what it says of itself. */
export interface MosaicSpec {
  readonly width: number;
  readonly height: number;
  /** µm per level-0 px. */
  readonly mpp: number;
  readonly description: string;
  readonly seed: number;
}

/** How much smaller each level is than level 0: Aperio's ratios, 4 between neighbours. */
const DOWNSAMPLES = [1, 4, 16] as const;

interface Part {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Writes a BigTIFF pyramid laid of a real slide's JPEG tiles.
 *
 * Level 0 is the stored tiles, byte for byte, the source's whole field laid out again and again,
 * each time rolled by a seeded offset. The other levels are laid of the same tiles shrunk, and encoded
 * as YCbCr 4:2:0. One tile is in memory at a time, beside the source.
 */
export async function writeMosaic(
  path: string,
  source: SourceTiles,
  spec: MosaicSpec,
): Promise<void> {
  const unfinished = `${path}.part`;
  const file = await open(unfinished, "w");
  try {
    const writer = new MosaicWriter(file, source, spec);
    await writer.write();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

class MosaicWriter {
  readonly #file: FileHandle;
  readonly #source: SourceTiles;
  readonly #spec: MosaicSpec;
  #position = encodeHeader(true, 0).length;

  constructor(file: FileHandle, source: SourceTiles, spec: MosaicSpec) {
    this.#file = file;
    this.#source = source;
    this.#spec = spec;
  }

  async write(): Promise<void> {
    const levels = [await this.#writeStored()];
    for (const downsample of DOWNSAMPLES.slice(1))
      levels.push(await this.#writeReduced(downsample));
    this.#position += this.#position % 2;
    const first = this.#position;
    for (const [i, parts] of levels.entries()) {
      const last = i === levels.length - 1;
      const block = encodeDirectory(this.#fields(i, parts), this.#position, true, last);
      await this.#append(block);
    }
    await this.#file.write(encodeHeader(true, first), 0, null, 0);
  }

  /** Which of the source's tiles lies at a place of level 0. */
  #tileAt(column: number, row: number): number {
    const { columns, rows } = this.#source;
    const roll = hash(this.#spec.seed, Math.floor(column / columns), Math.floor(row / rows));
    const c = (column + (roll & 0xff)) % columns;
    const r = (row + ((roll >> 8) & 0xff)) % rows;
    return r * columns + c;
  }

  async #writeStored(): Promise<Part[]> {
    const { columns, rows } = this.#grid(1);
    const parts: Part[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        parts.push(await this.#append(this.#source.tiles[this.#tileAt(column, row)]!));
      }
    }
    return parts;
  }

  async #writeReduced(downsample: number): Promise<Part[]> {
    const { side } = this.#source;
    const small = await this.#shrunkTiles(downsample);
    const { columns, rows } = this.#grid(downsample);
    const parts: Part[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const rgb = new Uint8Array(side * side * 3);
        for (let y = 0; y < downsample; y++) {
          for (let x = 0; x < downsample; x++) {
            const tile = this.#tileAt(column * downsample + x, row * downsample + y);
            place(small[tile]!, side / downsample, rgb, side, x, y);
          }
        }
        parts.push(await this.#append(await encodeTile(rgb, side)));
      }
    }
    return parts;
  }

  /** Every source tile shrunk on its own: tiles' sides are multiples of the downsample. */
  async #shrunkTiles(downsample: number): Promise<Uint8Array[]> {
    const { side } = this.#source;
    const small: Uint8Array[] = [];
    const raw = { width: side, height: side, channels: 3 as const };
    for (const pixels of this.#source.pixels) {
      const shrunk = sharp(pixels, { raw }).resize(side / downsample, side / downsample, {
        kernel: "linear",
      });
      small.push(await shrunk.raw().toBuffer());
    }
    return small;
  }

  #size(downsample: number) {
    const { width, height } = this.#spec;
    return { width: Math.floor(width / downsample), height: Math.floor(height / downsample) };
  }

  #grid(downsample: number) {
    const { width, height } = this.#size(downsample);
    const { side } = this.#source;
    return { columns: Math.ceil(width / side), rows: Math.ceil(height / side) };
  }

  async #append(bytes: Uint8Array): Promise<Part> {
    const part = { offset: this.#position, bytes: bytes.length };
    await this.#file.write(bytes, 0, bytes.length, part.offset);
    this.#position += bytes.length;
    return part;
  }

  #fields(index: number, parts: readonly Part[]): TiffField[] {
    const { side, tables, photometric, subsampling } = this.#source;
    const downsample = DOWNSAMPLES[index]!;
    const { width, height } = this.#size(downsample);
    const perCm = [Math.round(10_000_000 / (this.#spec.mpp * downsample)), 1000];
    const stored = index === 0;
    const fields: TiffField[] = [
      { tag: 254, type: TYPE.LONG, values: [stored ? 0 : 1] },
      { tag: 256, type: TYPE.LONG, values: [width] },
      { tag: 257, type: TYPE.LONG, values: [height] },
      { tag: 258, type: TYPE.SHORT, values: [8, 8, 8] },
      { tag: 259, type: TYPE.SHORT, values: [7] },
      { tag: 262, type: TYPE.SHORT, values: [stored ? photometric : 6] },
      { tag: 270, type: TYPE.ASCII, values: [...Buffer.from(`${this.#spec.description}\0`)] },
      { tag: 277, type: TYPE.SHORT, values: [3] },
      { tag: 282, type: TYPE.RATIONAL, values: perCm },
      { tag: 283, type: TYPE.RATIONAL, values: perCm },
      { tag: 284, type: TYPE.SHORT, values: [1] },
      { tag: 296, type: TYPE.SHORT, values: [3] },
      { tag: 322, type: TYPE.LONG, values: [side] },
      { tag: 323, type: TYPE.LONG, values: [side] },
      { tag: 324, type: TYPE.LONG8, values: parts.map((part) => part.offset) },
      { tag: 325, type: TYPE.LONG, values: parts.map((part) => part.bytes) },
    ];
    if (stored && tables) fields.push({ tag: 347, type: TYPE.UNDEFINED, values: [...tables] });
    if (!stored || photometric === 6) {
      fields.push({ tag: 530, type: TYPE.SHORT, values: stored ? subsampling : [2, 2] });
    }
    return fields;
  }
}

function place(
  from: Uint8Array,
  small: number,
  into: Uint8Array,
  side: number,
  column: number,
  row: number,
): void {
  for (let y = 0; y < small; y++) {
    const at = ((row * small + y) * side + column * small) * 3;
    into.set(from.subarray(y * small * 3, (y + 1) * small * 3), at);
  }
}
