import { MicrotomeError } from "../errors.ts";
import { encodeJpeg } from "./picture.ts";
import type { Slide } from "./slide.ts";

export { encodeJpeg, encodePng } from "./picture.ts";

/** A tile as a browser takes it. */
export interface JpegTile {
  readonly data: Uint8Array;
  readonly mime: "image/jpeg";
  /** True when these are the stored bytes, never decoded. */
  readonly passedThrough: boolean;
}

/** Quality of tiles that have to be encoded. */
const TILE_QUALITY = 85;

/**
 * The tile at column, row of a level's own tile grid, as JPEG.
 *
 * Always a full `tileSize`, at the right and bottom edge too: what lies beyond the level there is
 * padding (the encoder's own, or white) and is for the viewer to clip. Throws `not-found` outside
 * the grid, CorruptSlideError.
 */
export async function readTileJpeg(
  slide: Slide,
  level: number,
  column: number,
  row: number,
): Promise<JpegTile> {
  const found = slide.levels[level];
  const columns = found ? Math.ceil(found.size.width / found.tileSize.width) : 0;
  const rows = found ? Math.ceil(found.size.height / found.tileSize.height) : 0;
  const inGrid = column >= 0 && row >= 0 && column < columns && row < rows;
  if (!found || !inGrid || !Number.isInteger(column) || !Number.isInteger(row)) {
    throw new MicrotomeError(
      "not-found",
      `${slide.path} has no tile ${column},${row} at level ${level}; ${
        found
          ? `the level has ${columns}×${rows} tiles`
          : `its levels are 0 to ${slide.levels.length - 1}`
      }.`,
      { path: slide.path, level, column, row },
    );
  }
  const raw = await slide.readRawTile(level, column, row);
  if (raw) return { ...raw, passedThrough: true };
  const { width, height } = found.tileSize;
  const box = { x: column * width, y: row * height, width, height };
  const data = await encodeJpeg(await slide.readRegion(level, box), TILE_QUALITY);
  return { data, mime: "image/jpeg", passedThrough: false };
}
