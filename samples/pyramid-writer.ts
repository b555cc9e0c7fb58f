import { type FileHandle, open } from "node:fs/promises";
import sharp from "sharp";
import { encodeDirectory, encodeHeader, type TiffField, TYPE } from "../src/tiff-directory.ts";

/** How a slide file is laid out. */
export interface PyramidSpec {
  readonly width: number;
  readonly height: number;
  /** Side of a tile, px; a multiple of 16. */
  readonly tile: number;
  /** JPEG quality, 1..100. */
  readonly quality: number;
  /** µm per level-0 px. */
  readonly mpp: number;
  readonly description: string;
  /** 64-bit offsets: needed beyond 4 GB. */
  readonly big: boolean;
}

interface LevelState {
  readonly width: number;
  readonly height: number;
  /** One row of tiles, padded to whole tiles; RGB. */
  readonly band: Uint8Array;
  readonly stride: number;
  rows: number;
  rowsDone: number;
  readonly offsets: number[];
  readonly counts: number[];
}

/**
 * Writes a pyramidal tiled JPEG TIFF from rows of RGB, top to bottom.
 *
 * Holds one row of tiles a level, so memory grows with the slide's width alone. Each level halves
 * the one before by averaging 2 × 2 pixels, down to a level that fits into two tiles a side. Tiles
 * carry their own JPEG tables; the image is YCbCr 4:2:0. TIFF 6.0 and TIFF Technical Note 2.
 */
export class PyramidWriter {
  readonly #spec: PyramidSpec;
  readonly #file: FileHandle;
  readonly #levels: LevelState[] = [];
  #position: number;

  private constructor(spec: PyramidSpec, file: FileHandle, position: number) {
    this.#spec = spec;
    this.#file = file;
    this.#position = position;
    let { width, height } = spec;
    for (;;) {
      const stride = Math.ceil(width / spec.tile) * spec.tile * 3;
      const band = new Uint8Array(stride * spec.tile);
      this.#levels.push({
        width,
        height,
        band,
        stride,
        rows: 0,
        rowsDone: 0,
        offsets: [],
        counts: [],
      });
      if (Math.max(width, height) <= 2 * spec.tile) break;
      width = Math.ceil(width / 2);
      height = Math.ceil(height / 2);
    }
  }

  /** Opens (and empties) the file. */
  static async create(path: string, spec: PyramidSpec): Promise<PyramidWriter> {
    const file = await open(path, "w");
    const header = encodeHeader(spec.big, 0);
    await file.write(header, 0, header.length, 0);
    return new PyramidWriter(spec, file, header.length);
  }

  /** Adds rows of level 0: `count` × width × 3 bytes. */
  async writeRows(rgb: Uint8Array, count: number): Promise<void> {
    const bytes = this.#spec.width * 3;
    for (let row = 0; row < count; row++) {
      await this.#addRow(0, rgb.subarray(row * bytes, (row + 1) * bytes));
    }
  }

  /** Writes the directories and closes the file; the rows must be complete. */
  async close(): Promise<void> {
    const { big } = this.#spec;
    if (this.#levels[0]!.rowsDone !== this.#spec.height) {
      await this.#file.close();
      throw new RangeError(
        `${this.#levels[0]!.rowsDone} of ${this.#spec.height} rows were written`,
      );
    }
    // Directories start on even bytes, each tells where the next is.
    this.#position += this.#position % 2;
    const first = this.#position;
    for (let i = 0; i < this.#levels.length; i++) {
      const last = i === this.#levels.length - 1;
      const block = encodeDirectory(this.#fields(i), this.#position, big, last);
      await this.#file.write(block, 0, block.length, this.#position);
      this.#position += block.length;
    }
    const header = encodeHeader(big, first);
    await this.#file.write(header, 0, header.length, 0);
    await this.#file.close();
  }

  async #addRow(index: number, row: Uint8Array): Promise<void> {
    const level = this.#levels[index]!;
    const { tile } = this.#spec;
    const at = level.rows * level.stride;
    level.band.set(row, at);
    // Padding repeats the last pixel, so that JPEG blocks do not ring at the border.
    for (let i = at + row.length; i < at + level.stride; i++) level.band[i] = level.band[i - 3]!;
    level.rows++;
    level.rowsDone++;
    const end = level.rowsDone === level.height;
    const below = this.#levels[index + 1];
    if (below !== undefined) {
      const odd = level.rowsDone % 2 === 1;
      if (!odd || end) {
        const upper = odd ? at : at - level.stride;
        await this.#addRow(index + 1, halve(level.band, upper, at, level.width, below.width));
      }
    }
    if (level.rows === tile || end) {
      for (let r = level.rows; r < tile; r++) {
        level.band.copyWithin(r * level.stride, at, at + level.stride);
      }
      await this.#writeTiles(level);
      level.rows = 0;
    }
  }

  async #writeTiles(level: LevelState): Promise<void> {
    const { tile, quality } = this.#spec;
    const columns = level.stride / (3 * tile);
    const jobs: Promise<Buffer>[] = [];
    for (let c = 0; c < columns; c++) {
      const pixels = new Uint8Array(tile * tile * 3);
      for (let r = 0; r < tile; r++) {
        const from = r * level.stride + c * tile * 3;
        pixels.set(level.band.subarray(from, from + tile * 3), r * tile * 3);
      }
      const raw = { width: tile, height: tile, channels: 3 as const };
      jobs.push(sharp(pixels, { raw }).jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer());
    }
    for (const tileBytes of await Promise.all(jobs)) {
      await this.#file.write(tileBytes, 0, tileBytes.length, this.#position);
      level.offsets.push(this.#position);
      level.counts.push(tileBytes.length);
      this.#position += tileBytes.length;
    }
  }

  #fields(index: number): TiffField[] {
    const { mpp, tile, description, big } = this.#spec;
    const level = this.#levels[index]!;
    // Pixels a centimetre of this level; levels of odd size are a hair off the power of two.
    const scale = this.#spec.width / level.width;
    const perCm = [Math.round((10_000 / (mpp * scale)) * 1000), 1000];
    const offset = big ? TYPE.LONG8 : TYPE.LONG;
    const fields: TiffField[] = [
      { tag: 254, type: TYPE.LONG, values: [index === 0 ? 0 : 1] },
      { tag: 256, type: TYPE.LONG, values: [level.width] },
      { tag: 257, type: TYPE.LONG, values: [level.height] },
      { tag: 258, type: TYPE.SHORT, values: [8, 8, 8] },
      { tag: 259, type: TYPE.SHORT, values: [7] },
      { tag: 262, type: TYPE.SHORT, values: [6] },
      { tag: 277, type: TYPE.SHORT, values: [3] },
      { tag: 282, type: TYPE.RATIONAL, values: perCm },
      { tag: 283, type: TYPE.RATIONAL, values: perCm },
      { tag: 284, type: TYPE.SHORT, values: [1] },
      { tag: 296, type: TYPE.SHORT, values: [3] },
      { tag: 322, type: TYPE.LONG, values: [tile] },
      { tag: 323, type: TYPE.LONG, values: [tile] },
      { tag: 324, type: offset, values: level.offsets },
      { tag: 325, type: TYPE.LONG, values: level.counts },
      { tag: 530, type: TYPE.SHORT, values: [2, 2] },
    ];
    if (index === 0) {
      const text = [...Buffer.from(`${description}\0`, "utf8")];
      fields.splice(6, 0, { tag: 270, type: TYPE.ASCII, values: text });
    }
    return fields;
  }
}

/** The mean of two rows and of neighbouring pixels; an odd last pixel is repeated. */
function halve(
  band: Uint8Array,
  upper: number,
  lower: number,
  width: number,
  half: number,
): Uint8Array {
  const out = new Uint8Array(half * 3);
  for (let x = 0; x < half; x++) {
    const left = 2 * x * 3;
    const right = Math.min(2 * x + 1, width - 1) * 3;
    for (let c = 0; c < 3; c++) {
      const sum =
        band[upper + left + c]! +
        band[upper + right + c]! +
        band[lower + left + c]! +
        band[lower + right + c]!;
      out[x * 3 + c] = (sum + 2) >> 2;
    }
  }
  return out;
}
