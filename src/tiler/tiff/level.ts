import { CorruptSlideError } from "../../errors.ts";
import { spliceJpeg } from "../jpeg.ts";
import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import { decodeBlock } from "./decode-block.ts";
import { type BlockIndex, readBlockIndex, type TiffImage } from "./image.ts";
import { jpegTileBatches } from "./level-batches.ts";
import { COMPRESSION, PHOTOMETRIC } from "./names.ts";
import { requireDecodable } from "./require-decodable.ts";
import { interleave, type Samples } from "./samples.ts";
import { samplesToRgb } from "./samples-to-rgb.ts";
import type { Tiff } from "./structure.ts";

/** Makes a level of a TIFF picture. Throws UnsupportedSlideError, CorruptSlideError. */
export async function openTiffLevel(tiff: Tiff, image: TiffImage): Promise<LevelSource> {
  requireDecodable(tiff, image);
  const index = await readBlockIndex(tiff, image);
  const readOne = async (column: number, row: number) => {
    const samples = await readSamples(tiff, image, index, column, row);
    return samples && samplesToRgb(samples, image);
  };
  return {
    size: image.size,
    block: image.block,
    tileSize: image.tiled ? image.block : VIRTUAL_TILE,
    readBlock: readOne,
    batches: jpegTileBatches(tiff, image, index, readOne),
    readRawTile: (column, row) => readRawTile(tiff, image, index, column, row),
  };
}

/**
 * The samples of a block, its planes interleaved; null where nothing is stored. Throws CorruptSlideError.
 *
 * With `plane`, only that one of a picture that is stored in planes.
 */
export async function readSamples(
  tiff: Tiff,
  image: TiffImage,
  index: BlockIndex,
  column: number,
  row: number,
  plane?: number,
): Promise<Samples | null> {
  const needed = {
    width: Math.min(image.block.width, image.size.width - column * image.block.width),
    height: Math.min(image.block.height, image.size.height - row * image.block.height),
  };
  const wanted = plane === undefined ? Array.from({ length: image.planes }, (_, i) => i) : [plane];
  const planes: Samples[] = [];
  for (const each of wanted) {
    const bytes = await storedBytes(tiff, image, index, column, row, each);
    if (!bytes) return null;
    try {
      planes.push(
        await decodeBlock(image, index.jpegTables, bytes, needed, image.samples / image.planes),
      );
    } catch (cause) {
      throw undecodable(tiff, image, column, row, cause);
    }
  }
  return interleave(planes);
}

function undecodable(
  tiff: Tiff,
  image: TiffImage,
  column: number,
  row: number,
  cause: unknown,
): CorruptSlideError {
  const { path } = tiff.source;
  const noun = image.tiled ? "tile" : "strip";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CorruptSlideError(
    `${path}: ${noun} ${column},${row} of directory ${image.directory.index} cannot be decoded (${why}); copy the file again from where it came from.`,
    { path, column, row, directory: image.directory.index },
    cause,
  );
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
    image.planes === 1 &&
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
  plane = 0,
): Promise<Uint8Array | null> {
  if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
  const at = (plane * image.rows + row) * image.columns + column;
  const length = index.counts[at]!;
  return length === 0 ? null : tiff.source.fetch(index.offsets[at]!, length);
}
