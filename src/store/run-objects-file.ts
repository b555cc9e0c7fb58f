import { MicrotomeError } from "../errors.ts";
import { ObjectsFile } from "./objects/objects-file.ts";
import type { RunRecord } from "./run-record.ts";

/** The name of the file that a run's objects are kept in. */
export function objectsFileName(task: string): string {
  return `${task}.objects`;
}

/** Files of a corrected set of objects, beside a run's own. */
export interface CorrectedNames {
  readonly objects: string;
  readonly geoJson: string;
  readonly record: string;
}

/**
 * The names of the files that hold a run's objects as someone corrected them.
 *
 * The run's key is in them: after a run with other parameters, corrections of the one before are no
 * longer its own, and stay in the folder as they are.
 */
export function correctedNames({ task, key }: Pick<RunRecord, "task" | "key">): CorrectedNames {
  const stem = `${task}.corrected-${key.slice(0, 8)}`;
  return { objects: `${stem}.objects`, geoJson: `${stem}.geojson.gz`, record: `${stem}.json` };
}

/**
 * Opens the objects file of the run of this key; the caller closes it.
 *
 * Throws MicrotomeError `input-not-found`, and `corrupt-file` where it is damaged or of another run.
 */
export async function openObjectsFile(path: string, runKey: string): Promise<ObjectsFile> {
  const objects = await ObjectsFile.open(path);
  const found = objects.about.runKey;
  if (found === runKey) return objects;
  await objects.close();
  throw new MicrotomeError(
    "corrupt-file",
    `${path} is of run ${found}, but run.json beside it of run ${runKey}; make the run again (microtome segment … --overwrite).`,
    { file: path, found, expected: runKey },
  );
}
