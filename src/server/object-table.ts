import Flatbush from "flatbush";
import type { ClassInfo } from "./api.ts";
import type { Outline } from "./outline.ts";

/**
 * The objects of a run in columns.
 *
 * Object i has rings ringsOf[i] … ringsOf[i+1]; ring r has points pointsOf[r] … pointsOf[r+1];
 * point p is coordinates[2p], coordinates[2p+1]. Rings are as in {@link Outline}.
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

/** The rings of an object of a table. */
export function outlineAt(table: ObjectTable, object: number): Outline {
  const { coordinates, pointsOf, ringsOf } = table;
  return {
    coordinates,
    pointsOf: pointsOf.subarray(ringsOf[object]!, ringsOf[object + 1]! + 1),
  };
}
