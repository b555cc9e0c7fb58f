import type { ExportFormat } from "./format.ts";
import { LABEL_TIFF, OME_ZARR } from "./labels/formats.ts";
import { QUPATH } from "./qupath.ts";

/** Every format that `microtome export` writes, in the order in which help lists them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  QUPATH,
  {
    names: ["flatgeobuf"],
    endings: [".fgb"],
    summary: "polygons with a spatial index, for QGIS, GDAL, geopandas; in pixels, no CRS",
    splits: false,
    write: async (subject, target) =>
      (await import("./flatgeobuf/write-flatgeobuf.ts")).writeFlatGeobuf(subject, target),
  },
  {
    names: ["csv"],
    endings: [".csv", ".csv.gz"],
    summary: "one row an object, units in the names; FILE.csv.json tells the columns",
    splits: false,
    write: async (subject, target) => (await import("./csv.ts")).writeCsv(subject, target),
  },
  {
    names: ["parquet"],
    endings: [".parquet"],
    summary: "the same table in columns, for pandas, R, DuckDB",
    splits: false,
    write: async (subject, target) => (await import("./parquet.ts")).writeParquet(subject, target),
  },
  {
    names: ["coco"],
    endings: [".json", ".json.gz"],
    summary: "COCO annotations with run-length masks, for pycocotools; at level 0 or --mpp",
    splits: false,
    takes: ["mpp"],
    write: async (subject, target) =>
      (await import("./coco/write-coco.ts")).writeCoco(subject, target),
  },
  LABEL_TIFF,
  OME_ZARR,
  {
    names: ["dicom-seg"],
    endings: [".dcm"],
    summary: "DICOM Segmentation, a segment a class; of a DICOM slide",
    splits: false,
    takes: ["mpp", "slide", "keep-identity"],
    write: async (subject, target) =>
      (await import("./dicom/formats.ts")).writeDicomSeg(subject, target),
  },
  {
    names: ["dicom-ann"],
    endings: [".dcm"],
    summary: "DICOM Bulk Simple Annotations, a polygon an object; of a DICOM slide",
    splits: false,
    takes: ["slide", "keep-identity"],
    write: async (subject, target) =>
      (await import("./dicom/formats.ts")).writeDicomAnn(subject, target),
  },
];

/** The format of a name or alias, or undefined. */
export function formatNamed(name: string): ExportFormat | undefined {
  return EXPORT_FORMATS.find(({ names }) => names.includes(name));
}
