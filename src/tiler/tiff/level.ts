import { CorruptSlideError } from "../../errors.ts";
import { spliceJpeg } from "../jpeg.ts";
import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import type { RgbImage } from "../slide.ts";
import { decodeBlock } from "./decode-block.ts";
import { type BlockIndex, readBlockIndex, requireDecodable, type TiffImage } from "./image.ts";
import { COMPRESSION, PHOTOMETRIC } from "./names.ts";
import type { Tiff } from "./structure.ts";

/** Makes a level of a TIFF picture. Throws UnsupportedSlideError, CorruptSlideError. */
export async function openTiffLevel(tiff: Tiff, image: TiffImage): Promise<LevelSource> {
  requireDecodable(tiff, image);
  const index = await readBlockIndex(tiff, image);
  return {
    size: image.size,
    block: image.block,
    tileSize: image.tiled ? image.block : VIRTUAL_TILE,
    readBlock: (column, row) => readBlock(tiff, image, index, column, row),
    readRawTile: (column, row) => readRawTile(tiff, image, index, column, row),
  };
}

async function readBlock(
  tiff: Tiff,
  image: TiffImage,
  index: BlockIndex,
  column: number,
  row: number,
): Promise<RgbImage | null> {
  const bytes = await storedBytes(tiff, image, index, column, row);
  if (!bytes) return null;
  const needed = {
    width: Math.min(image.block.width, image.size.width - column * image.block.width),
    height: Math.min(image.block.height, image.size.height - row * image.block.height),
  };
  try {
    return await decodeBlock(image, index, bytes, needed);
  } catch (cause) {
    const { path } = tiff.source;
    const noun = image.tiled ? "tile" : "strip";
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CorruptSlideError(
      `${path}: ${noun} ${column},${row} of directory ${image.directory.index} cannot be decoded (${why}); copy the file again from where it came from.`,
      { path, column, row, directory: image.directory.index },
      cause,
    );
  }
}

async function readRawTile(
  tiff: Tiff,
  image: TiffImage,
  index: BlockIndex,
  column: number,
  row: number,
): Promise<Uint8Array | null> {
  const passable =
    image.tiled &&
    image.compression === COMPRESSION.jpeg &&
    image.photometric !== PHOTOMETRIC.whiteIsZero;
  if (!passable) return null;
  const bytes = await storedBytes(tiff, image, index, column, row);
  return bytes && spliceJpeg(bytes, index.jpegTables, image.photometric);
}

async function storedBytes(
  tiff: Tiff,
  image: TiffImage,
  index: BlockIndex,
  column: number,
  row: number,
): Promise<Uint8Array | null> {
  if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
  const at = row * image.columns + column;
  const length = index.counts[at]!;
  return length === 0 ? null : tiff.source.fetch(index.offsets[at]!, length);
}
