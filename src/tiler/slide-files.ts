import { readdir, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { openFileSource } from "./byte-source.ts";
import { isDicom } from "./dicom/data-set.ts";
import {
  type DicomIdentity,
  groupSeries,
  identifyFiles,
  seriesOfFile,
  seriesOfFolder,
} from "./dicom/series.ts";
import { MAX_DICOM_FILES } from "./limits.ts";

/** Endings of slides, those that only OpenSlide reads among them: they are refused by name, not passed over. */
export const SLIDE_ENDINGS: readonly string[] =
  ".svs .tif .tiff .btf .png .jpg .jpeg .jp2 .j2k .ndpi .mrxs .scn .bif .vms .vmu .svslide .qptiff .czi .dcm".split(
    " ",
  );

/** Whether a file is called as slides are. */
export function hasSlideEnding(name: string): boolean {
  return SLIDE_ENDINGS.includes(extname(name).toLowerCase());
}

/**
 * The files that hold a slide's levels: the file itself, those of a DICOM series, or a MIRAX file and
 * those of its folder, by name.
 *
 * Labels and other pictures that lie beside it are not among them. Throws as openSlide does for what
 * is no file or holds no DICOM slide.
 */
export async function slideFiles(path: string): Promise<readonly string[]> {
  if ((await stat(path).catch(() => null))?.isDirectory()) {
    return (await seriesOfFolder(path)).volumes;
  }
  const source = await openFileSource(path);
  try {
    const head = await source.fetch(0, Math.min(132, source.size));
    if (isDicom(head)) return (await seriesOfFile(source)).volumes;
    return /\.mrxs$/i.test(path) ? [path, ...(await miraxFiles(path))] : [path];
  } finally {
    await source.close();
  }
}

/** A .mrxs file is a preview; the slide is in the folder of the same name beside it. */
async function miraxFiles(path: string): Promise<string[]> {
  const folder = path.slice(0, -".mrxs".length);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

/** What the DICOM files of one folder come to. */
export interface DicomListing {
  /** Paths to open: the folder where it holds one slide, else a file of each; damaged files by themselves. */
  readonly slides: readonly string[];
  /** Names of all DICOM files. */
  readonly files: ReadonlySet<string>;
  /** Names of those that belong to no slide: segmentations, annotations, CT, labels alone. */
  readonly others: readonly string[];
}

/**
 * Sorts out the DICOM files among the `names` of a folder, so that a slide of many files counts as one.
 *
 * Files are looked into where their ending is DICOM's or none, as many as are looked at for one slide.
 */
export async function listDicomSlides(
  folder: string,
  names: readonly string[],
): Promise<DicomListing> {
  const candidates = names.filter(mayBeDicom).slice(0, MAX_DICOM_FILES);
  const { identities, damaged } = await identifyFiles(candidates.map((name) => join(folder, name)));
  const series = groupSeries(identities).filter(({ volumes }) => volumes.length > 0);
  const broken = damaged.map(({ path }) => path);
  const uids = new Set(series.map((slide) => slide.series));
  const volumes = new Set(series.flatMap((slide) => slide.volumes));
  const isOther = (one: DicomIdentity) =>
    one.flavor === null || (!uids.has(one.series) && !volumes.has(one.path));
  const one = series.length === 1 && broken.length === 0;
  return {
    slides: one ? [folder] : [...series.map(({ volumes }) => volumes[0]!), ...broken],
    files: new Set([...identities, ...damaged].map(({ path }) => basename(path))),
    others: identities.filter(isOther).map(({ path }) => basename(path)),
  };
}

/** DICOM's endings, or no ending of letters: many files are named by a number. */
function mayBeDicom(name: string): boolean {
  return /\.(dcm|dicom|dic|ima)$/i.test(name) || !/\.[a-z]\w*$/i.test(name);
}
