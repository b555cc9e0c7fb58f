import sharp from "sharp";
import { openFileSource } from "../../src/tiler/byte-source.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { readBlockIndex, readTiffImage } from "../../src/tiler/tiff/image.ts";
import { Tiff } from "../../src/tiler/tiff/structure.ts";

/** JPEG tiles of a real slide that a mosaic is laid of. */
export interface SourceTiles {
  /** Side of a tile, px. */
  readonly side: number;
  readonly columns: number;
  readonly rows: number;
  /** As stored: row by row. */
  readonly tiles: readonly Uint8Array[];
  /** Tables that the tiles share, or null where each has its own. */
  readonly tables: Uint8Array | null;
  /** The TIFF's photometric: 2 RGB, 6 YCbCr. */
  readonly photometric: 2 | 6;
  /** Chroma subsampling of YCbCr tiles. */
  readonly subsampling: readonly [number, number];
  /** Pixels of each tile, `side` × `side` RGB. */
  readonly pixels: readonly Uint8Array[];
}

/** The whole stored tiles of level 0, byte for byte: what the scanner wrote. */
export async function storedTiles(path: string): Promise<SourceTiles> {
  const source = await openFileSource(path);
  const tiff = await Tiff.read(source);
  const image = await readTiffImage(tiff, tiff.directories[0]!);
  const index = await readBlockIndex(tiff, image);
  const side = image.block.width;
  const columns = Math.floor(image.size.width / side);
  const rows = Math.floor(image.size.height / side);
  const tiles: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * image.columns + column;
      tiles.push(await source.fetch(index.offsets[at]!, index.counts[at]!));
    }
  }
  await source.close();
  const slide = await openSlide(path);
  const pixels: Uint8Array[] = [];
  for (let tile = 0; tile < columns * rows; tile++) {
    pixels.push(await readTile(slide, tile % columns, Math.floor(tile / columns), side));
  }
  await slide.close();
  return {
    side,
    columns,
    rows,
    tiles,
    tables: index.jpegTables,
    photometric: image.photometric === 2 ? 2 : 6,
    subsampling: [1, 1],
    pixels,
  };
}

/** The same picture cut anew into tiles of 256 px and encoded as YCbCr 4:2:0, quality 80: what most converters write. */
export async function reencodedTiles(path: string): Promise<SourceTiles> {
  const side = 256;
  const slide = await openSlide(path);
  const columns = Math.floor(slide.size.width / side);
  const rows = Math.floor(slide.size.height / side);
  const tiles: Uint8Array[] = [];
  const pixels: Uint8Array[] = [];
  for (let tile = 0; tile < columns * rows; tile++) {
    const rgb = await readTile(slide, tile % columns, Math.floor(tile / columns), side);
    pixels.push(rgb);
    tiles.push(await encodeTile(rgb, side));
  }
  await slide.close();
  return {
    side,
    columns,
    rows,
    tiles,
    tables: null,
    photometric: 6,
    subsampling: [2, 2],
    pixels,
  };
}

/** A tile as JPEG 4:2:0 with tables of its own. */
export async function encodeTile(rgb: Uint8Array, side: number): Promise<Uint8Array> {
  const raw = { width: side, height: side, channels: 3 as const };
  return sharp(rgb, { raw }).jpeg({ quality: 80, chromaSubsampling: "4:2:0" }).toBuffer();
}

type OpenedSlide = Awaited<ReturnType<typeof openSlide>>;

async function readTile(
  slide: OpenedSlide,
  column: number,
  row: number,
  side: number,
): Promise<Uint8Array> {
  const box = { x: column * side, y: row * side, width: side, height: side };
  return (await slide.readRegion(0, box)).data;
}
