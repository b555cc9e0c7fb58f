import { randomUUID } from "node:crypto";
import type { DicomOrigin, DicomOriginLevel } from "../../tiler/dicom/origin.ts";
import { VERSION } from "../../version.ts";
import { ARTIFICIAL_INTELLIGENCE, longString } from "./concepts.ts";
import type { DataSet } from "./encode-data-set.ts";

/** A new UID made of a UUID (PS3.5 B.2). */
export function newUid(): string {
  return `2.25.${BigInt(`0x${randomUUID().replaceAll("-", "")}`)}`;
}

/** What a derived file says of itself. */
export interface DerivedFile {
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly modality: "SEG" | "ANN";
  readonly label: string;
  readonly description: string;
  readonly now: Date;
}

/**
 * Patient, study, series, equipment and reference modules of a file derived of a slide. PS3.3 C.7.
 *
 * Study, series and frame of reference are the slide's by their UIDs. Whose it is stays empty, as the
 * standard allows of these attributes (type 2), unless the origin was read with its identity.
 */
export function commonModules(
  origin: DicomOrigin,
  level: DicomOriginLevel,
  file: DerivedFile,
): DataSet {
  const [date, time] = dateAndTime(file.now);
  const { identity } = origin;
  return {
    SpecificCharacterSet: "ISO_IR 192",
    SOPClassUID: file.sopClass,
    SOPInstanceUID: file.sopInstance,
    PatientName: identity?.PatientName ?? "",
    PatientID: identity?.PatientID ?? "",
    PatientBirthDate: identity?.PatientBirthDate ?? "",
    PatientSex: identity?.PatientSex ?? "",
    StudyInstanceUID: origin.studyInstance,
    StudyID: identity?.StudyID ?? "",
    StudyDate: identity?.StudyDate ?? "",
    StudyTime: identity?.StudyTime ?? "",
    AccessionNumber: identity?.AccessionNumber ?? "",
    ReferringPhysicianName: identity?.ReferringPhysicianName ?? "",
    Modality: file.modality,
    SeriesInstanceUID: newUid(),
    SeriesNumber: 1,
    InstanceNumber: 1,
    Manufacturer: "microtome",
    ManufacturerModelName: "microtome",
    DeviceSerialNumber: "none",
    SoftwareVersions: VERSION,
    ContentDate: date,
    ContentTime: time,
    ContentLabel: file.label,
    ContentDescription: longString(file.description),
    ContentCreatorName: "",
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: origin.seriesInstance,
        ReferencedInstanceSequence: references(level),
      },
    ],
  };
}

/** The files of a level as references. */
export function references({ sopClass, sopInstances }: DicomOriginLevel): DataSet[] {
  return sopInstances.map((instance) => ({
    ReferencedSOPClassUID: sopClass,
    ReferencedSOPInstanceUID: instance,
  }));
}

/** What made the objects. */
export function algorithm(model: string): DataSet {
  return {
    AlgorithmFamilyCodeSequence: ARTIFICIAL_INTELLIGENCE,
    AlgorithmName: longString(model),
    AlgorithmVersion: `microtome ${VERSION}`,
  };
}

/** UTC, so that a file does not tell where it was made. */
function dateAndTime(now: Date): readonly [date: string, time: string] {
  const digits = now.toISOString().replaceAll(/[-:T]/g, "");
  return [digits.slice(0, 8), digits.slice(8, 14)];
}
