import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { type LabelImage, rasterisePolygons } from "../evaluate/label-image.ts";
import { type IndexEntry, parseIndex } from "../evaluate/parse-index.ts";
import { scoreLabelImages } from "../evaluate/score.ts";
import { type DatasetScore, type NamedScore, scoreDataset } from "../evaluate/score-dataset.ts";
import { readGeoJsonPolygons } from "../export/geojson-read.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import type { Size } from "../geometry.ts";
import { taskNamed } from "../scales/tasks.ts";
import { readLabelPng } from "../tiler/label-png.ts";
import type { SegmentSlideOptions } from "./options.ts";
import { segmentSlide } from "./segment-slide.ts";

/** A folder of images with label images, described by its index.tsv, and how to segment it. */
export interface EvaluateDatasetOptions
  extends Pick<
    SegmentSlideOptions,
    | "task"
    | "model"
    | "prompts"
    | "workers"
    | "provider"
    | "iou"
    | "stability"
    | "pointsPerSide"
    | "stainNormalise"
    | "signal"
  > {
  readonly dataset: string;
  /** µm/px of images whose µm/px the index does not tell; the task's own where this is left out too. */
  readonly mpp?: number;
  /** Called before each image. */
  readonly onImage?: (done: number, total: number, image: string) => void;
}

/** An image of a data set with its truth and the µm/px it is taken at. */
export interface DatasetImage {
  readonly name: string;
  readonly path: string;
  readonly truth: LabelImage;
  /** µm/px. */
  readonly mpp: number;
  /** True when the index does not tell µm/px and a value was taken in its stead: to be said aloud. */
  readonly mppAssumed: boolean;
}

/**
 * Segments every image of a data set by the product's own way (scale, patches, merge, polygons) and
 * scores the polygons, drawn back to pixels, against the label images.
 *
 * Throws MicrotomeErrors for a data set that cannot be read, `patch-failed` when a patch fails: a
 * figure with a hole in it is no figure.
 */
export async function evaluateDataset(
  options: EvaluateDatasetOptions,
): Promise<DatasetScore & { readonly mppAssumed: number }> {
  const entries = await readIndex(options.dataset);
  const out = await mkdtemp(join(tmpdir(), "microtome-evaluate-"));
  const scores: NamedScore[] = [];
  let mppAssumed = 0;
  try {
    for (const [index, entry] of entries.entries()) {
      options.onImage?.(index, entries.length, entry.image);
      const image = await readDatasetImage(options, entry);
      if (image.mppAssumed) mppAssumed++;
      const pred = await segmentImage(image, join(out, String(index)), options);
      scores.push({ ...scoreLabelImages(pred, image.truth), image: entry.image });
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
  return { ...scoreDataset(scores), mppAssumed };
}

/** The images that a data set's index.tsv names. Throws `input-not-found`, `corrupt-file`. */
export async function readIndex(dataset: string): Promise<readonly IndexEntry[]> {
  const path = join(dataset, "index.tsv");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new MicrotomeError(
      "input-not-found",
      `${path} cannot be read (${error.code}); expected a folder with index.tsv, images and labels.`,
      { path },
      error,
    );
  });
  return parseIndex(text, path);
}

/** Reads an image's truth and decides its µm/px. */
export async function readDatasetImage(
  options: Pick<EvaluateDatasetOptions, "dataset" | "task" | "mpp">,
  entry: IndexEntry,
): Promise<DatasetImage> {
  const truth = await readLabelPng(join(options.dataset, entry.label));
  return {
    name: entry.image,
    path: join(options.dataset, entry.image),
    truth,
    mpp: entry.mpp ?? options.mpp ?? taskNamed(options.task).mpp,
    mppAssumed: entry.mpp === null && options.mpp === undefined,
  };
}

async function segmentImage(
  image: DatasetImage,
  out: string,
  options: EvaluateDatasetOptions,
): Promise<LabelImage> {
  const { dataset: _, onImage: __, ...shared } = options;
  const { record, folder } = await segmentSlide({
    ...shared,
    slide: image.path,
    mpp: image.mpp,
    out,
  });
  const failure = record.failures[0];
  if (failure) {
    throw new MicrotomeError(
      "patch-failed",
      `${image.path}: patch ${failure.patch} failed (${failure.error.message}); its figures would be wrong.`,
      { path: image.path, patch: failure.patch },
    );
  }
  const file = join(folder, record.files[0]!);
  const objects = await readGeoJsonPolygons(file, (await statedOrigin(file)) ?? undefined);
  const { width, height } = image.truth;
  requireSameSize(image, record.slide);
  return rasterisePolygons(
    objects.map((object) => object.polygons),
    { x: 0, y: 0, width, height },
  );
}

/** Refuses a label that is not its image's size. */
export function requireSameSize(image: DatasetImage, size: Size): void {
  const { width, height } = image.truth;
  if (size.width === width && size.height === height) return;
  throw new MicrotomeError(
    "corrupt-file",
    `${image.path} is ${size.width}×${size.height} px, its label ${width}×${height}; expected the same size.`,
    { path: image.path },
  );
}
