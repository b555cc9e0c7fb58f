import { CorruptSlideError, UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { type JpegFrame, joinIntervals, parseJpegFrame } from "../jpeg-frame.ts";
import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import { MAX_BLOCK_PIXELS, MAX_TAG_VALUES } from "../limits.ts";
import { decodePicture } from "../picture.ts";
import { type JpegStream, RestartIndex } from "../restart-index.ts";
import type { RgbImage } from "../slide.ts";
import { TAG } from "../tiff/names.ts";
import type { Tiff, TiffDirectory } from "../tiff/structure.ts";

/** One directory of an NDPI: a picture in one JPEG stream. */
export interface NdpiPage {
  readonly directory: TiffDirectory;
  /** By the tags, which hold where the JPEG's own fields overflow. */
  readonly size: Size;
  /** Where the JPEG is. */
  readonly offset: number;
  readonly length: number;
}

/** Bytes read to find a JPEG's header; it has under 1000. */
const HEADER_BYTES = 2 ** 16;
/** Longest side libjpeg decodes. */
const MAX_JPEG_SIDE = 65_500;
/** Pixels of a block that is made of restart intervals, unless a single row of them has more. */
const BLOCK_PIXELS = 2 ** 21;
/** Largest block served as a tile of its own. */
const MAX_TILE_SIDE = 1024;
/** What one coded pixel may take: 27 bits a coefficient, three components, every byte stuffed. */
const MAX_BYTES_PER_PIXEL = 24;

/**
 * Makes a level of one NDPI picture. Where restart markers cut it into pieces of rows, blocks are
 * some pieces side by side and on top of one another, decoded alone; else the whole picture is the
 * block.
 *
 * Null where it has no usable markers and more pixels than are decoded at once. Throws
 * CorruptSlideError, UnsupportedSlideError.
 */
export async function openNdpiLevel(tiff: Tiff, page: NdpiPage): Promise<LevelSource | null> {
  const { source } = tiff;
  const head = await source.fetch(page.offset, Math.min(HEADER_BYTES, page.length));
  const frame = parseJpegFrame(head);
  if (!frame) {
    throw tiff.corrupt(`directory ${page.directory.index} holds no JPEG stream that can be read`);
  }
  const size = pictureSize(tiff, page, frame);
  const pieces = piecesOf(size, frame);
  if (!pieces) return unbrokenLevel(tiff, page, size);
  if (pieces.columns * pieces.rows > MAX_TAG_VALUES) {
    throw tiff.corrupt(
      `directory ${page.directory.index} claims more than ${MAX_TAG_VALUES} restart intervals`,
    );
  }
  return new PiecedLevel(tiff, page, frame, size, pieces);
}

/**
 * The tags' size, or the JPEG's own where that is less than an MCU away: levels without restart
 * markers may differ by rounding.
 */
function pictureSize(tiff: Tiff, page: NdpiPage, frame: JpegFrame): Size {
  const { size } = page;
  const own = frame.size;
  if (own.width === 0 || own.height === 0) return size;
  if (own.width === size.width && own.height === size.height) return size;
  const near =
    Math.abs(own.width - size.width) <= frame.mcu.width &&
    Math.abs(own.height - size.height) <= frame.mcu.height;
  if (near) return own;
  if (size.width > MAX_JPEG_SIDE || size.height > MAX_JPEG_SIDE) return size;
  throw tiff.corrupt(
    `directory ${page.directory.index} says ${size.width}×${size.height} px, its JPEG ${own.width}×${own.height}`,
  );
}

/** A level's restart intervals as a grid. */
interface Pieces {
  /** Pixels that one interval covers. */
  readonly unit: Size;
  readonly columns: number;
  readonly rows: number;
  /** Intervals side by side, and on top of one another, in a block. */
  readonly across: number;
  readonly down: number;
}

/** Null where markers are absent, or do not fall on the ends of rows. */
function piecesOf(size: Size, frame: JpegFrame): Pieces | null {
  const interval = frame.restartInterval;
  if (interval === 0 || !frame.sequential) return null;
  const { mcu } = frame;
  const inRow = Math.ceil(size.width / mcu.width);
  const partsOfRow = inRow % interval === 0;
  if (!partsOfRow && interval % inRow !== 0) return null;
  const unit = partsOfRow
    ? { width: interval * mcu.width, height: mcu.height }
    : { width: inRow * mcu.width, height: (interval / inRow) * mcu.height };
  if (unit.width > MAX_JPEG_SIDE || unit.height > MAX_JPEG_SIDE) return null;
  if (unit.width * unit.height > MAX_BLOCK_PIXELS) return null;
  const columns = partsOfRow ? inRow / interval : 1;
  const rows = Math.ceil(size.height / unit.height);
  const across = clamp(Math.floor(VIRTUAL_TILE.width / unit.width), columns);
  const tallest = Math.min(VIRTUAL_TILE.height, BLOCK_PIXELS / (unit.width * across));
  return { unit, columns, rows, across, down: clamp(Math.floor(tallest / unit.height), rows) };
}

function clamp(value: number, most: number): number {
  return Math.max(1, Math.min(value, most));
}

class PiecedLevel implements LevelSource {
  readonly size: Size;
  readonly block: Size;
  readonly tileSize: Size;
  readonly #page: NdpiPage;
  readonly #path: string;
  readonly #frame: JpegFrame;
  readonly #pieces: Pieces;
  readonly #index: RestartIndex;

  constructor(tiff: Tiff, page: NdpiPage, frame: JpegFrame, size: Size, pieces: Pieces) {
    const { unit, columns, rows, across, down } = pieces;
    this.size = size;
    this.block = { width: unit.width * across, height: unit.height * down };
    const handy = Math.max(this.block.width, this.block.height) <= MAX_TILE_SIDE;
    this.tileSize = handy ? this.block : VIRTUAL_TILE;
    this.#page = page;
    this.#path = tiff.source.path;
    this.#frame = frame;
    this.#pieces = pieces;
    const stream: JpegStream = {
      source: tiff.source,
      offset: page.offset,
      length: page.length,
      headerLength: frame.header.length,
    };
    this.#index = new RestartIndex(stream, columns * rows, () => mcuStarts(tiff, page.directory));
  }

  async readBlock(column: number, row: number): Promise<RgbImage> {
    const jpeg = await this.#assemble(column, row);
    try {
      return await decodePicture(jpeg, (this.block.width + 64) * (this.block.height + 64));
    } catch (cause) {
      throw this.#damaged(column, row, cause instanceof Error ? cause.message : "", cause);
    }
  }

  async readRawTile(column: number, row: number): Promise<Uint8Array | null> {
    if (this.tileSize !== this.block || column < 0 || row < 0) return null;
    // A tile cut off by the level's edge would be smaller than the others.
    const whole =
      (column + 1) * this.block.width <= this.size.width &&
      (row + 1) * this.block.height <= this.size.height;
    return whole ? this.#assemble(column, row) : null;
  }

  /** A block as a JPEG of its own. */
  async #assemble(column: number, row: number): Promise<Uint8Array> {
    const { unit, columns, rows, across, down } = this.#pieces;
    const first = column * across;
    const count = Math.min(across, columns - first);
    const lines = Math.min(down, rows - row * down);
    const most = MAX_BYTES_PER_PIXEL * unit.width * unit.height;
    const read = (line: number, pieces: number) =>
      this.#index.read((row * down + line) * columns + first, pieces, pieces * most + 1024);
    // Pieces of full width follow one another in the file.
    const parts =
      columns === count
        ? [await read(0, count * lines)]
        : await Promise.all(Array.from({ length: lines }, (_, line) => read(line, count)));
    const intervals: Uint8Array[] = [];
    for (const part of parts) {
      if (!part) throw this.#damaged(column, row, "its restart markers are not there");
      intervals.push(...part);
    }
    const size = {
      width: Math.min(count * unit.width, this.size.width - first * unit.width),
      height: Math.min(lines * unit.height, this.size.height - row * this.block.height),
    };
    return joinIntervals(this.#frame, size, intervals);
  }

  #damaged(column: number, row: number, why: string, cause?: unknown): CorruptSlideError {
    const { index } = this.#page.directory;
    return new CorruptSlideError(
      `${this.#path}: block ${column},${row} of directory ${index} cannot be decoded (${why}); copy the file again from where it came from.`,
      { path: this.#path, column, row, directory: index },
      cause,
    );
  }
}

/** Where the file says that restart intervals begin, in bytes from the JPEG's start. */
async function mcuStarts(tiff: Tiff, directory: TiffDirectory): Promise<Float64Array | null> {
  const low = await tiff.numbers(directory, TAG.hamamatsuMcuStarts);
  const high = await tiff.numbers(directory, TAG.hamamatsuMcuStartsHigh);
  if (!low || !high || high.length !== low.length) return low;
  return low.map((value, i) => value + high[i]! * 2 ** 32);
}

/** A picture that can only be decoded whole. */
function unbrokenLevel(tiff: Tiff, page: NdpiPage, size: Size): LevelSource | null {
  const { width, height } = size;
  if (Math.max(width, height) > MAX_JPEG_SIDE || width * height > MAX_BLOCK_PIXELS) return null;
  const { path } = tiff.source;
  const { index } = page.directory;
  return {
    size,
    block: size,
    tileSize: VIRTUAL_TILE,
    async readBlock() {
      // A byte a pixel and more is no JPEG of this size.
      const longest = MAX_BYTES_PER_PIXEL * width * height + HEADER_BYTES;
      if (page.length > longest)
        throw tiff.corrupt(`directory ${index} claims a JPEG of ${page.length} bytes`);
      const bytes = await tiff.source.fetch(page.offset, page.length);
      let picture: RgbImage;
      try {
        picture = await decodePicture(bytes, width * height);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new CorruptSlideError(
          `${path}: the picture of directory ${index} cannot be decoded (${why}); copy the file again from where it came from.`,
          { path, directory: index },
          cause,
        );
      }
      return picture;
    },
    readRawTile: async () => null,
  };
}

/** The refusal of a slide whose finest level cannot be read in parts. */
export function tooLargeUnbroken(path: string, size: Size): UnsupportedSlideError {
  return new UnsupportedSlideError(
    `${path} is a Hamamatsu NDPI whose ${size.width}×${size.height} px are one JPEG without restart markers at the ends of its rows, more than the ${MAX_BLOCK_PIXELS} px decoded at once; convert it on a machine with memory for it, e.g. \`bfconvert -tilex 512 -tiley 512 IN.ndpi out.ome.tiff\` or Hamamatsu's NDP.view2 export.`,
    { path, ...size },
  );
}
