import type { Size } from "../geometry.ts";
import type { RgbImage } from "./slide.ts";

/** One level as a format gives it: decoded blocks on demand. Frame: the level's own pixels. */
export interface LevelSource {
  readonly size: Size;
  /** Size of a block: a stored tile, a strip, or the whole of a plain image. */
  readonly block: Size;
  /** What the level calls a tile: the block, or a virtual tile where blocks are strips or the whole. */
  readonly tileSize: Size;
  /** Decodes a block; null where nothing is stored (it is white). Throws CorruptSlideError. */
  readBlock(column: number, row: number): Promise<RgbImage | null>;
  /** The stored JPEG of a tile made whole, or null where tiles are not stored so. */
  readRawTile(column: number, row: number): Promise<Uint8Array | null>;
}

/** Tiles of levels that are not stored in tiles, px. */
export const VIRTUAL_TILE: Size = { width: 512, height: 512 };
