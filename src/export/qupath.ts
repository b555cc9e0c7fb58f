import type { Box, Point } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import type { InstanceBlock } from "../store/instance-block.ts";
import { VERSION } from "../version.ts";
import type { ClassColors } from "./class-color.ts";
import { type ExportTask, FeatureBytes, SingleInstance } from "./feature-bytes.ts";
import { type FeatureText, FIRST, NEXT, type Stretch } from "./feature-text.ts";
import type { ExportFormat, ExportSubject, Provenance } from "./format.ts";
import { inParts, stretchOf } from "./in-parts.ts";
import type { ObjectLabels } from "./object-label.ts";
import { TextChunks } from "./text-bytes.ts";
import { areThreadsWorthwhile, TextThreads, type ThreadStyle } from "./text-threads.ts";
import { writeWhole } from "./write-whole.ts";

/** GeoJSON in QuPath's form. */
export const QUPATH: ExportFormat = {
  names: ["qupath", "geojson"],
  endings: [".geojson", ".geojson.gz", ".json", ".json.gz"],
  summary: "GeoJSON as QuPath imports it; FILE.geojson.gz is compressed",
  splits: true,
  takes: ["type"],
  async write(subject, { path, maxObjects, objectType, signal }) {
    const { objects, slide, model, provenance, labels, classColors } = subject;
    const task = objectType ? { ...subject.task, objectType } : subject.task;
    const style = {
      task,
      ...originOfBounds(slide.bounds),
      ...(classColors ? { classColors } : {}),
    };
    const options = { ...style, model, ...(labels ? { labels } : {}) };
    const threads = startThreads(subject, path, style, signal);
    try {
      return await inParts(objects.count, maxObjects, path, (stretch, part) => {
        const source =
          threads?.texts(stretch) ??
          objects.blocks?.(stretch.from, stretch.to) ??
          stretchOf(objects.all(), stretch);
        const about = part ? { part: part.number, parts: part.of } : {};
        return writeQuPath(source, {
          ...options,
          stretch,
          path: part?.path ?? path,
          provenance: { ...provenance, ...about },
        });
      });
    } finally {
      await threads?.close();
    }
  },
};

/** Threads for the text of many objects. Of a compressed file it is the least part of the work, and labels are here alone. */
function startThreads(
  { objects, labels, startTextThread }: ExportSubject,
  path: string,
  style: ThreadStyle,
  signal: AbortSignal | undefined,
): TextThreads | null {
  if (!startTextThread || labels || path.endsWith(".gz")) return null;
  return areThreadsWorthwhile(objects)
    ? new TextThreads(objects, style, startTextThread, signal)
    : null;
}

/** QuPath shows a slide with bounds cropped to them and counts pixels from their corner. */
export function originOfBounds(bounds: Box | null | undefined): { readonly origin?: Point } {
  return bounds ? { origin: { x: bounds.x, y: bounds.y } } : {};
}

/** How to write a QuPath file. */
export interface WriteQuPathOptions {
  /** `.geojson`, or `.geojson.gz` to compress. */
  readonly path: string;
  readonly task: ExportTask;
  /** Name of the model that made the objects. */
  readonly model?: string;
  /** More about where the objects come from, e.g. the model's SHA-256 and the slide's µm/px; never null. */
  readonly provenance?: Provenance;
  /** Level-0 px that is (0, 0) of the file; absent for level 0's own. The file's member `microtome` says so. */
  readonly origin?: Point;
  /** Names, locks and metadata of some objects, by their ids. */
  readonly labels?: ObjectLabels;
  /** Colours of some classes, by their names. */
  readonly classColors?: ClassColors;
  /** Of blocks: the objects that are written, by their positions; absent for all. */
  readonly stretch?: Stretch;
}

/**
 * Writes objects, single, in blocks or as text, as a GeoJSON FeatureCollection that QuPath imports, one feature a line.
 *
 * Coordinates are level-0 px, not WGS 84 (a deviation from RFC 7946 that QuPath shares). The member
 * `microtome` of the collection says what made the file; QuPath's reader takes `features` and passes
 * over other members (seen in its `QuPathTypeAdapters.java` and `GsonTools.java`). Memory does not
 * grow with the number of objects. The file appears under its name when it is complete. Throws
 * MicrotomeError `output-unwritable`.
 */
export async function writeQuPath(
  source: AsyncIterable<Instance> | AsyncIterable<InstanceBlock> | AsyncIterable<FeatureText>,
  options: WriteQuPathOptions,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  const { path, task, model, provenance, origin, stretch = ALL } = options;
  let objects = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const about = {
      software: `microtome ${VERSION}`,
      notice: "for research use only",
      task: task.name,
      ...(model === undefined ? {} : { model }),
      coordinates: origin
        ? `level-0 pixels less (${origin.x}, ${origin.y}), the corner of the slide's bounds`
        : "level-0 pixels",
      ...(origin ? { originX: origin.x, originY: origin.y } : {}),
      ...provenance,
    };
    const features = new FeatureBytes(options);
    const text = new TextChunks();
    text.out.text(`{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[`);
    for await (const item of source) {
      if ("text" in item) {
        if (text.out.length > 0) yield text.take();
        yield objects === 0 ? item.text.subarray(NEXT.length - FIRST.length) : item.text;
        objects += item.objects;
        continue;
      }
      const isBlock = "count" in item;
      const block = isBlock ? item : new SingleInstance(item);
      const { from, to } = isBlock ? stretch : ALL;
      const end = Math.min(block.count, to - block.first);
      for (let i = Math.max(0, from - block.first); i < end; i++) {
        text.out.put(objects === 0 ? FIRST : NEXT);
        features.appendFrom(block, i, text.out);
        objects++;
        if (text.full) yield text.take();
      }
    }
    text.out.text("\n]}\n");
    yield text.take();
  }
  const bytes = await writeWhole(path, chunks());
  return { objects, bytes };
}

const ALL: Stretch = { from: 0, to: Number.POSITIVE_INFINITY };
