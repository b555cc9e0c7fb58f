import { type Outline, UNITS_PER_PIXEL } from "./outline.ts";
import type { TileAddress } from "./overlay-source.ts";
import { simplifyRing } from "./simplify-ring.ts";
import { type SelectedObjects, type TileObject, tileFrame } from "./tile-selection.ts";

/** First word of a tile: "mtv1" read as little-endian. */
const MAGIC = 0x3176746d;

/** Outlines may stray by this much of a pixel of the zoom they are made for. */
const TOLERANCE_PX = 0.5;

/**
 * Encodes a tile of chosen objects; `outlines` are those of `selected.outlines`, in order.
 *
 * One pixel of zoom z is 2^z level-0 px. z = 0 is exact. Little-endian: eight uint32 (magic, version 1,
 * outlines n, rings r, points p, dots d, objects in the tile, 0), then uint32 index[n], class[n],
 * ringsOf[n+1], pointsOf[r+1], float32 xy[2p], uint32 dotIndex[d], dotClass[d], float32 dotXy[2d].
 * Coordinates are level-0 px from the tile's corner. Objects are whole, not cut at the tile's edge.
 */
export async function encodeTile(
  address: TileAddress,
  selected: SelectedObjects,
  outlinesOf: AsyncIterable<Outline> | Iterable<Outline>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { originX, originY, pixel } = tileFrame(address);
  const { outlines, dots, total } = selected;
  const tolerance = address.z === 0 ? 0 : TOLERANCE_PX * pixel;

  const ringsOf = [0];
  const pointsOf = [0];
  const xy: number[] = [];
  const kept: number[] = [];
  for await (const outline of outlinesOf) {
    const { coordinates } = outline;
    for (let r = 0; r + 1 < outline.pointsOf.length; r++) {
      const [from, to] = [outline.pointsOf[r]!, outline.pointsOf[r + 1]!];
      const count = simplifyRing(coordinates, from, to, tolerance, kept);
      // A hole that is a line at this zoom is no hole; an outer ring stays, as a hairline.
      if (count < 3 && r > 0) continue;
      for (const p of kept) {
        xy.push((coordinates[2 * p]! - originX) / UNITS_PER_PIXEL);
        xy.push((coordinates[2 * p + 1]! - originY) / UNITS_PER_PIXEL);
      }
      pointsOf.push(xy.length / 2);
    }
    ringsOf.push(pointsOf.length - 1);
  }
  const dotXy = dots.flatMap(({ x, y }) => [
    (x - originX) / UNITS_PER_PIXEL,
    (y - originY) / UNITS_PER_PIXEL,
  ]);

  const header = [
    MAGIC,
    1,
    outlines.length,
    pointsOf.length - 1,
    xy.length / 2,
    dots.length,
    total,
    0,
  ];
  const indicesOf = (objects: readonly TileObject[]) => objects.map(({ index }) => index);
  const classesOf = (objects: readonly TileObject[]) => objects.map(({ classOf }) => classOf);
  const parts: readonly (readonly [readonly number[], "u" | "f"])[] = [
    [header, "u"],
    [indicesOf(outlines), "u"],
    [classesOf(outlines), "u"],
    [ringsOf, "u"],
    [pointsOf, "u"],
    [xy, "f"],
    [indicesOf(dots), "u"],
    [classesOf(dots), "u"],
    [dotXy, "f"],
  ];
  return join(parts);
}

function join(
  parts: readonly (readonly [readonly number[], "u" | "f"])[],
): Uint8Array<ArrayBuffer> {
  const words = parts.reduce((sum, [values]) => sum + values.length, 0);
  const view = new DataView(new ArrayBuffer(words * 4));
  let offset = 0;
  for (const [values, kind] of parts) {
    for (const value of values) {
      if (kind === "u") view.setUint32(offset, value, true);
      else view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return new Uint8Array(view.buffer);
}
