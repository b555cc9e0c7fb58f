import { UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { MAX_BLOCK_PIXELS, MAX_SIDE, MAX_TAG_VALUES } from "../limits.ts";
import { COMPRESSION, TAG } from "./names.ts";
import type { Tiff, TiffDirectory } from "./structure.ts";

/** What one TIFF directory says about its picture. Blocks are tiles, or strips of full width. */
export interface TiffImage {
  readonly directory: TiffDirectory;
  /** Pixels. */
  readonly size: Size;
  readonly tiled: boolean;
  /** Size of a block, in pixels; the last strip may hold fewer rows. */
  readonly block: Size;
  readonly columns: number;
  readonly rows: number;
  readonly compression: number;
  readonly photometric: number;
  readonly samples: number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 float. */
  readonly sampleFormat: number;
  /** 1 interleaved, 2 a plane a channel. */
  readonly planar: number;
  /** Planes whose blocks are stored apart: 1, or one for each sample. */
  readonly planes: number;
  readonly littleEndian: boolean;
  readonly predictor: number;
  /** The first sample beyond the colours is an alpha. */
  readonly alpha: boolean;
  /** Said to be a smaller copy of another directory's picture. */
  readonly reduced: boolean;
}

/** Where a picture's blocks lie in the file, plane after plane; a byte count of 0 means that nothing is stored. */
export interface BlockIndex {
  readonly offsets: Float64Array;
  readonly counts: Float64Array;
  /** Quantisation and Huffman tables shared by the blocks (JPEG compression), or null. */
  readonly jpegTables: Uint8Array | null;
}

/** Reads what a directory says of its picture. Throws CorruptSlideError, UnsupportedSlideError (absurd sizes). */
export async function readTiffImage(tiff: Tiff, directory: TiffDirectory): Promise<TiffImage> {
  const number = <T extends number | null>(tag: number, otherwise: T) =>
    tiff.number(directory, tag, otherwise);
  const size = {
    width: (await number(TAG.imageWidth, 0)) as number,
    height: (await number(TAG.imageLength, 0)) as number,
  };
  requireSide(tiff, directory, size, "a picture");
  const tiled = directory.entries.has(TAG.tileWidth) || directory.entries.has(TAG.tileOffsets);
  const block = tiled
    ? {
        width: (await number(TAG.tileWidth, 0)) as number,
        height: (await number(TAG.tileLength, 0)) as number,
      }
    : {
        width: size.width,
        height: Math.min((await number(TAG.rowsPerStrip, size.height)) as number, size.height),
      };
  requireSide(tiff, directory, block, tiled ? "tiles" : "strips");
  if (block.width * block.height > MAX_BLOCK_PIXELS) {
    throw new UnsupportedSlideError(
      `${tiff.source.path}: ${tiled ? "a tile" : "a strip"} of directory ${directory.index} is ${block.width}×${block.height} px, more than the ${MAX_BLOCK_PIXELS} px decoded at once; rewrite it tiled, e.g. \`vips tiffsave IN.tif out.tif --tile --pyramid --compression jpeg\`.`,
      { path: tiff.source.path, width: block.width, height: block.height },
    );
  }
  const bits = (await tiff.numbers(directory, TAG.bitsPerSample)) ?? new Float64Array([1]);
  const samples = (await number(TAG.samplesPerPixel, 1)) as number;
  const planar = (await number(TAG.planarConfiguration, 1)) as number;
  const extra = await number(TAG.extraSamples, 0);
  const subfile = (await number(TAG.newSubfileType, 0)) as number;
  return {
    directory,
    size,
    tiled,
    block,
    columns: Math.ceil(size.width / block.width),
    rows: Math.ceil(size.height / block.height),
    compression: (await number(TAG.compression, COMPRESSION.none)) as number,
    photometric: (await number(TAG.photometric, -1)) as number,
    samples,
    bits: bits.every((value) => value === bits[0]) ? bits[0]! : 0,
    sampleFormat: (await number(TAG.sampleFormat, 1)) as number,
    planar,
    planes: planar === 2 ? samples : 1,
    littleEndian: tiff.littleEndian,
    predictor: (await number(TAG.predictor, 1)) as number,
    alpha: extra === 1 || extra === 2,
    reduced: (subfile & 1) === 1 || (await number(TAG.subfileType, 0)) === 2,
  };
}

/** Throws CorruptSlideError unless both sides are whole numbers a picture can have. */
export function requireSide(tiff: Tiff, directory: TiffDirectory, size: Size, what: string): void {
  for (const side of [size.width, size.height]) {
    if (Number.isInteger(side) && side > 0 && side <= MAX_SIDE) continue;
    throw tiff.corrupt(
      `directory ${directory.index} claims ${what} of ${size.width}×${size.height} px (1 to ${MAX_SIDE} a side is possible)`,
    );
  }
}

/** Reads where a picture's blocks lie. Throws CorruptSlideError where one lies beyond the file's end. */
export async function readBlockIndex(tiff: Tiff, image: TiffImage): Promise<BlockIndex> {
  const { directory } = image;
  const wanted = image.columns * image.rows * image.planes;
  const noun = image.tiled ? "tile" : "strip";
  if (wanted > MAX_TAG_VALUES) {
    throw tiff.corrupt(`directory ${directory.index} claims ${wanted} ${noun}s`);
  }
  // Some writers put tiles under the strips' tags, which libtiff takes for the same.
  const byTiles = image.tiled && directory.entries.has(TAG.tileOffsets);
  const offsets = await tiff.numbers(directory, byTiles ? TAG.tileOffsets : TAG.stripOffsets);
  let counts = await tiff.numbers(directory, byTiles ? TAG.tileByteCounts : TAG.stripByteCounts);
  if (!offsets || offsets.length < wanted) {
    throw tiff.corrupt(
      `directory ${directory.index} has ${offsets?.length ?? 0} ${noun} offsets where its size asks for ${wanted}`,
    );
  }
  if (!counts && image.compression === COMPRESSION.none) counts = uncompressedCounts(image);
  if (!counts || counts.length < wanted) {
    throw tiff.corrupt(
      `directory ${directory.index} has ${counts?.length ?? 0} ${noun} byte counts where its size asks for ${wanted}`,
    );
  }
  for (let i = 0; i < wanted; i++) {
    const end = offsets[i]! + counts[i]!;
    if (counts[i]! > 0 && !(end <= tiff.source.size)) {
      throw tiff.corrupt(
        `${noun} ${i} of directory ${directory.index} ends at byte ${end}, but the file has ${tiff.source.size}: it is cut short`,
      );
    }
  }
  return { offsets, counts, jpegTables: await tiff.bytes(directory, TAG.jpegTables) };
}

/** Byte counts that TIFF 6.0 lets an uncompressed picture leave out. */
function uncompressedCounts(image: TiffImage): Float64Array {
  const { block, columns, rows, planes } = image;
  const counts = new Float64Array(columns * rows * planes);
  const pixelBytes = (image.samples / planes) * Math.ceil(image.bits / 8);
  for (let row = 0; row < rows * planes; row++) {
    const left = image.size.height - (row % rows) * block.height;
    const height = image.tiled ? block.height : Math.min(block.height, left);
    counts.fill(block.width * height * pixelBytes, row * columns, (row + 1) * columns);
  }
  return counts;
}
