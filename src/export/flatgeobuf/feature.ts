import * as flatbuffers from "flatbuffers";
import { Feature } from "flatgeobuf/lib/mjs/flat-geobuf/feature.js";
import { Geometry } from "flatgeobuf/lib/mjs/flat-geobuf/geometry.js";
import type { Polygon } from "../../geometry.ts";
import { fixedTo } from "../decimal-bytes.ts";
import { MEASURED_COLUMNS, type TableRow, TEXT_COLUMNS } from "../table-columns.ts";

/** Makes features of objects, one after another, in memory that is used again. */
export class FeatureEncoder {
  readonly #builder = new flatbuffers.Builder(1 << 14);
  #properties = Buffer.alloc(1 << 10);

  /** One object as a FlatGeobuf feature, its size before it; the bytes hold until the next call. */
  encode(row: TableRow): Uint8Array {
    const builder = this.#builder;
    builder.clear();
    const propertiesAt = builder.createByteVector(this.#encodeProperties(row));
    const geometryAt = encodeGeometry(builder, row.instance.polygon);
    Feature.startFeature(builder);
    Feature.addGeometry(builder, geometryAt);
    Feature.addProperties(builder, propertiesAt);
    builder.finishSizePrefixed(Feature.endFeature(builder));
    return builder.asUint8Array();
  }

  /** Each value after the number of its column; what has no value is left out. */
  #encodeProperties(row: TableRow): Uint8Array {
    let needed = 10 * MEASURED_COLUMNS.length;
    // A character takes three bytes at most.
    for (const { of } of TEXT_COLUMNS) needed += 6 + 3 * of(row).length;
    if (needed > this.#properties.length) this.#properties = Buffer.alloc(2 * needed);
    const to = this.#properties;
    let at = 0;
    let column = 0;
    for (const { of } of TEXT_COLUMNS) {
      const length = to.write(of(row), at + 6, "utf8");
      to.writeUInt16LE(column++, at);
      to.writeUInt32LE(length, at + 2);
      at += 6 + length;
    }
    for (const { decimals, of } of MEASURED_COLUMNS) {
      const value = of(row);
      if (Number.isFinite(value)) {
        to.writeUInt16LE(column, at);
        to.writeDoubleLE(fixedTo(value, decimals), at + 2);
        at += 10;
      }
      column++;
    }
    return to.subarray(0, at);
  }
}

/** Rings one after another, each closed by its first point; `ends` counts points, and is for several rings only. */
function encodeGeometry(builder: flatbuffers.Builder, { outer, holes }: Polygon): number {
  const xy: number[] = [];
  const ends: number[] = [];
  for (const ring of [outer, ...holes]) {
    for (const value of ring) xy.push(value);
    xy.push(ring[0]!, ring[1]!);
    ends.push(xy.length / 2);
  }
  const xyAt = Geometry.createXyVector(builder, xy);
  const endsAt = ends.length > 1 ? Geometry.createEndsVector(builder, ends) : null;
  Geometry.startGeometry(builder);
  if (endsAt !== null) Geometry.addEnds(builder, endsAt);
  Geometry.addXy(builder, xyAt);
  return Geometry.endGeometry(builder);
}
