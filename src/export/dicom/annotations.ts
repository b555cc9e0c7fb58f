import { MicrotomeError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { MEASUREMENTS, type Measurement } from "../../measurements.ts";
import type { Instance } from "../../merge/instance.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import type { DicomOrigin } from "../../tiler/dicom/origin.ts";
import type { ExportTask } from "../feature-bytes.ts";
import { type PartFile, writePart } from "../part-file.ts";
import { countClasses, requireObjects } from "./classes.ts";
import { algorithm, commonModules, newUid, references } from "./common-modules.ts";
import { ANATOMICAL_STRUCTURE, classCode, longString, MEASUREMENT_CODES } from "./concepts.ts";
import { type DataSet, encodeDataSet, encodeFileHead } from "./encode-data-set.ts";
import {
  elementHead,
  itemEnd,
  itemStart,
  MAX_VALUE_BYTES,
  sequenceEnd,
  sequenceStart,
} from "./encode-element.ts";

/** How to write DICOM annotations. */
export interface AnnotationsOptions {
  readonly path: string;
  readonly origin: DicomOrigin;
  /** Level-0 px. */
  readonly slideSize: Size;
  readonly task: ExportTask;
  readonly model: string;
  readonly now: Date;
}

const ANNOTATIONS_STORAGE = "1.2.840.10008.5.1.4.1.1.91.1";

/** From this side on, px, a 32-bit number no longer tells hundredths of a pixel apart. */
const WIDE = 2 ** 17;

/**
 * Writes objects as DICOM Microscopy Bulk Simple Annotations of level 0: a group a class, closed
 * polygons in pixels of its total matrix (32-bit; 64-bit where the slide is wider than 2¹⁷ px), and
 * their measurements.
 *
 * Annotations have no holes: outer rings are written, and `holes` says how many objects lost one.
 * Kept in memory is what an index and measurements take, 28 bytes an object. Throws MicrotomeError
 * `output-unwritable`, `fell-short` without objects, `usage` where one element cannot hold a group.
 * PS3.3 A.87, C.37.1.
 */
export async function writeAnnotations(
  source: InstanceSource,
  options: AnnotationsOptions,
): Promise<{ readonly bytes: number; readonly holes: number }> {
  const { path, task } = options;
  const counts = await countClasses(source, task.objectName);
  requireObjects(path, counts.size, "the run has no objects");
  let holes = 0;
  const { bytes } = await writePart(path, async (file) => {
    const instance = newUid();
    const { before, after } = header(instance, options);
    await file.append(encodeFileHead(ANNOTATIONS_STORAGE, instance));
    await file.append(encodeDataSet(before));
    await file.append(sequenceStart(TAG.groups));
    const groups = await gatherGroups(source, counts, options);
    for (const [i, group] of groups.entries()) {
      await appendGroup(file, source, group, i + 1, options);
      holes += group.holes;
    }
    await file.append(sequenceEnd());
    await file.append(encodeDataSet(after));
  });
  return { bytes, holes };
}

const TAG = {
  groups: 0x006a0002,
  pointCoordinates: 0x00660016,
  doublePointCoordinates: 0x00660022,
  pointIndexList: 0x00660040,
  measurements: 0x00660121,
  floatingPointValues: 0x00660125,
  measurementValues: 0x00660132,
  annotationIndexList: 0x006a0011,
} as const;

/** One class, less its coordinates. */
interface Group {
  readonly name: string;
  /** Numbers in all outlines: two a point. */
  readonly numbers: number;
  /** 1-based place of each outline's first number. */
  readonly starts: Uint32Array;
  readonly measurements: ReadonlyMap<Measurement["field"], Float32Array>;
  readonly holes: number;
}

async function* membersOf(
  source: InstanceSource,
  name: string,
  objectName: string,
): AsyncGenerator<Instance, void, void> {
  for await (const instance of source.all()) {
    if ((instance.classification ?? objectName) === name) yield instance;
  }
}

async function gatherGroups(
  source: InstanceSource,
  counts: ReadonlyMap<string, number>,
  { path, task, slideSize }: AnnotationsOptions,
): Promise<readonly Group[]> {
  const most = MAX_VALUE_BYTES / (isWide(slideSize) ? 8 : 4);
  const groups = new Map(
    [...counts].map(([name, count]) => [
      name,
      {
        name,
        numbers: 0,
        starts: new Uint32Array(count),
        measurements: new Map(MEASUREMENTS.map(({ field }) => [field, new Float32Array(count)])),
        holes: 0,
        objects: 0,
      },
    ]),
  );
  for await (const instance of source.all()) {
    const group = groups.get(instance.classification ?? task.objectName)!;
    group.starts[group.objects] = group.numbers + 1;
    group.numbers += instance.polygon.outer.length;
    if (group.numbers > most) throw tooManyPoints(path, group.name);
    if (instance.polygon.holes.length > 0) group.holes++;
    for (const [field, values] of group.measurements) values[group.objects] = instance[field];
    group.objects++;
  }
  return [...groups.values()];
}

async function appendGroup(
  file: PartFile,
  source: InstanceSource,
  { name, numbers, starts, measurements }: Group,
  number: number,
  { slideSize, task, model }: AnnotationsOptions,
): Promise<void> {
  const wide = isWide(slideSize);
  await file.append(itemStart());
  await file.append(encodeDataSet({ AnnotationGroupNumber: number }));
  const tag = wide ? TAG.doublePointCoordinates : TAG.pointCoordinates;
  await file.append(elementHead(tag, wide ? "OD" : "OF", numbers * (wide ? 8 : 4)));
  for await (const { polygon } of membersOf(source, name, task.objectName)) {
    await file.append(coordinates(polygon.outer, slideSize, wide));
  }
  await appendNumbers(file, TAG.pointIndexList, "OL", starts);
  await file.append(sequenceStart(TAG.measurements));
  for (const { field } of MEASUREMENTS) {
    await appendMeasurement(file, field, measurements.get(field)!);
  }
  await file.append(sequenceEnd());
  await file.append(
    encodeDataSet({
      AnnotationGroupUID: newUid(),
      AnnotationGroupLabel: longString(name),
      AnnotationGroupGenerationType: "AUTOMATIC",
      AnnotationGroupAlgorithmIdentificationSequence: [algorithm(model)],
      AnnotationPropertyCategoryCodeSequence: ANATOMICAL_STRUCTURE,
      AnnotationPropertyTypeCodeSequence: classCode(task, name),
      NumberOfAnnotations: starts.length,
      AnnotationAppliesToAllOpticalPaths: "YES",
      GraphicType: "POLYGON",
    }),
  );
  await file.append(itemEnd());
}

/** Values that are no numbers are left out, and the others then say whose they are. */
async function appendMeasurement(
  file: PartFile,
  field: Measurement["field"],
  values: Float32Array,
): Promise<void> {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return;
  const { name, unit } = MEASUREMENT_CODES[field];
  await file.append(itemStart());
  await file.append(
    encodeDataSet({ MeasurementUnitsCodeSequence: unit, ConceptNameCodeSequence: name }),
  );
  await file.append(sequenceStart(TAG.measurementValues));
  await file.append(itemStart());
  await appendNumbers(file, TAG.floatingPointValues, "OF", finite);
  if (finite.length < values.length) {
    const owners: number[] = [];
    values.forEach((value, i) => {
      if (Number.isFinite(value)) owners.push(i + 1);
    });
    await appendNumbers(file, TAG.annotationIndexList, "OL", Uint32Array.from(owners));
  }
  await file.append(itemEnd());
  await file.append(sequenceEnd());
  await file.append(itemEnd());
}

async function appendNumbers(
  file: PartFile,
  tag: number,
  vr: "OL" | "OF",
  numbers: Uint32Array | Float32Array,
): Promise<void> {
  await file.append(elementHead(tag, vr, numbers.byteLength));
  await file.append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
}

/** Points must not lie outside of the image: PS3.3 C.37.1.2.1. */
function coordinates(ring: readonly number[], { width, height }: Size, wide: boolean): Uint8Array {
  const numbers = wide ? new Float64Array(ring.length) : new Float32Array(ring.length);
  for (let i = 0; i < ring.length; i++) {
    numbers[i] = Math.min(Math.max(ring[i]!, 0), i % 2 === 0 ? width : height);
  }
  return new Uint8Array(numbers.buffer);
}

function isWide({ width, height }: Size): boolean {
  return Math.max(width, height) >= WIDE;
}

/** The attributes before the groups, and those after, in the order of their tags. */
function header(instance: string, { origin, task, now }: AnnotationsOptions) {
  const [level] = origin.levels;
  const { ContentLabel, ContentDescription, ContentCreatorName, ...common } = commonModules(
    origin,
    level,
    {
      sopClass: ANNOTATIONS_STORAGE,
      sopInstance: instance,
      modality: "ANN",
      label: "ANNOTATIONS",
      description: `${task.objectName}, for research use only`,
      now,
    },
  );
  const before: DataSet = {
    ...common,
    // Asked for of anything that may be a paired part of the body; unknown.
    Laterality: "",
    ReferencedImageSequence: references(level),
    PixelOriginInterpretation: "VOLUME",
    AnnotationCoordinateType: "2D",
  };
  const after: DataSet = {
    ContentLabel: ContentLabel!,
    ContentDescription: ContentDescription!,
    ContentCreatorName: ContentCreatorName!,
  };
  return { before, after };
}

function tooManyPoints(path: string, name: string): MicrotomeError {
  return new MicrotomeError(
    "usage",
    `${path}: the outlines of ${name} take more than the 4 GiB that a group of DICOM annotations has room for; segment the slide in parts (--region), or export GeoJSON.`,
    { path, class: name },
  );
}
