import { stat } from "node:fs/promises";
import { UnsupportedSlideError } from "../errors.ts";
import { type ByteSource, openFileSource } from "./byte-source.ts";
import { isDicom } from "./dicom/data-set.ts";
import { openDicomFolder } from "./formats/dicom.ts";
import type { Probe } from "./formats/format.ts";
import { FORMATS } from "./formats/table.ts";
import { MAX_TEXT_BYTES } from "./limits.ts";
import { openWithOpenSlide } from "./openslide/open-openslide.ts";
import { openRefused } from "./openslide/open-refused.ts";
import type { OpenOptions, Slide } from "./slide.ts";
import { TAG } from "./tiff/names.ts";
import { Tiff } from "./tiff/structure.ts";

/**
 * Opens a whole-slide image, a folder that holds the DICOM files of one, or a plain picture as a slide
 * of one level.
 *
 * Throws `input-not-found`; UnsupportedSlideError where neither a format of ours nor OpenSlide reads
 * the file, saying what it is; CorruptSlideError where the file contradicts itself or ends too early;
 * `usage` for a bad `mpp`. Close the slide when done.
 */
export async function openSlide(path: string, options: OpenOptions = {}): Promise<Slide> {
  const { backend = "auto" } = options;
  if (backend !== "openslide" && (await isFolder(path))) return openDicomFolder(path, options);
  const source = await openFileSource(path);
  if (backend === "openslide") {
    await source.close();
    return openWithOpenSlide(path, options);
  }
  try {
    return await openNative(source, options);
  } catch (error) {
    if (backend === "native" || !(error instanceof UnsupportedSlideError)) throw error;
    return openRefused(path, options, error);
  }
}

/** Opens a file with the formats of the table; the slide, or a failure, closes the source. */
async function openNative(source: ByteSource, options: OpenOptions): Promise<Slide> {
  try {
    const probe = await probeSource(source);
    const format = FORMATS.find((candidate) => candidate.detect(probe));
    if (!format) throw unrecognised(probe);
    return await format.open(probe, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function probeSource(source: ByteSource): Promise<Probe> {
  const head = await source.fetch(0, Math.min(4096, source.size));
  // A DICOM file's preamble may be a TIFF header, of a TIFF that is not there.
  const tiff = Tiff.isTiff(head) && !isDicom(head) ? await Tiff.read(source) : null;
  const first = tiff?.directories[0];
  const description = tiff && first ? await tiff.text(first, TAG.imageDescription) : "";
  return { source, head, tiff, description, xmp: tiff ? await readXmp(tiff) : "" };
}

/** Only Ventana's pictures need their XMP: elsewhere a damaged one is no reason to refuse the slide. */
async function readXmp(tiff: Tiff): Promise<string> {
  const directory = tiff.directories.find(({ entries }) => entries.has(TAG.xmp));
  const entry = directory?.entries.get(TAG.xmp);
  if (!directory || !entry || entry.count > MAX_TEXT_BYTES) return "";
  return entry.offset + entry.count <= tiff.source.size ? tiff.text(directory, TAG.xmp) : "";
}

function unrecognised({ source, head }: Probe): UnsupportedSlideError {
  const sample = head.subarray(0, 512);
  const text = sample.every((byte) => byte >= 0x20 || (byte >= 9 && byte <= 13));
  const found = text ? "a text file" : "in no format that is known";
  return new UnsupportedSlideError(
    `${source.path} is ${found}; expected a slide (Aperio SVS, Hamamatsu NDPI, Leica SCN, Philips TIFF, Ventana BIF, OME-TIFF, QPTIFF, DICOM, tiled or plain TIFF) or a PNG, JPEG or JPEG 2000 picture.`,
    { path: source.path, size: source.size, recognised: false },
  );
}
