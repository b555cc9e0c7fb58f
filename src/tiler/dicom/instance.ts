import { UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import type { ByteSource } from "../byte-source.ts";
import { MAX_BLOCK_PIXELS, MAX_DICOM_FRAMES, MAX_SIDE } from "../limits.ts";
import type { Attributes } from "./attributes.ts";
import { damagedDicom } from "./damaged.ts";
import { type DicomHeader, readDicomHeader } from "./data-set.ts";
import { type FrameCodec, frameCodec, TAG, transferSyntaxName } from "./names.ts";
import { type PixelRules, readPixelRules } from "./pixel-rules.ts";

/** One way that light took to the camera: a stain's or a channel's picture. */
export interface OpticalPath {
  readonly id: string;
  /** As the scanner calls it; "" where it does not. */
  readonly description: string;
  /** The colour that its palette gives to full brightness, 0–255, or null where it has none. */
  readonly color: readonly [red: number, green: number, blue: number] | null;
}

/** One DICOM file of a slide: a level, a part of one, or one plane of one. */
export interface DicomInstance {
  readonly source: ByteSource;
  readonly header: DicomHeader;
  readonly sopInstance: string;
  /** Size of the level, in its own pixels. */
  readonly matrix: Size;
  /** Size of a frame, in pixels. */
  readonly tile: Size;
  readonly frames: number;
  readonly codec: FrameCodec;
  readonly pixels: PixelRules;
  /** Positions come from the frames' order, else from what is said of each. */
  readonly tiledFull: boolean;
  /** At least one. */
  readonly opticalPaths: readonly OpticalPath[];
  /** Focal planes that the file holds; null where it does not say. */
  readonly focalPlanes: number | null;
  /** Height of its first plane over the slide, µm; null where it does not say. */
  readonly z: number | null;
  readonly concatenation: Concatenation | null;
  /** µm/px of the level, or null. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  readonly objectivePower: number | null;
  readonly iccProfile: Uint8Array | null;
}

/** Where a file stands among those that hold one level together. */
export interface Concatenation {
  readonly id: string;
  /** Files in all; null where it does not say. */
  readonly total: number | null;
  /** Frames in the files before it. */
  readonly firstFrame: number;
}

/**
 * Reads what a VOLUME file of a whole-slide image says of itself.
 *
 * Throws UnsupportedSlideError, naming what is in the way, and CorruptSlideError.
 */
export async function readInstance(source: ByteSource): Promise<DicomInstance> {
  const header = await readDicomHeader(source);
  const { attributes } = header;
  const codec = frameCodec(header.transferSyntax);
  if (!codec) {
    throw new UnsupportedSlideError(
      `${source.path}: its frames are stored as ${transferSyntaxName(header.transferSyntax)}, which is not decoded; raw, JPEG, JPEG-LS, JPEG 2000 and RLE are: rewrite it, e.g. with \`dcmdjpeg\` (DCMTK).`,
      { path: source.path, transferSyntax: header.transferSyntax },
    );
  }
  const corrupt = (what: string) => damagedDicom(source.path, what);
  const side = (tag: string, what: string, otherwise: number | null = null): number => {
    const value = attributes.integer(tag) ?? otherwise ?? 0;
    if (value >= 1 && value <= MAX_SIDE) return value;
    throw corrupt(`it claims ${what} of ${value} px (1 to ${MAX_SIDE} are possible)`);
  };
  const tile = {
    width: side(TAG.columns, "frames with a width"),
    height: side(TAG.rows, "frames with a height"),
  };
  if (tile.width * tile.height > MAX_BLOCK_PIXELS) {
    throw new UnsupportedSlideError(
      `${source.path}: a frame is ${tile.width}×${tile.height} px, more than the ${MAX_BLOCK_PIXELS} px decoded at once; rewrite it tiled.`,
      { path: source.path, ...tile },
    );
  }
  const frames = attributes.decimal(TAG.numberOfFrames) ?? 1;
  if (!Number.isInteger(frames) || frames < 1 || frames > MAX_DICOM_FRAMES) {
    throw corrupt(`it claims ${frames} frames (1 to ${MAX_DICOM_FRAMES} are possible)`);
  }
  if (!header.pixelData) throw corrupt("it holds no pixels");
  const matrix = {
    width: side(TAG.totalPixelMatrixColumns, "a level with a width", tile.width),
    height: side(TAG.totalPixelMatrixRows, "a level with a height", tile.height),
  };
  const paths = attributes.items(TAG.opticalPaths);
  const measures = attributes.item(TAG.sharedFunctionalGroups).item(TAG.pixelMeasures);
  return {
    source,
    header,
    sopInstance: attributes.text(TAG.sopInstance),
    matrix,
    tile,
    frames,
    codec,
    pixels: readPixelRules(source.path, attributes, codec),
    tiledFull: isTiledFull(header),
    opticalPaths: paths.length > 0 ? paths.map(readOpticalPath) : [UNNAMED_PATH],
    focalPlanes: attributes.integer(TAG.focalPlanes),
    z: attributes.item(TAG.totalPixelMatrixOrigin).decimal(TAG.zOffset),
    concatenation: readConcatenation(attributes),
    mpp: pixelSize(attributes, measures, matrix),
    objectivePower: paths[0]?.decimal(TAG.objectiveLensPower) ?? null,
    iccProfile: paths[0]?.bytes(TAG.iccProfile) ?? attributes.bytes(TAG.iccProfile),
  };
}

/** A file that says neither way, and nothing of single frames, can only be full. */
function isTiledFull({ attributes, perFrame }: DicomHeader): boolean {
  const said = attributes.text(TAG.dimensionOrganizationType);
  return said === "TILED_FULL" || (said !== "TILED_SPARSE" && perFrame === null);
}

function readConcatenation(attributes: Attributes): Concatenation | null {
  const id = attributes.text(TAG.concatenation);
  if (id === "") return null;
  return {
    id,
    total: attributes.integer(TAG.concatenationTotal),
    firstFrame: attributes.integer(TAG.concatenationFrameOffset) ?? 0,
  };
}

/** PixelSpacing is the distance of rows, then of columns, in mm; the imaged volume is in mm too. */
function pixelSize(
  attributes: Attributes,
  measures: Attributes,
  matrix: Size,
): { readonly x: number; readonly y: number } | null {
  const x = measures.decimal(TAG.pixelSpacing, 1) ?? attributes.decimal(TAG.pixelSpacing, 1);
  const y = measures.decimal(TAG.pixelSpacing, 0) ?? attributes.decimal(TAG.pixelSpacing, 0);
  if (x !== null && y !== null) return { x: x * 1000, y: y * 1000 };
  const width = attributes.float(TAG.imagedVolumeWidth);
  const height = attributes.float(TAG.imagedVolumeHeight);
  if (width === null || height === null) return null;
  return { x: (width * 1000) / matrix.width, y: (height * 1000) / matrix.height };
}

/** What a file has that says nothing of its optical path. */
const UNNAMED_PATH: OpticalPath = { id: "1", description: "", color: null };

function readOpticalPath(item: Attributes, index: number): OpticalPath {
  const palette = item.item(TAG.opticalPathPalette);
  const full = [
    lastEntry(palette, TAG.redPaletteSegments, TAG.redPalette),
    lastEntry(palette, TAG.greenPaletteSegments, TAG.greenPalette),
    lastEntry(palette, TAG.bluePaletteSegments, TAG.bluePalette),
  ] as const;
  const [red, green, blue] = full;
  return {
    id: item.text(TAG.opticalPathIdentifier) || String(index + 1),
    description: item.text(TAG.opticalPathDescription),
    color: red === null || green === null || blue === null ? null : [red, green, blue],
  };
}

/** The end of a ramp: its last 16-bit word, of which 8 bits count where it has no more. */
function lastEntry(palette: Attributes, segments: string, table: string): number | null {
  const bytes = palette.bytes(segments) ?? palette.bytes(table);
  if (!bytes || bytes.length < 2) return null;
  const value = bytes[bytes.length - 2]! | (bytes[bytes.length - 1]! << 8);
  return value > 255 ? value >> 8 : value;
}
