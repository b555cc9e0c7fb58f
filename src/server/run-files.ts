import { stat } from "node:fs/promises";
import { join } from "node:path";
import { correctedNames } from "../store/corrected-names.ts";
import { objectsFileName } from "../store/run-objects-file.ts";
import type { RunRecord } from "../store/run-record.ts";
import { confirmPath } from "./catalog.ts";
import { objectsFile } from "./served-run.ts";

/** Behind a run's id: its objects as the model made them, whatever was corrected. Ids themselves have no point. */
const ORIGINAL = ".original";

/** Which run, and which of its objects, an id in an address asks for. */
export interface RunAddress {
  readonly run: string;
  /** The model's own objects, not those that someone corrected. */
  readonly original: boolean;
}

export function parseRunId(id: string): RunAddress {
  const original = id.endsWith(ORIGINAL);
  return { run: original ? id.slice(0, -ORIGINAL.length) : id, original };
}

export function originalId(run: string): string {
  return run + ORIGINAL;
}

/** The files of a run's objects that are there. */
export interface RunFiles {
  /** The objects file. */
  readonly kept: string | null;
  /** The GeoJSON. */
  readonly exported: string | null;
  /** Someone's corrections are in the folder. */
  readonly hasCorrected: boolean;
}

/**
 * The files of a run's objects, as corrected where they were and nobody asks for the original, once run.json lists some:
 * what an earlier start left in the folder is not this run's.
 */
export async function findRunFiles(
  folder: string,
  record: RunRecord,
  original: boolean,
): Promise<RunFiles> {
  const find = async (name: string): Promise<string | null> => {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    return found?.isFile() ? confirmPath(path) : null;
  };
  const names = correctedNames(record);
  const corrected = record.files.length > 0 ? await find(names.objects) : null;
  const hasCorrected = corrected !== null;
  if (hasCorrected && !original) {
    return { kept: corrected, exported: await find(names.geoJson), hasCorrected };
  }
  const listed = (name: string) => (record.files.includes(name) ? find(name) : null);
  const [kept, exported] = [objectsFileName(record.task), objectsFile(record)];
  return { kept: await listed(kept), exported: await listed(exported), hasCorrected };
}
