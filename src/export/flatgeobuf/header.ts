import * as flatbuffers from "flatbuffers";
import { Column } from "flatgeobuf/lib/mjs/flat-geobuf/column.js";
import { ColumnType } from "flatgeobuf/lib/mjs/flat-geobuf/column-type.js";
import { GeometryType } from "flatgeobuf/lib/mjs/flat-geobuf/geometry-type.js";
import { Header } from "flatgeobuf/lib/mjs/flat-geobuf/header.js";
import type { Box } from "../../geometry.ts";
import { describeSubject } from "../describe-subject.ts";
import type { ExportSubject } from "../format.ts";
import { MEASURED_COLUMNS, TEXT_COLUMNS } from "../table-columns.ts";
import { NODE_SIZE } from "./packed-index.ts";

/** The columns of a feature, in their order. */
const COLUMNS = [
  ...TEXT_COLUMNS.map(({ name, description }) => ({ name, description, type: ColumnType.String })),
  ...MEASURED_COLUMNS.map(({ name, description }) => ({
    name,
    description,
    type: ColumnType.Double,
  })),
];

/**
 * The header of a FlatGeobuf file, its size before it: polygons without a coordinate reference
 * system, the columns with their descriptions, and where the objects come from as `metadata`, JSON.
 */
export function encodeHeader(subject: ExportSubject, extent: Box | null): Uint8Array {
  const builder = new flatbuffers.Builder(4096);
  const { task, slide, objects } = subject;
  const columns = COLUMNS.map(({ name, description, type }) => {
    const [nameAt, descriptionAt] = [builder.createString(name), builder.createString(description)];
    Column.startColumn(builder);
    Column.addName(builder, nameAt);
    Column.addDescription(builder, descriptionAt);
    Column.addType(builder, type);
    return Column.endColumn(builder);
  });
  const columnsAt = Header.createColumnsVector(builder, columns);
  const nameAt = builder.createString(task.name);
  const titleAt = builder.createString(`${slide.name}: ${task.name}`);
  const about = describeSubject(subject);
  const descriptionAt = builder.createString(`${about.coordinates}; ${about.notice}`);
  // Text alone: GDAL passes over members of other kinds.
  const facts = Object.entries(about).map(([name, value]) => [name, String(value)]);
  const metadataAt = builder.createString(JSON.stringify(Object.fromEntries(facts)));
  const envelopeAt =
    extent &&
    Header.createEnvelopeVector(
      builder,
      Float64Array.of(extent.x, extent.y, extent.x + extent.width, extent.y + extent.height),
    );
  Header.startHeader(builder);
  Header.addName(builder, nameAt);
  if (envelopeAt !== null) Header.addEnvelope(builder, envelopeAt);
  Header.addGeometryType(builder, GeometryType.Polygon);
  Header.addColumns(builder, columnsAt);
  Header.addFeaturesCount(builder, BigInt(objects.count));
  // An index over nothing is none.
  Header.addIndexNodeSize(builder, objects.count === 0 ? 0 : NODE_SIZE);
  Header.addTitle(builder, titleAt);
  Header.addDescription(builder, descriptionAt);
  Header.addMetadata(builder, metadataAt);
  builder.finishSizePrefixed(Header.endHeader(builder));
  return builder.asUint8Array();
}
