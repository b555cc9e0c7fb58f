import { MicrotomeError } from "../errors.ts";
import { fingerprintFiles } from "../store/fingerprint.ts";
import type { RunRecord } from "../store/run-record.ts";
import { slideCandidates } from "../store/slide-location.ts";
import { type DicomOrigin, readDicomOrigin } from "../tiler/dicom/origin.ts";
import { slideFiles } from "../tiler/slide-files.ts";

/** How to find a run's slide, and what may be read of it. */
export interface FindOriginOptions {
  /** Where the slide is now; looked for where the run left it otherwise. */
  readonly slide?: string | undefined;
  /** Whether patient and study attributes are read, too. */
  readonly keepIdentity: boolean;
}

/**
 * What a DICOM file of a run's objects refers to, read from the run's slide.
 *
 * Throws `usage` where the run's slide is not DICOM, `input-not-found` where it cannot be found,
 * UnsupportedSlideError where it says too little.
 */
export async function findOrigin(
  folder: string,
  record: RunRecord,
  { slide, keepIdentity }: FindOriginOptions,
): Promise<DicomOrigin> {
  const { vendor, name, width, height } = record.slide;
  if (vendor !== "dicom") {
    throw new MicrotomeError(
      "usage",
      `${folder}: its slide ${name} is not DICOM (it was read as ${vendor}), and DICOM files of objects refer to a DICOM slide; choose another --format.`,
      { folder, vendor },
    );
  }
  const candidates = slide === undefined ? await slideCandidates(folder, record) : [slide];
  for (const path of candidates) {
    if (!(await isSlideOf(record, path))) continue;
    const origin = await readDicomOrigin(path, keepIdentity);
    const { size } = origin.levels[0];
    if (size.width === width && size.height === height) return origin;
  }
  throw new MicrotomeError(
    "input-not-found",
    `${folder}: its slide ${name} is not ${slide === undefined ? "where the run was made" : `${slide}, or has changed`}; say with --slide PATH where it is (a file of it, or its folder).`,
    { folder, slide: name },
  );
}

async function isSlideOf(record: RunRecord, path: string): Promise<boolean> {
  const files = await slideFiles(path).catch(() => []);
  if (files.length === 0) return false;
  return (await fingerprintFiles(files)).sha256 === record.slide.fingerprint;
}
