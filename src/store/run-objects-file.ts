import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { ObjectsFile } from "./objects/objects-file.ts";
import type { RunRecord } from "./run-record.ts";

/** The name of the file that a run's objects are kept in. */
export function objectsFileName(task: string): string {
  return `${task}.objects`;
}

/**
 * Opens the objects file of a run folder, to be closed; null where the run lists none, as before its
 * end and in versions that kept none.
 *
 * Throws MicrotomeError `input-not-found` where a listed file is gone, `corrupt-file` where it is damaged or of another run.
 */
export async function openObjectsFile(
  folder: string,
  record: RunRecord,
): Promise<ObjectsFile | null> {
  const name = objectsFileName(record.task);
  if (!record.files.includes(name)) return null;
  const objects = await ObjectsFile.open(join(folder, name));
  const { runKey } = objects.about;
  if (runKey === record.key) return objects;
  await objects.close();
  throw new MicrotomeError(
    "corrupt-file",
    `${objects.path} is of run ${runKey}, but run.json beside it of run ${record.key}; make the run again (microtome segment … --overwrite).`,
    { file: objects.path, found: runKey, expected: record.key },
  );
}
