import type { Instance } from "../merge/instance.ts";
import { VERSION } from "../version.ts";
import { type ExportTask, featureText } from "./feature-text.ts";
import { writeWhole } from "./write-whole.ts";

/** How to write a QuPath file. */
export interface WriteQuPathOptions {
  /** `.geojson`, or `.geojson.gz` to compress. */
  readonly path: string;
  readonly task: ExportTask;
  /** Name of the model that made the objects. */
  readonly model?: string;
  /** More about where the objects come from, e.g. the model's SHA-256 and the slide's µm/px; never null. */
  readonly provenance?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Writes objects as a GeoJSON FeatureCollection that QuPath imports, one feature a line.
 *
 * Coordinates are level-0 px, not WGS 84 (a deviation from RFC 7946 that QuPath shares). The member
 * `microtome` of the collection says what made the file; QuPath's reader takes `features` and passes
 * over other members (seen in its `QuPathTypeAdapters.java` and `GsonTools.java`). Memory does not
 * grow with the number of objects. The file appears under its name when it is complete. Throws
 * MicrotomeError `output-unwritable`.
 */
export async function writeQuPath(
  instances: AsyncIterable<Instance>,
  options: WriteQuPathOptions,
): Promise<{ readonly objects: number; readonly bytes: number }> {
  const { path, task, model, provenance } = options;
  let objects = 0;
  async function* text(): AsyncGenerator<string, void, void> {
    const about = {
      software: `microtome ${VERSION}`,
      notice: "for research use only",
      task: task.name,
      ...(model === undefined ? {} : { model }),
      coordinates: "level-0 pixels",
      ...provenance,
    };
    yield `{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[`;
    for await (const instance of instances) {
      yield `${objects === 0 ? "\n" : ",\n"}${featureText(instance, task)}`;
      objects++;
    }
    yield "\n]}\n";
  }
  const bytes = await writeWhole(path, text());
  return { objects, bytes };
}
