import type { Box } from "../geometry.ts";
import type { ObjectInfo, OverlayInfo } from "./api.ts";

/** Side of a vector tile at z = 0, in level-0 px. At z it is TILE_SIZE · 2^z. */
export const OVERLAY_TILE_SIZE = 1024;

/** A vector tile's place: covers [x, x+1) × [y, y+1) times TILE_SIZE · 2^z level-0 px. */
export interface TileAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/**
 * The objects of one run, as the server asks for them.
 *
 * Everything is asynchronous so that a store on disk can stand behind the same addresses as the
 * one in memory. An object has the same index in every tile, in `column` and in `object`.
 */
export interface OverlaySource {
  readonly info: OverlayInfo;
  /** The objects whose box meets the tile, simplified for its z, as docs/viewer.md lays the bytes out. */
  tile(address: TileAddress): Promise<Uint8Array<ArrayBuffer>>;
  /** By index or by the id in the file; null where there is none. */
  object(key: number | string): Promise<ObjectInfo | null>;
  /** The smallest object that holds the point, else the nearest within `reach` level-0 px of it, else null. */
  at(x: number, y: number, reach: number): Promise<ObjectInfo | null>;
  /** Objects whose box has its centre in `box` (level-0 px). */
  count(box: Box): Promise<number>;
  /** A measurement of every object, by index; NaN where an object lacks it. */
  column(measurement: number): Promise<Float32Array<ArrayBuffer>>;
  /** Lets go of the file. */
  close(): Promise<void>;
}
