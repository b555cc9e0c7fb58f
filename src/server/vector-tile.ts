import { type ObjectTable, UNITS_PER_PIXEL } from "./object-table.ts";
import { OVERLAY_TILE_SIZE, type TileAddress } from "./overlay-source.ts";
import { simplifyRing } from "./simplify-ring.ts";

/** First word of a tile: "mtv1" read as little-endian. */
const MAGIC = 0x3176746d;

/** At most so many outlines in one tile, the largest first; the rest are dots. */
const MAX_OUTLINES = 12_000;
/** At most so many dots in one tile. */
const MAX_DOTS = 32_000;

/** Outlines may stray by this much of a pixel of the zoom they are made for. */
const TOLERANCE_PX = 0.5;
/** Objects whose longer side is shorter than this, in pixels of the zoom, are dots. */
const DOT_BELOW_PX = 1.5;

/** What a tile holds, before it is bytes. */
interface Selection {
  /** Objects with an outline. */
  readonly outlines: readonly number[];
  /** Objects that stand for one or more too small to see. */
  readonly dots: readonly number[];
  readonly total: number;
}

/**
 * Encodes the objects of a table that meet a tile.
 *
 * One pixel of zoom z is 2^z level-0 px. z = 0 is exact. Little-endian: eight uint32 (magic, version 1,
 * outlines n, rings r, points p, dots d, objects in the tile, 0), then uint32 index[n], class[n],
 * ringsOf[n+1], pointsOf[r+1], float32 xy[2p], uint32 dotIndex[d], dotClass[d], float32 dotXy[2d].
 * Coordinates are level-0 px from the tile's corner. Objects are whole, not cut at the tile's edge.
 */
export function encodeTile(table: ObjectTable, address: TileAddress): Uint8Array<ArrayBuffer> {
  const pixel = 2 ** address.z * UNITS_PER_PIXEL;
  const side = OVERLAY_TILE_SIZE * pixel;
  const originX = address.x * side;
  const originY = address.y * side;
  const { outlines, dots, total } = select(table, originX, originY, side, pixel);
  const tolerance = address.z === 0 ? 0 : TOLERANCE_PX * pixel;

  const ringsOf = [0];
  const pointsOf = [0];
  const xy: number[] = [];
  const kept: number[] = [];
  for (const object of outlines) {
    for (let r = table.ringsOf[object]!; r < table.ringsOf[object + 1]!; r++) {
      const count = simplifyRing(
        table.coordinates,
        table.pointsOf[r]!,
        table.pointsOf[r + 1]!,
        tolerance,
        kept,
      );
      // A hole that is a line at this zoom is no hole; an outer ring stays, as a hairline.
      if (count < 3 && r > table.ringsOf[object]!) continue;
      for (const p of kept) {
        xy.push((table.coordinates[2 * p]! - originX) / UNITS_PER_PIXEL);
        xy.push((table.coordinates[2 * p + 1]! - originY) / UNITS_PER_PIXEL);
      }
      pointsOf.push(xy.length / 2);
    }
    ringsOf.push(pointsOf.length - 1);
  }
  const dotXy: number[] = [];
  for (const object of dots) {
    const [x, y] = centre(table, object);
    dotXy.push((x - originX) / UNITS_PER_PIXEL, (y - originY) / UNITS_PER_PIXEL);
  }

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
  const classesOf = (objects: readonly number[]) => objects.map((object) => table.classOf[object]!);
  const parts: readonly (readonly [readonly number[], "u" | "f"])[] = [
    [header, "u"],
    [outlines, "u"],
    [classesOf(outlines), "u"],
    [ringsOf, "u"],
    [pointsOf, "u"],
    [xy, "f"],
    [dots, "u"],
    [classesOf(dots), "u"],
    [dotXy, "f"],
  ];
  return join(parts);
}

function select(table: ObjectTable, x: number, y: number, side: number, pixel: number): Selection {
  // Tiles are half-open: an object that only touches the far edge belongs to the neighbour.
  const found = table.index?.search(x, y, x + side - 1, y + side - 1) ?? [];
  const large: number[] = [];
  const small: number[] = [];
  for (const object of found) {
    if (extent(table, object) >= DOT_BELOW_PX * pixel) large.push(object);
    else small.push(object);
  }
  if (large.length > MAX_OUTLINES) {
    large.sort((a, b) => extent(table, b) - extent(table, a) || a - b);
    small.push(...large.splice(MAX_OUTLINES));
  }
  large.sort((a, b) => a - b);
  small.sort((a, b) => a - b);
  return { outlines: large, dots: thin(table, small, pixel), total: found.length };
}

/** One dot a pixel is all that can be seen; above the limit, every so many-th of those. */
function thin(table: ObjectTable, objects: readonly number[], pixel: number): readonly number[] {
  const taken = new Set<number>();
  const seen: number[] = [];
  for (const object of objects) {
    const [x, y] = centre(table, object);
    const cell = Math.floor(x / pixel) + Math.floor(y / pixel) * 2 ** 26;
    if (taken.has(cell)) continue;
    taken.add(cell);
    seen.push(object);
  }
  const step = Math.ceil(seen.length / MAX_DOTS);
  return step <= 1 ? seen : seen.filter((_, i) => i % step === 0);
}

function extent(table: ObjectTable, object: number): number {
  const { boxes } = table;
  return Math.max(
    boxes[4 * object + 2]! - boxes[4 * object]!,
    boxes[4 * object + 3]! - boxes[4 * object + 1]!,
  );
}

function centre(table: ObjectTable, object: number): readonly [number, number] {
  const { boxes } = table;
  return [
    (boxes[4 * object]! + boxes[4 * object + 2]!) / 2,
    (boxes[4 * object + 1]! + boxes[4 * object + 3]!) / 2,
  ];
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
