import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { LabelTile } from "./label-pyramid.ts";

const compress = promisify(deflate);

/** Tiles that are compressed on libuv's threads while the next are drawn. */
const IN_FLIGHT = 4;

/** Nearly all of a tile is runs: level 6 takes five times as long for a third of the bytes. */
export const ZLIB_LEVEL = 3;

/** A tile's place and its labels, little-endian, as a zlib stream. */
export interface DeflatedTile {
  readonly level: number;
  readonly column: number;
  readonly row: number;
  readonly bytes: Uint8Array;
}

/** Compresses tiles in their order, a few at a time. */
export async function* deflateTiles(
  tiles: AsyncIterable<LabelTile>,
): AsyncGenerator<DeflatedTile, void, void> {
  const waiting: Promise<DeflatedTile>[] = [];
  try {
    for await (const tile of tiles) {
      waiting.push(deflateTile(tile));
      if (waiting.length >= IN_FLIGHT) yield await waiting.shift()!;
    }
    for (let next = waiting.shift(); next; next = waiting.shift()) yield await next;
  } finally {
    await Promise.allSettled(waiting);
  }
}

/** The labels of one tile as a zlib stream, little-endian. */
export async function deflateLabels(labels: Uint32Array<ArrayBuffer>): Promise<Uint8Array> {
  return compress(Buffer.from(labels.buffer, labels.byteOffset, labels.byteLength), {
    level: ZLIB_LEVEL,
  });
}

async function deflateTile({ level, column, row, labels }: LabelTile): Promise<DeflatedTile> {
  return { level, column, row, bytes: await deflateLabels(labels) };
}
