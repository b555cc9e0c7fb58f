import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { type ReadObject, streamGeoJsonPolygons } from "../export/geojson-read.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import { type Box, ringBox, uniteBoxes } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import type { Instance } from "../merge/instance.ts";
import { innerPoint } from "../merge/measure.ts";
import { taskNamed } from "../scales/tasks.ts";
import { correctedNames } from "../store/corrected-names.ts";
import type { InstanceSource, PlacedInstance } from "../store/instance-source.ts";
import { readRunRecord } from "../store/run-folder.ts";
import { objectsFileName, openObjectsFile } from "../store/run-objects-file.ts";
import type { RunRecord } from "../store/run-record.ts";

/** A finished run's objects, open. */
export interface RunObjects {
  readonly record: RunRecord;
  readonly objects: InstanceSource;
  /** They are those that someone corrected (microtome import). */
  readonly corrected: boolean;
  close(): Promise<void>;
}

/** Which objects of a run: as corrected where there are such, or always as the run made them. */
export type RunObjectsChoice = "corrected" | "original";

/**
 * Opens the objects of a run folder; close them after use. A run of a version that kept no objects file is read from its GeoJSON.
 *
 * Throws `input-not-found` where the folder holds no finished run, `corrupt-file` where its files are damaged.
 */
export async function openRunObjects(
  folder: string,
  choice: RunObjectsChoice = "corrected",
): Promise<RunObjects> {
  const record = await readRunRecord(folder);
  if (record && choice === "corrected") {
    const path = join(folder, correctedNames(record).objects);
    const found = await stat(path).catch(() => null);
    if (found?.isFile()) {
      const objects = await openObjectsFile(path, record.key);
      return { record, objects, corrected: true, close: () => objects.close() };
    }
  }
  const kept = record && objectsFileName(record.task);
  if (kept && record.files.includes(kept)) {
    const objects = await openObjectsFile(join(folder, kept), record.key);
    return { record, objects, corrected: false, close: () => objects.close() };
  }
  const file = record?.files.find((name) => name.endsWith(".geojson.gz"));
  if (!record || !file) {
    const found = record ? `a run that is ${record.state}` : "no run.json";
    throw new MicrotomeError(
      "input-not-found",
      `${folder}: found ${found}, expected the folder of a finished run (microtome segment makes one).`,
      { folder },
    );
  }
  return {
    record,
    objects: await geoJsonSource(join(folder, file), record),
    corrected: false,
    close: async () => {},
  };
}

/** Objects read from a run's GeoJSON in every pass. */
async function geoJsonSource(path: string, record: RunRecord): Promise<InstanceSource> {
  const plain = taskNamed(record.task).objectName;
  const origin = (await statedOrigin(path)) ?? undefined;
  async function* all(): AsyncGenerator<Instance, void, void> {
    for await (const object of streamGeoJsonPolygons(path, origin)) yield instanceOf(object, plain);
  }
  let count = 0;
  let extent: Box | null = null;
  for await (const { polygon } of all()) {
    const box = ringBox(polygon.outer);
    extent = extent ? uniteBoxes(extent, box) : box;
    count++;
  }
  async function* within(box: Box): AsyncGenerator<PlacedInstance, void, void> {
    let index = 0;
    for await (const instance of all()) {
      if (meets(ringBox(instance.polygon.outer), box)) yield { index, instance };
      index++;
    }
  }
  return { count, extent, all, within };
}

function instanceOf({ id, polygons, classification, measurements }: ReadObject, plain: string) {
  const polygon = polygons[0]!;
  const measured = Object.fromEntries(
    MEASUREMENTS.map(({ field, name }) => [field, measurements[name] ?? Number.NaN]),
  ) as Pick<Instance, (typeof MEASUREMENTS)[number]["field"]>;
  return {
    id: id ?? "",
    polygon,
    centroid: innerPoint(polygon),
    ...measured,
    ...(classification === null || classification === plain ? {} : { classification }),
    patches: [],
  };
}

function meets(a: Box, b: Box): boolean {
  return (
    a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height
  );
}
