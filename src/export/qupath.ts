import type { Point } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import type { InstanceBlock } from "../store/instance-block.ts";
import { VERSION } from "../version.ts";
import type { ClassColors } from "./class-color.ts";
import { type ExportTask, FeatureBytes, SingleInstance } from "./feature-bytes.ts";
import type { ExportFormat, Provenance } from "./format.ts";
import type { ObjectLabels } from "./object-label.ts";
import { splitStream } from "./split-stream.ts";
import { Piece, TextChunks } from "./text-bytes.ts";
import { writeWhole } from "./write-whole.ts";

/** GeoJSON in QuPath's form. */
export const QUPATH: ExportFormat = {
  names: ["qupath", "geojson"],
  endings: [".geojson", ".geojson.gz", ".json", ".json.gz"],
  summary: "GeoJSON as QuPath imports it; FILE.geojson.gz is compressed",
  splits: true,
  async write(
    { objects, task, slide, model, provenance, labels, classColors },
    { path, maxObjects },
  ) {
    // QuPath shows such a slide cropped to its bounds and counts pixels from their corner.
    const origin = slide.bounds ? { x: slide.bounds.x, y: slide.bounds.y } : undefined;
    const options = {
      task,
      model,
      provenance,
      ...(origin ? { origin } : {}),
      ...(labels ? { labels } : {}),
      ...(classColors ? { classColors } : {}),
    };
    if (maxObjects === undefined) {
      return [
        { path, ...(await writeQuPath(objects.blocks?.() ?? objects.all(), { ...options, path })) },
      ];
    }
    return splitStream(objects, maxObjects, path, async (instances, part) => {
      const about = { ...provenance, part: part.number, parts: part.of };
      return writeQuPath(instances, { ...options, provenance: about, path: part.path });
    });
  },
};

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
}

/**
 * Writes objects, single or in blocks, as a GeoJSON FeatureCollection that QuPath imports, one feature a line.
 *
 * Coordinates are level-0 px, not WGS 84 (a deviation from RFC 7946 that QuPath shares). The member
 * `microtome` of the collection says what made the file; QuPath's reader takes `features` and passes
 * over other members (seen in its `QuPathTypeAdapters.java` and `GsonTools.java`). Memory does not
 * grow with the number of objects. The file appears under its name when it is complete. Throws
 * MicrotomeError `output-unwritable`.
 */
export async function writeQuPath(
  source: AsyncIterable<Instance> | AsyncIterable<InstanceBlock>,
  options: WriteQuPathOptions,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  const { path, task, model, provenance, origin, labels, classColors } = options;
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
    const features = new FeatureBytes(task, origin, labels, classColors);
    const text = new TextChunks();
    text.out.text(`{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[`);
    for await (const item of source) {
      const block = "count" in item ? item : new SingleInstance(item);
      for (let i = 0; i < block.count; i++) {
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

const FIRST = new Piece("\n");
const NEXT = new Piece(",\n");
