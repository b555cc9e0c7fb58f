import { open, rm } from "node:fs/promises";
import { MicrotomeError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import type { DicomOrigin, DicomOriginLevel } from "../../tiler/dicom/origin.ts";
import type { ExportTask } from "../feature-bytes.ts";
import { drawTile } from "../labels/draw-tile.ts";
import { type PartFile, writePart } from "../part-file.ts";
import { countClasses, requireObjects } from "./classes.ts";
import { algorithm, commonModules, newUid, references } from "./common-modules.ts";
import {
  ANATOMICAL_STRUCTURE,
  classCode,
  longString,
  SEGMENTATION_DERIVATION,
  SEGMENTATION_PURPOSE,
} from "./concepts.ts";
import { type DataSet, encodeDataSet, encodeFileHead } from "./encode-data-set.ts";
import {
  decimal,
  decimalString,
  elementHead,
  integers,
  item,
  MAX_VALUE_BYTES,
  sequence,
  sequenceEnd,
  sequenceStart,
} from "./encode-element.ts";

/** How to write a DICOM segmentation. */
export interface SegmentationOptions {
  readonly path: string;
  readonly origin: DicomOrigin;
  /** The level whose pixels are marked. */
  readonly level: DicomOriginLevel;
  /** Level-0 px. */
  readonly slideSize: Size;
  readonly task: ExportTask;
  readonly model: string;
  readonly now: Date;
}

const SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";
/** Side of a frame, px: a multiple of 8, so that a frame of bits ends with a byte. */
const SIDE = 512;
const FRAME_BYTES = (SIDE * SIDE) / 8;

/** A frame: one segment's bits in one tile. */
interface Frame {
  /** From 1. */
  readonly segment: number;
  /** In tiles. */
  readonly column: number;
  readonly row: number;
}

/**
 * Writes objects as a DICOM Segmentation of one level of their slide: BINARY, a segment a class, frames
 * (TILED_SPARSE) where a segment has pixels. Where objects overlap, the earlier keeps the pixel.
 *
 * Frames wait in `<path>.frames` until their number is known: memory does not grow with them but for
 * a dozen bytes each. Throws MicrotomeError `output-unwritable`, `fell-short` without objects, `usage`
 * where the frames exceed what one element holds. PS3.3 A.51, C.8.20.
 */
export async function writeSegmentation(
  source: InstanceSource,
  options: SegmentationOptions,
): Promise<{ readonly bytes: number; readonly frames: number }> {
  const { path, task } = options;
  const classes = [...(await countClasses(source, task.objectName)).keys()];
  requireObjects(path, classes.length, "the run has no objects");
  const framesPath = `${path}.frames`;
  try {
    const { result: frames } = await writePart(framesPath, (file) =>
      drawFrames(file, source, classes, options),
    );
    requireObjects(path, frames.length, "no object covers the centre of a pixel of this level");
    const { bytes } = await writePart(path, async (file) => {
      const instance = newUid();
      await file.append(encodeFileHead(SEGMENTATION_STORAGE, instance));
      await file.append(encodeDataSet(header(instance, classes, frames.length, options)));
      await file.append(sequenceStart(PER_FRAME));
      for (const frame of frames) await file.append(item(frameGroups(frame, options.level)));
      await file.append(sequenceEnd());
      await file.append(elementHead(PIXEL_DATA, "OB", frames.length * FRAME_BYTES));
      await copyInto(file, framesPath);
    });
    return { bytes, frames: frames.length };
  } finally {
    await rm(framesPath, { force: true });
  }
}

async function drawFrames(
  file: PartFile,
  source: InstanceSource,
  classes: readonly string[],
  { level, slideSize, task, path }: SegmentationOptions,
): Promise<readonly Frame[]> {
  const { width, height } = level.size;
  const scale = { x: slideSize.width / width, y: slideSize.height / height };
  const numbers = new Map(classes.map((name, i) => [name, i + 1]));
  const frames: Frame[] = [];
  for (let row = 0; row * SIDE < height; row++) {
    for (let column = 0; column * SIDE < width; column++) {
      const [x, y] = [column * SIDE, row * SIDE];
      const tile = {
        x,
        y,
        width: Math.min(SIDE, width - x),
        height: Math.min(SIDE, height - y),
      };
      const labels = await drawTile(
        source,
        tile,
        scale,
        ({ instance }) => numbers.get(instance.classification ?? task.objectName)!,
      );
      if (!labels) continue;
      for (const [segment, bits] of packBits(labels, tile, classes.length)) {
        if ((frames.length + 1) * FRAME_BYTES > MAX_VALUE_BYTES) throw tooManyFrames(path, level);
        frames.push({ segment, column, row });
        await file.append(bits);
      }
    }
  }
  return frames;
}

/** The bits of the segments that a tile holds, the first pixel in the lowest bit (PS3.5 8.1.1). */
function packBits(
  labels: Uint32Array,
  tile: Size,
  segments: number,
): readonly (readonly [segment: number, bits: Uint8Array])[] {
  const all = Array.from({ length: segments + 1 }, (): Uint8Array | null => null);
  for (let y = 0; y < tile.height; y++) {
    for (let x = 0; x < tile.width; x++) {
      const segment = labels[y * tile.width + x]!;
      if (segment === 0) continue;
      let bits = all[segment]!;
      if (!bits) {
        bits = new Uint8Array(FRAME_BYTES);
        all[segment] = bits;
      }
      const at = y * SIDE + x;
      bits[at >> 3] = bits[at >> 3]! | (1 << (at & 7));
    }
  }
  return all.flatMap((bits, segment) => (bits ? [[segment, bits] as const] : []));
}

async function copyInto(file: PartFile, path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    for (;;) {
      const buffer = Buffer.alloc(1 << 20);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      await file.append(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

const PER_FRAME = 0x52009230;
const PIXEL_DATA = 0x7fe00010;

/** The three dimensions of the frames' index: attribute and the functional group it is in. */
const DIMENSIONS = [
  [0x0062000b, 0x0062000a, "Segment"],
  [0x0048021f, 0x0048021a, "Row position"],
  [0x0048021e, 0x0048021a, "Column position"],
] as const;

function header(
  instance: string,
  classes: readonly string[],
  frames: number,
  { origin, level, task, model, now }: SegmentationOptions,
): DataSet {
  const organization = newUid();
  const { spacing, corner, orientation, size, thickness } = level;
  return {
    ...commonModules(origin, level, {
      sopClass: SEGMENTATION_STORAGE,
      sopInstance: instance,
      modality: "SEG",
      label: "SEGMENTATION",
      description: `${task.objectName}, for research use only`,
      now,
    }),
    ImageType: ["DERIVED", "PRIMARY"],
    // Asked for of pictures that are not placed in a patient; unknown.
    PatientOrientation: "",
    FrameOfReferenceUID: origin.frameOfReference,
    PositionReferenceIndicator: origin.positionReference,
    DimensionOrganizationType: "TILED_SPARSE",
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: organization }],
    DimensionIndexSequence: DIMENSIONS.map(([pointer, group, label]) => ({
      DimensionOrganizationUID: organization,
      DimensionIndexPointer: pointer,
      FunctionalGroupPointer: group,
      DimensionDescriptionLabel: label,
    })),
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    NumberOfFrames: frames,
    Rows: SIDE,
    Columns: SIDE,
    BitsAllocated: 1,
    BitsStored: 1,
    HighBit: 0,
    PixelRepresentation: 0,
    LossyImageCompression: "00",
    SourceImageSequence: references(level),
    TotalPixelMatrixColumns: size.width,
    TotalPixelMatrixRows: size.height,
    TotalPixelMatrixOriginSequence: [
      {
        XOffsetInSlideCoordinateSystem: decimalString(corner.x),
        YOffsetInSlideCoordinateSystem: decimalString(corner.y),
      },
    ],
    ImageOrientationSlide: orientation.map(decimalString),
    SegmentationType: "BINARY",
    SegmentsOverlap: "NO",
    SegmentSequence: classes.map((name, i) => ({
      SegmentNumber: i + 1,
      SegmentLabel: longString(name),
      SegmentAlgorithmType: "AUTOMATIC",
      SegmentAlgorithmName: longString(model),
      SegmentationAlgorithmIdentificationSequence: [algorithm(model)],
      SegmentedPropertyCategoryCodeSequence: ANATOMICAL_STRUCTURE,
      SegmentedPropertyTypeCodeSequence: classCode(task, name),
    })),
    SharedFunctionalGroupsSequence: [
      {
        PixelMeasuresSequence: [
          {
            PixelSpacing: [decimalString(spacing.y), decimalString(spacing.x)],
            SliceThickness: decimalString(thickness),
          },
        ],
        DerivationImageSequence: [
          {
            DerivationCodeSequence: SEGMENTATION_DERIVATION,
            SourceImageSequence: references(level).map((reference) => ({
              ...reference,
              PurposeOfReferenceCodeSequence: SEGMENTATION_PURPOSE,
            })),
          },
        ],
      },
    ],
  };
}

/** Where a frame lies: in the level (from 1) and on the slide. PS3.3 C.8.12.6.1. */
function frameGroups({ segment, column, row }: Frame, level: DicomOriginLevel): Buffer {
  const [x, y] = [column * SIDE, row * SIDE];
  const { corner, orientation, spacing } = level;
  const along = (axis: 0 | 1, start: number) =>
    start + orientation[axis]! * spacing.x * x + orientation[3 + axis]! * spacing.y * y;
  return Buffer.concat([
    sequence(0x00209111, integers(0x00209157, "UL", segment, row + 1, column + 1)),
    sequence(
      0x0048021a,
      Buffer.concat([
        decimal(0x0040072a, along(0, corner.x)),
        decimal(0x0040073a, along(1, corner.y)),
        decimal(0x0040074a, corner.z),
        integers(0x0048021e, "SL", x + 1),
        integers(0x0048021f, "SL", y + 1),
      ]),
    ),
    sequence(0x0062000a, integers(0x0062000b, "US", segment)),
  ]);
}

function tooManyFrames(path: string, { size }: DicomOriginLevel): MicrotomeError {
  return new MicrotomeError(
    "usage",
    `${path}: the segmentation of the level of ${size.width} × ${size.height} px takes more than the 4 GiB that DICOM has room for; give --mpp N for a coarser level.`,
    { path, ...size },
  );
}
