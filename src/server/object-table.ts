import Flatbush from "flatbush";
import type { ClassInfo } from "./api.ts";

/** Coordinates are kept in hundredths of a level-0 pixel: exact for what an export holds, four bytes each. */
export const UNITS_PER_PIXEL = 100;

/**
 * The objects of a run in columns.
 *
 * Object i has rings ringsOf[i] … ringsOf[i+1]; ring r has points pointsOf[r] … pointsOf[r+1];
 * point p is coordinates[2p], coordinates[2p+1]. Rings do not repeat their first point. Outer rings
 * run clockwise on screen (positive area), holes the other way; a hole follows its outer ring.
 */
export interface ObjectTable {
  readonly length: number;
  /** Hundredths of a level-0 px. */
  readonly coordinates: Int32Array<ArrayBuffer>;
  readonly pointsOf: Uint32Array<ArrayBuffer>;
  readonly ringsOf: Uint32Array<ArrayBuffer>;
  /** Position in `classes`. */
  readonly classOf: Uint32Array<ArrayBuffer>;
  /** minX, minY, maxX, maxY of each, hundredths of a level-0 px. */
  readonly boxes: Int32Array<ArrayBuffer>;
  readonly ids: readonly string[];
  readonly classes: readonly ClassInfo[];
  /** By name, NaN where an object lacks it. */
  readonly measurements: ReadonlyMap<string, Float64Array>;
  /** Over `boxes`; null for no objects. */
  readonly index: Flatbush | null;
}

/** Indexes boxes (minX, minY, maxX, maxY of each) for searching. */
export function indexBoxes(boxes: Int32Array): Flatbush | null {
  const count = boxes.length / 4;
  if (count === 0) return null;
  const index = new Flatbush(count, 16, Int32Array);
  for (let i = 0; i < boxes.length; i += 4) {
    index.add(boxes[i]!, boxes[i + 1]!, boxes[i + 2]!, boxes[i + 3]!);
  }
  index.finish();
  return index;
}

/** Twice the signed area of points [from, to): positive when clockwise on screen. Square units. */
export function twiceArea(coordinates: ArrayLike<number>, from: number, to: number): number {
  if (to - from < 3) return 0;
  // Relative to the first point: the products of far-away hundredths would lose their last digits.
  const originX = coordinates[2 * from]!;
  const originY = coordinates[2 * from + 1]!;
  let sum = 0;
  let lastX = coordinates[2 * (to - 1)]! - originX;
  let lastY = coordinates[2 * (to - 1) + 1]! - originY;
  for (let p = from; p < to; p++) {
    const x = coordinates[2 * p]! - originX;
    const y = coordinates[2 * p + 1]! - originY;
    sum += lastX * y - x * lastY;
    lastX = x;
    lastY = y;
  }
  return sum;
}

/** Area of an object with its holes taken off, in level-0 px². */
export function objectArea(table: ObjectTable, object: number): number {
  let twice = 0;
  for (let r = table.ringsOf[object]!; r < table.ringsOf[object + 1]!; r++) {
    twice += twiceArea(table.coordinates, table.pointsOf[r]!, table.pointsOf[r + 1]!);
  }
  return twice / 2 / UNITS_PER_PIXEL ** 2;
}

/** True when the point (hundredths of a level-0 px) is inside the object and not in a hole. */
export function objectHolds(table: ObjectTable, object: number, x: number, y: number): boolean {
  const { coordinates, pointsOf, ringsOf } = table;
  let inside = false;
  for (let r = ringsOf[object]!; r < ringsOf[object + 1]!; r++) {
    const from = pointsOf[r]!;
    const to = pointsOf[r + 1]!;
    for (let p = from, q = to - 1; p < to; q = p++) {
      const py = coordinates[2 * p + 1]!;
      const qy = coordinates[2 * q + 1]!;
      if (py > y === qy > y) continue;
      const px = coordinates[2 * p]!;
      const qx = coordinates[2 * q]!;
      if (x < ((qx - px) * (y - py)) / (qy - py) + px) inside = !inside;
    }
  }
  return inside;
}
