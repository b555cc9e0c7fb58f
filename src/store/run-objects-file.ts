import { MicrotomeError } from "../errors.ts";
import { IMPORT_AGAIN, isCorrectedName } from "./corrected-names.ts";
import { ObjectsFile } from "./objects/objects-file.ts";

/** The name of the file that a run's objects are kept in. */
export function objectsFileName(task: string): string {
  return `${task}.objects`;
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
  const advice = isCorrectedName(path)
    ? IMPORT_AGAIN
    : "make the run again (microtome segment … --overwrite)";
  throw new MicrotomeError(
    "corrupt-file",
    `${path} is of run ${found}, but run.json beside it of run ${runKey}; ${advice}.`,
    { file: path, found, expected: runKey },
  );
}
