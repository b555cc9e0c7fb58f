import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { formatNamed } from "../../src/export/formats.ts";
import { MEASUREMENTS } from "../../src/measurements.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { textThreadsOf } from "../../src/pipeline/text-threads.ts";
import { TASKS } from "../../src/scales/tasks.ts";
import { ObjectsFile } from "../../src/store/objects/objects-file.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import { nuclei, sideOf } from "../store/nuclei.ts";
import { type ExportAnswer, type ExportJob, SEED } from "./job.ts";

const TASK = TASKS.nuclei;
const MPP = 0.25;

await serveJobs<ExportJob>(VERSION, (job): Promise<ExportAnswer> => {
  switch (job.what) {
    case "make":
      return make(job.objects, job.path);
    case "write":
      return write(job.objects, job.format, job.out);
    case "read":
      return read(job.objects);
    case "compare":
      return compare(job.objects, job.geojson);
  }
});

async function make(objects: number, path: string): Promise<ExportAnswer> {
  async function* each(): AsyncGenerator<Instance, void, void> {
    yield* nuclei(objects, SEED);
  }
  const about = {
    runKey: "bench",
    task: TASK.name,
    objectName: TASK.objectName,
    model: { name: "made up", sha256: "0" },
    mpp: { x: MPP, y: MPP },
  };
  return { ...(await writeObjects(each(), { path, about })) };
}

async function write(path: string, name: string, out: string): Promise<ExportAnswer> {
  const format = formatNamed(name);
  if (!format) throw new Error(`there is no format ${name}`);
  const objects = await ObjectsFile.open(path);
  try {
    const side = sideOf(objects.count);
    const slide = {
      name: "bench.svs",
      width: side,
      height: side,
      mpp: MPP,
      gridMpp: MPP,
      bounds: null,
    };
    const startTextThread = textThreadsOf(objects);
    const subject = {
      objects,
      task: TASK,
      slide,
      model: "made up",
      provenance: {},
      ...(startTextThread ? { startTextThread } : {}),
    };
    const files = await format.write(subject, { path: out });
    return { objects: objects.count, bytes: files[0]!.bytes };
  } finally {
    await objects.close();
  }
}

async function read(path: string): Promise<ExportAnswer> {
  const file = await ObjectsFile.open(path);
  let objects = 0;
  for await (const { polygon } of file.all()) objects += polygon.outer.length > 0 ? 1 : 0;
  await file.close();
  return { objects, bytes: 0 };
}

/** Every feature stands on a line of its own: JSON.parse reads it, not the reader that belongs to the writer. */
async function compare(count: number, geojson: string): Promise<ExportAnswer> {
  const made = nuclei(count, SEED);
  let objects = 0;
  for await (const line of createInterface({ input: createReadStream(geojson) })) {
    if (!line.startsWith('{"type":"Feature",')) continue;
    const { value, done } = made.next();
    if (done) throw new Error(`found more than ${count} objects`);
    const found = JSON.parse(line.endsWith(",") ? line.slice(0, -1) : line) as Feature;
    if (!equal(found, value)) {
      throw new Error(`object ${objects}: found ${line}, expected ${JSON.stringify(value)}`);
    }
    objects++;
  }
  if (objects !== count) throw new Error(`found ${objects} objects, expected ${count}`);
  return { objects, bytes: 0 };
}

interface Feature {
  readonly id: string;
  readonly geometry: { readonly coordinates: readonly (readonly (readonly number[])[])[] };
  readonly properties: {
    readonly classification: { readonly name: string };
    readonly measurements: Readonly<Record<string, number>>;
  };
}

/** Whether an object came back: every coordinate, and measurements to their decimals. */
function equal({ id, geometry, properties }: Feature, instance: Instance): boolean {
  const rings = [instance.polygon.outer, ...instance.polygon.holes];
  return (
    id === instance.id &&
    properties.classification.name === (instance.classification ?? TASK.objectName) &&
    geometry.coordinates.length === rings.length &&
    rings.every((ring, r) => {
      const found = geometry.coordinates[r]!;
      if (found.length !== ring.length / 2 + 1) return false;
      return found.every(([x, y], i) => {
        const at = (2 * i) % ring.length;
        return x === ring[at] && y === ring[at + 1];
      });
    }) &&
    MEASUREMENTS.every(({ field, name, decimals }) => {
      return properties.measurements[name] === Number(instance[field].toFixed(decimals));
    })
  );
}
