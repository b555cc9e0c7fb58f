import type { RunRecord } from "./run-record.ts";

/** Files of a corrected set of objects, beside a run's own. */
export interface CorrectedNames {
  readonly objects: string;
  readonly geoJson: string;
  /** What was corrected, and from which file. */
  readonly record: string;
  /** Names, locks and metadata of objects that have some. */
  readonly labels: string;
}

/**
 * The names of the files that hold a run's objects as someone corrected them.
 *
 * The run's key is in them: after a run with other parameters, corrections of the one before are no
 * longer its own, and stay in the folder as they are.
 */
export function correctedNames({ task, key }: Pick<RunRecord, "task" | "key">): CorrectedNames {
  const stem = `${task}.corrected-${key.slice(0, 8)}`;
  return {
    objects: `${stem}.objects`,
    geoJson: `${stem}.geojson.gz`,
    record: `${stem}.json`,
    labels: `${stem}.labels.ndjson`,
  };
}

/** Whether a file is one of a corrected set. */
export function isCorrectedName(path: string): boolean {
  return /\.corrected-[^/\\]*$/.test(path);
}

/** What to do about a corrected set that cannot be read. */
export const IMPORT_AGAIN =
  "import the corrections again (microtome import), or take the run's own objects (microtome export --objects original)";
