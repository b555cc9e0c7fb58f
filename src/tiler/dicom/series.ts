import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { MicrotomeError, UnsupportedSlideError } from "../../errors.ts";
import { type ByteSource, openFileSource } from "../byte-source.ts";
import { MAX_DICOM_FILES } from "../limits.ts";
import { isDicom, readDicomHeader } from "./data-set.ts";
import { sopClassName, TAG, WHOLE_SLIDE } from "./names.ts";

/** What a DICOM file is, by the first part of its header. */
export interface DicomIdentity {
  readonly path: string;
  /** SeriesInstanceUID; "" where there is none. */
  readonly series: string;
  /** In words, e.g. "a segmentation". */
  readonly kind: string;
  /** What the picture shows, upper case: VOLUME is a level, LABEL, OVERVIEW, … are not; null for no slide. */
  readonly flavor: string | null;
}

/** A DICOM file that does not say what it is. */
export interface DamagedFile {
  readonly path: string;
  readonly error: MicrotomeError;
}

/** The files of one whole-slide image. */
export interface DicomSeries {
  readonly series: string;
  /** Paths of the files that hold its levels, by name. */
  readonly volumes: readonly string[];
  /** What its other pictures show, lower case, by name. */
  readonly associated: readonly string[];
}

/** Says what a DICOM file is. Throws CorruptSlideError, UnsupportedSlideError. */
export async function identifyDicom(source: ByteSource): Promise<DicomIdentity> {
  const { attributes } = await readDicomHeader(source, "identity");
  const sopClass = attributes.text(TAG.sopClass);
  // A file that does not say what it shows can only be taken for the slide.
  const flavor = attributes.text(TAG.imageType, 2).toUpperCase() || "VOLUME";
  return {
    path: source.path,
    series: attributes.text(TAG.seriesInstance),
    kind: sopClassName(sopClass, attributes.text(TAG.modality)),
    flavor: sopClass === WHOLE_SLIDE ? flavor : null,
  };
}

/**
 * The whole-slide image that a DICOM file belongs to: itself, and the files of the same series in its
 * folder. Others in the folder are passed over.
 *
 * Throws UnsupportedSlideError for what is no whole-slide image or has no level, and for a folder of
 * more files than are looked at.
 */
export async function seriesOfFile(source: ByteSource): Promise<DicomSeries> {
  const own = await identifyDicom(source);
  if (own.flavor === null) throw noSlide(own);
  const { identities } = await identifyFolder(dirname(source.path), { except: source.path });
  const members = identities.filter(({ series }) => series !== "" && series === own.series);
  const series = gather([own, ...members]);
  if (series.volumes.length > 0) return series;
  throw new UnsupportedSlideError(
    `${source.path} is the ${own.flavor.toLowerCase()} image of a DICOM slide whose levels (VOLUME files of the same series) are not in its folder; put them there, or open them.`,
    { path: source.path, flavor: own.flavor },
  );
}

/** The one whole-slide image that a folder holds. Throws UnsupportedSlideError where there is none, or are several. */
export async function seriesOfFolder(folder: string): Promise<DicomSeries> {
  const { identities, damaged } = await identifyFolder(folder, {});
  if (damaged[0]) throw damaged[0].error;
  const found = groupSeries(identities);
  const [first, ...others] = found.filter(({ volumes }) => volumes.length > 0);
  if (!first) {
    const [any] = identities;
    throw any ? noSlide(any) : notOneSlide(folder);
  }
  if (others.length === 0) return first;
  const named = [first, ...others].slice(0, 3).map(({ volumes }) => volumes[0]!);
  throw new UnsupportedSlideError(
    `${folder} holds ${others.length + 1} DICOM slides (series); open one by one of its files: ${named.join(", ")}${others.length > 2 ? ", …" : ""}.`,
    { path: folder, series: others.length + 1 },
  );
}

/** Groups files by series, in the order in which they first appear; what is no slide is left out. */
export function groupSeries(identities: readonly DicomIdentity[]): DicomSeries[] {
  const groups = new Map<string, DicomIdentity[]>();
  for (const identity of identities) {
    if (identity.flavor === null) continue;
    // Without a series a file stands alone.
    const key = identity.series || identity.path;
    const group = groups.get(key);
    if (group) group.push(identity);
    else groups.set(key, [identity]);
  }
  return [...groups.values()].map(gather);
}

function gather(identities: readonly DicomIdentity[]): DicomSeries {
  const slides = identities.filter(({ flavor }) => flavor !== null);
  const volumes = slides.filter(({ flavor }) => flavor === "VOLUME");
  const others = slides.flatMap(({ flavor }) =>
    flavor === null || flavor === "VOLUME" ? [] : [flavor.toLowerCase()],
  );
  return {
    series: identities[0]?.series ?? "",
    volumes: volumes.map(({ path }) => path),
    associated: [...new Set(others)].sort(),
  };
}

/** Says what each DICOM file of a folder is, by name; what is damaged is told apart. */
async function identifyFolder(
  folder: string,
  { except }: { readonly except?: string },
): Promise<{ readonly identities: DicomIdentity[]; readonly damaged: DamagedFile[] }> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    // No links: a served folder must not lead out of itself.
    .filter((entry) => !entry.name.startsWith(".") && entry.isFile())
    .map((entry) => entry.name)
    .sort();
  if (names.length > MAX_DICOM_FILES) {
    throw new UnsupportedSlideError(
      `${folder} holds ${names.length} files, and no more than ${MAX_DICOM_FILES} are looked at for the levels of a DICOM slide; put each slide's files into a folder of their own.`,
      { path: folder, files: names.length },
    );
  }
  const paths = names.map((name) => join(folder, name));
  const own = except === undefined ? null : resolve(except);
  return identifyFiles(paths.filter((path) => resolve(path) !== own));
}

/** Says what each DICOM file among `paths` is; files of other formats are left out. */
export async function identifyFiles(
  paths: readonly string[],
): Promise<{ readonly identities: DicomIdentity[]; readonly damaged: DamagedFile[] }> {
  const identities: DicomIdentity[] = [];
  const damaged: DamagedFile[] = [];
  for (const path of paths) {
    try {
      const identity = await identifyFile(path);
      if (identity) identities.push(identity);
    } catch (error) {
      if (!(error instanceof MicrotomeError)) throw error;
      damaged.push({ path, error });
    }
  }
  return { identities, damaged };
}

async function identifyFile(path: string): Promise<DicomIdentity | null> {
  const source = await openFileSource(path).catch(() => null);
  if (!source) return null;
  try {
    const head = await source.fetch(0, Math.min(132, source.size));
    return isDicom(head) ? await identifyDicom(source) : null;
  } finally {
    await source.close();
  }
}

function noSlide({ path, kind }: DicomIdentity): UnsupportedSlideError {
  return new UnsupportedSlideError(
    `${path} is DICOM, but ${kind}; expected a VL Whole Slide Microscopy Image.`,
    { path, kind },
  );
}

function notOneSlide(folder: string): UnsupportedSlideError {
  return new UnsupportedSlideError(
    `${folder} is a folder; expected one slide file, or a folder that holds the DICOM files of one slide.`,
    { path: folder },
  );
}
