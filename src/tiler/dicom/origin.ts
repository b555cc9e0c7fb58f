import { stat } from "node:fs/promises";
import { UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { type ByteSource, openFileSource } from "../byte-source.ts";
import type { Attributes } from "./attributes.ts";
import { isDicom, readDicomHeader } from "./data-set.ts";
import { readInstance } from "./instance.ts";
import { IDENTITY_TAG, ORIGIN_TAG, TAG } from "./names.ts";
import { seriesOfFile, seriesOfFolder } from "./series.ts";

/** What a DICOM file about a slide refers to: identifiers and places, nothing of a person. */
export interface DicomOrigin {
  readonly studyInstance: string;
  readonly seriesInstance: string;
  readonly frameOfReference: string;
  /** "SLIDE_CORNER" or the like; "" where the slide does not say. */
  readonly positionReference: string;
  /** Finest first. */
  readonly levels: readonly [DicomOriginLevel, ...DicomOriginLevel[]];
  /** DICOM keyword → value; null unless asked for. */
  readonly identity: Readonly<Record<IdentityName, string>> | null;
}

/** One level, and the files that hold it. */
export interface DicomOriginLevel {
  readonly sopClass: string;
  readonly sopInstances: readonly string[];
  /** The level's own px. */
  readonly size: Size;
  /** mm per px of the level. */
  readonly spacing: { readonly x: number; readonly y: number };
  /** Upper left corner on the slide, mm; z in µm. */
  readonly corner: { readonly x: number; readonly y: number; readonly z: number };
  /** Direction cosines of a row, then of a column, on the slide (x, y, z each). */
  readonly orientation: readonly number[];
  /** mm. */
  readonly thickness: number;
}

/** An attribute that tells whose a slide is. */
export type IdentityName = Exclude<keyof typeof IDENTITY_TAG, "characterSet">;

/** Most scanners lay rows along −y and columns along −x: PS3.3 C.8.12.1.1, the label on the left. */
const USUAL_ORIENTATION = [0, -1, 0, -1, 0, 0];
const USUAL_THICKNESS_MM = 0.001;

/**
 * Reads what files derived of a DICOM slide refer to; `path` is its folder or any of its files.
 *
 * With `keepIdentity` also the patient's and study's own attributes, which are not looked at otherwise.
 * Throws UnsupportedSlideError where `path` is no DICOM slide or says too little to be referred to,
 * CorruptSlideError.
 */
export async function readDicomOrigin(path: string, keepIdentity: boolean): Promise<DicomOrigin> {
  const series = (await stat(path)).isDirectory()
    ? await seriesOfFolder(path)
    : await usingSource(path, async (source) => {
        const head = await source.fetch(0, Math.min(132, source.size));
        if (!isDicom(head)) throw notDicom(path);
        return seriesOfFile(source);
      });
  const files = [];
  for (const volume of series.volumes) files.push(await readFacts(volume, keepIdentity));
  const levels = groupBySize(files.map(({ level }) => level));
  const [first] = files;
  if (!first || !levels[0]) throw notDicom(path);
  return {
    ...first.common,
    levels: [levels[0], ...levels.slice(1)],
    identity: first.identity,
  };
}

async function readFacts(path: string, keepIdentity: boolean) {
  return usingSource(path, async (source) => {
    const { matrix, mpp, sopInstance } = await readInstance(source);
    const more = [
      ...Object.values(ORIGIN_TAG),
      ...(keepIdentity ? Object.values(IDENTITY_TAG) : []),
    ];
    const { attributes } = await readDicomHeader(source, "whole", more);
    const common = {
      studyInstance: required(path, attributes, ORIGIN_TAG.studyInstance, "StudyInstanceUID"),
      seriesInstance: required(path, attributes, TAG.seriesInstance, "SeriesInstanceUID"),
      frameOfReference: required(
        path,
        attributes,
        ORIGIN_TAG.frameOfReference,
        "FrameOfReferenceUID",
      ),
      positionReference: attributes.text(ORIGIN_TAG.positionReference),
    };
    if (!mpp) throw tooLittle(path, "PixelSpacing");
    const corner = attributes.item(TAG.totalPixelMatrixOrigin);
    const measures = attributes.item(TAG.sharedFunctionalGroups).item(TAG.pixelMeasures);
    const orientation = USUAL_ORIENTATION.map((usual, i) => ({
      usual,
      said: attributes.decimal(ORIGIN_TAG.imageOrientationSlide, i),
    }));
    const isSaid = orientation.every(({ said }) => said !== null);
    const level: DicomOriginLevel = {
      sopClass: attributes.text(TAG.sopClass),
      sopInstances: [sopInstance],
      size: matrix,
      spacing: { x: mpp.x / 1000, y: mpp.y / 1000 },
      corner: {
        x: corner.decimal(ORIGIN_TAG.xOffset) ?? 0,
        y: corner.decimal(ORIGIN_TAG.yOffset) ?? 0,
        z: corner.decimal(TAG.zOffset) ?? 0,
      },
      orientation: orientation.map(({ usual, said }) => (isSaid ? said! : usual)),
      thickness: measures.decimal(ORIGIN_TAG.sliceThickness) ?? USUAL_THICKNESS_MM,
    };
    return { common, level, identity: keepIdentity ? readIdentity(attributes) : null };
  });
}

/** Files of one size hold one level: a concatenation, or its optical paths. Finest first. */
function groupBySize(files: readonly DicomOriginLevel[]): DicomOriginLevel[] {
  const levels = new Map<string, DicomOriginLevel>();
  for (const file of files) {
    const key = `${file.size.width}×${file.size.height}`;
    const found = levels.get(key);
    const sopInstances = [...(found?.sopInstances ?? []), ...file.sopInstances];
    levels.set(key, { ...(found ?? file), sopInstances: [...new Set(sopInstances)] });
  }
  const area = ({ size }: DicomOriginLevel) => size.width * size.height;
  return [...levels.values()].sort((a, b) => area(b) - area(a));
}

function readIdentity(attributes: Attributes): Record<IdentityName, string> {
  const decoder = new TextDecoder(encodingOf(attributes.text(IDENTITY_TAG.characterSet)));
  const text = (tag: string) =>
    decoder.decode(attributes.bytes(tag) ?? new Uint8Array(0)).replace(/[\0 ]+$/, "");
  const { characterSet: _, ...tags } = IDENTITY_TAG;
  const entries = Object.entries(tags).map(([name, tag]) => [name, text(tag)] as const);
  return Object.fromEntries(entries) as Record<IdentityName, string>;
}

/** PS3.3 C.12.1.1.2; code extensions (ISO 2022) are not decoded. */
function encodingOf(characterSet: string): string {
  if (characterSet === "ISO_IR 192") return "utf-8";
  if (characterSet === "GB18030" || characterSet === "GBK") return "gb18030";
  return ENCODINGS[characterSet.replace("ISO 2022 IR", "ISO_IR")] ?? "latin1";
}

const ENCODINGS: Readonly<Record<string, string>> = {
  "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3",
  "ISO_IR 110": "iso-8859-4",
  "ISO_IR 144": "iso-8859-5",
  "ISO_IR 127": "iso-8859-6",
  "ISO_IR 126": "iso-8859-7",
  "ISO_IR 138": "iso-8859-8",
  "ISO_IR 148": "iso-8859-9",
  "ISO_IR 13": "shift_jis",
};

async function usingSource<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openFileSource(path);
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

function required(path: string, attributes: Attributes, tag: string, name: string): string {
  const value = attributes.text(tag);
  if (value === "") throw tooLittle(path, name);
  return value;
}

function tooLittle(path: string, name: string): UnsupportedSlideError {
  return new UnsupportedSlideError(
    `${path} has no ${name}, by which a DICOM file of its objects would refer to it; export them in another format, e.g. --format geojson.`,
    { path, missing: name },
  );
}

function notDicom(path: string): UnsupportedSlideError {
  return new UnsupportedSlideError(`${path} is not a DICOM slide.`, { path });
}
