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
  /** Present where several blocks at a time cost less than one by one. */
  readonly batches?: BlockBatches | undefined;
  /** The stored JPEG of a tile made whole, or null where tiles are not stored so. */
  readRawTile(column: number, row: number): Promise<Uint8Array | null>;
}

/** Where a block is, counted in blocks from the level's top left. */
export interface BlockPlace {
  readonly column: number;
  readonly row: number;
}

/** Blocks that are read several at a time. */
export interface BlockBatches {
  /** Blocks to a batch at most. */
  readonly most: number;
  /** Decodes up to `most` blocks, as `readBlock` decodes each: one that fails fails alone. */
  read(places: readonly BlockPlace[]): readonly Promise<RgbImage | null>[];
}

/** Tiles of levels that are not stored in tiles, px. */
export const VIRTUAL_TILE: Size = { width: 512, height: 512 };
