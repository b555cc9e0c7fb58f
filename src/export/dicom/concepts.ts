import { createHash } from "node:crypto";
import type { Measurement } from "../../measurements.ts";
import type { ExportTask } from "../feature-bytes.ts";
import type { DataSet } from "./encode-data-set.ts";

/** Codes of microtome's own, where no public scheme is known to have one. PS3.3 8.2: "99…" is private. */
const OWN_SCHEME = "99MICROTOME";

/** Text for a value of at most 64 characters (LO): a backslash would part it in two. PS3.5 6.2. */
export function longString(text: string): string {
  return [...text.replaceAll(/[\\\p{Cc}]/gu, " ")].slice(0, 64).join("");
}

/** A code sequence's one item; the value has at most 16 characters, the meaning 64. */
function code(value: string, scheme: string, meaning: string): readonly DataSet[] {
  return [
    {
      CodeValue: value,
      CodingSchemeDesignator: scheme,
      CodeMeaning: longString(meaning),
    },
  ];
}

/** What kind of thing every object is. */
export const ANATOMICAL_STRUCTURE = code("91723000", "SCT", "Anatomical Structure");
export const ARTIFICIAL_INTELLIGENCE = code("123110", "DCM", "Artificial Intelligence");
export const SEGMENTATION_PURPOSE = code(
  "121322",
  "DCM",
  "Source image for image processing operation",
);
export const SEGMENTATION_DERIVATION = code("113076", "DCM", "Segmentation");

const TASK_TYPES: Readonly<Record<ExportTask["name"], readonly DataSet[]>> = {
  nuclei: code("84640000", "SCT", "Nucleus"),
  tissue: code("85756007", "SCT", "Tissue"),
  tumor: code("REGION", OWN_SCHEME, "Region, of no class"),
};

/** The code of a class; of one that the model named, a private one. */
export function classCode(task: ExportTask, name: string): readonly DataSet[] {
  if (name === task.objectName) return TASK_TYPES[task.name];
  const short = /^[\x21-\x7e]{1,16}$/.test(name) && !name.includes("\\");
  const value = short ? name : createHash("sha256").update(name).digest("hex").slice(0, 16);
  return code(value, OWN_SCHEME, name);
}

interface MeasurementCode {
  readonly name: readonly DataSet[];
  readonly unit: readonly DataSet[];
}

const NO_UNIT = code("1", "UCUM", "no units");

/** Names and units (UCUM) of the measurements. Area, Perimeter: CID 7469 and 218. */
export const MEASUREMENT_CODES: Readonly<Record<Measurement["field"], MeasurementCode>> = {
  areaUm2: {
    name: code("42798000", "SCT", "Area"),
    unit: code("um2", "UCUM", "square micrometer"),
  },
  perimeterUm: {
    name: code("131191004", "SCT", "Perimeter"),
    unit: code("um", "UCUM", "micrometer"),
  },
  circularity: { name: code("CIRCULARITY", OWN_SCHEME, "Circularity"), unit: NO_UNIT },
  predictedIou: { name: code("PREDICTED-IOU", OWN_SCHEME, "Predicted IoU"), unit: NO_UNIT },
  stabilityScore: { name: code("STABILITY", OWN_SCHEME, "Stability"), unit: NO_UNIT },
  hematoxylinOd: {
    name: code("HEMATOXYLIN-OD", OWN_SCHEME, "Hematoxylin optical density, mean"),
    unit: NO_UNIT,
  },
};
