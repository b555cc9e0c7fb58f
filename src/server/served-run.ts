import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { readRunRecord } from "../store/run-folder.ts";
import type { RunRecord } from "../store/run-record.ts";

type Kind = "string" | "number" | "object";

/** What the server tells of a run, as paths into run.json. */
const NEEDED: readonly (readonly [path: string, kind: Kind])[] = [
  ["state", "string"],
  ["task", "string"],
  ["software.name", "string"],
  ["software.version", "string"],
  ["slide.name", "string"],
  ["slide.path", "string"],
  ["slide.bytes", "number"],
  ["slide.fingerprint", "string"],
  ["mpp.slide", "number"],
  ["mpp.source", "string"],
  ["mpp.used", "number"],
  ["model.name", "string"],
  ["model.version", "string"],
  ["model.sha256", "string"],
  ["parameters", "object"],
  ["patches", "object"],
  ["counts.objects", "number"],
  ["areaMm2", "number"],
  ["seconds", "object"],
  ["failures", "object"],
  ["files", "object"],
];

/**
 * Reads the run.json of a folder that anyone may have written, or null where there is none.
 *
 * Throws MicrotomeError `corrupt-file` where it is not JSON or lacks what the server tells of a run.
 */
export async function readServedRun(folder: string): Promise<RunRecord | null> {
  const record = await readRunRecord(folder);
  if (!record) return null;
  const file = join(folder, "run.json");
  for (const [path, kind] of NEEDED) {
    const value = valueAt(record, path);
    if (typeof value === kind && value !== null) continue;
    throw corrupt(file, `has no ${path} (a ${kind} is expected)`);
  }
  if (!isList(record.files) || !isList(record.failures)) {
    throw corrupt(file, "has files or failures that are no lists");
  }
  // A task's name becomes part of a file's name: run.json must not choose another folder with it.
  if (!/^[\w-]+$/.test(record.task)) {
    throw corrupt(file, `names a task that is no name, ${JSON.stringify(record.task)}`);
  }
  return record;
}

/** The name of the file that a run's objects go into. */
export function objectsFile(record: RunRecord): string {
  return `${record.task}.geojson.gz`;
}

function valueAt(record: object, path: string): unknown {
  let value: unknown = record;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | null)?.[key];
  return value;
}

function isList(value: unknown): boolean {
  return Array.isArray(value);
}

function corrupt(file: string, fault: string): MicrotomeError {
  return new MicrotomeError(
    "corrupt-file",
    `${file} ${fault}; it is not a whole run record. Make the run again, or remove the file.`,
    { file },
  );
}
