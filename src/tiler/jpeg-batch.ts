import type { Size } from "../geometry.ts";
import { encodeDirectory, encodeHeader, TYPE } from "../tiff-directory.ts";
import { frameOf } from "./jpeg.ts";
import { decodePicture } from "./picture.ts";
import type { RgbImage } from "./slide.ts";
import { COMPRESSION, PHOTOMETRIC } from "./tiff/names.ts";

/** JPEG tiles of one size that are decoded in one call. */
export interface JpegBatch {
  /** As stored: with tables of their own, or without where `tables` holds them. */
  readonly tiles: readonly Uint8Array[];
  readonly tile: Size;
  /** Tables that the tiles share, or null. */
  readonly tables: Uint8Array | null;
  /** The TIFF's photometric tag: RGB or YCbCr. */
  readonly photometric: number;
}

/** Tiles of a batch at most, and their pixels: beyond that a call's own cost no longer shows. */
const MOST_TILES = 32;
const MOST_PIXELS = 2 ** 21;

/** How many tiles of a size are decoded at once; 1 where a tile is so large that nothing is gained. */
export function tilesPerBatch({ width, height }: Size): number {
  return Math.max(1, Math.min(MOST_TILES, Math.floor(MOST_PIXELS / (width * height))));
}

/**
 * Whether a stored tile may be decoded with others: baseline or extended JPEG of three 8-bit
 * components, of the tile's exact size, that runs to its end marker.
 *
 * Anything else is decoded on its own, where a fault is found and named: libvips takes a JPEG that
 * is cut short inside a TIFF for a whole one.
 */
export function isBatchable(jpeg: Uint8Array, tile: Size): boolean {
  const whole = jpeg.length > 4 && jpeg.at(-2) === 0xff && jpeg.at(-1) === 0xd9;
  const frame = whole ? frameOf(jpeg) : null;
  return (
    frame !== null &&
    frame.process <= 1 &&
    frame.bits === 8 &&
    frame.components === 3 &&
    frame.width === tile.width &&
    frame.height === tile.height
  );
}

/**
 * Decodes batchable tiles in one call; the pixels are those of each decoded on its own.
 *
 * A call of sharp costs as much as decoding 100,000 pixels, whatever it decodes. So the tiles are
 * put into a TIFF in memory, one below the other, and libvips decodes each with libjpeg; the TIFF's
 * photometric tag decides the colours as it does in the file. The tiles' pixels lie in one buffer.
 * Throws sharp's own error, of whichever tile.
 */
export async function decodeJpegBatch(batch: JpegBatch): Promise<RgbImage[]> {
  const { tiles, tile } = batch;
  const pixels = tile.width * tile.height * tiles.length;
  const { data, width, height } = await decodePicture(makeTiff(batch), pixels);
  if (width !== tile.width || height !== tile.height * tiles.length) {
    throw new Error(`a batch of ${tiles.length} tiles decodes to ${width}×${height} px`);
  }
  const bytes = tile.width * tile.height * 3;
  return tiles.map((_, i) => ({
    data: data.subarray(i * bytes, (i + 1) * bytes),
    width: tile.width,
    height: tile.height,
  }));
}

/** A TIFF of one column of tiles (TIFF 6.0 and Technical Note 2). */
function makeTiff({ tiles, tile, tables, photometric }: JpegBatch): Uint8Array {
  const header = encodeHeader(false, HEADER_BYTES);
  // The directory's length does not depend on the offsets' values.
  const offsets = tiles.map(() => 0);
  const directory = () =>
    encodeDirectory(
      [
        { tag: 256, type: TYPE.LONG, values: [tile.width] },
        { tag: 257, type: TYPE.LONG, values: [tile.height * tiles.length] },
        { tag: 258, type: TYPE.SHORT, values: [8, 8, 8] },
        { tag: 259, type: TYPE.SHORT, values: [COMPRESSION.jpeg] },
        { tag: 262, type: TYPE.SHORT, values: [photometric] },
        { tag: 277, type: TYPE.SHORT, values: [3] },
        { tag: 284, type: TYPE.SHORT, values: [1] },
        { tag: 322, type: TYPE.LONG, values: [tile.width] },
        { tag: 323, type: TYPE.LONG, values: [tile.height] },
        { tag: 324, type: TYPE.LONG, values: offsets },
        { tag: 325, type: TYPE.LONG, values: tiles.map((bytes) => bytes.length) },
        ...(tables ? [{ tag: 347, type: TYPE.UNDEFINED, values: [...tables] }] : []),
        ...(photometric === PHOTOMETRIC.yCbCr
          ? [{ tag: 530, type: TYPE.SHORT, values: [2, 2] }]
          : []),
      ],
      HEADER_BYTES,
      false,
      true,
    );
  let at = HEADER_BYTES + directory().length;
  for (const [i, bytes] of tiles.entries()) {
    offsets[i] = at;
    at += bytes.length;
  }
  return Buffer.concat([header, directory(), ...tiles]);
}

const HEADER_BYTES = 8;
