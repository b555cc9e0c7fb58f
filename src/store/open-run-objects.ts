import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { ObjectsFile } from "./objects/objects-file.ts";
import { readRunRecord } from "./run-folder.ts";
import type { RunRecord } from "./run-record.ts";

/** A run and its objects, to be closed. */
export interface OpenedRun {
  readonly record: RunRecord;
  readonly objects: ObjectsFile;
}

/** The name of the file that a run's objects are kept in. */
export function objectsFileName(task: string): string {
  return `${task}.objects`;
}

/**
 * Opens the objects of a finished run folder; the caller closes them.
 *
 * Throws MicrotomeError `input-not-found` where the folder holds no finished run or one of a version
 * that kept no objects file, `corrupt-file` where run.json or the file is damaged or they are of two runs.
 */
export async function openRunObjects(folder: string): Promise<OpenedRun> {
  const record = await readRunRecord(folder);
  const name = record?.files.find((file) => file === objectsFileName(record.task));
  if (!record || !name) {
    const finished = record?.state === "done" || record?.state === "incomplete";
    const found = !record
      ? "no run.json"
      : finished
        ? `a run of ${record.software.name} ${record.software.version}, which kept no objects file`
        : `a run that is ${record.state}`;
    throw new MicrotomeError(
      "input-not-found",
      `${folder}: found ${found}, expected the folder of a finished run with ${objectsFileName(record?.task ?? "<task>")}; ${finished ? "make the run again (microtome segment … --overwrite)" : "microtome segment makes one"}.`,
      { folder },
    );
  }
  const objects = await ObjectsFile.open(join(folder, basename(name)));
  if (objects.about.runKey === record.key) return { record, objects };
  await objects.close();
  throw new MicrotomeError(
    "corrupt-file",
    `${objects.path} is of run ${objects.about.runKey}, but run.json beside it of run ${record.key}; make the run again (microtome segment … --overwrite).`,
    { file: objects.path, found: objects.about.runKey, expected: record.key },
  );
}
