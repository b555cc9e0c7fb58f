import { join } from "node:path";
import type { ClassColors } from "../export/class-color.ts";
import type { ObjectLabels } from "../export/object-label.ts";
import { correctedNames } from "../store/corrected-names.ts";
import { readCorrections } from "../store/corrections.ts";
import type { RunRecord } from "../store/run-record.ts";
import { readPromptLabels } from "./answer-prompts.ts";
import { readCorrectedLabels } from "./corrected-labels.ts";

/** What is said of a run's objects and classes beside the objects file. */
export interface RunLabels {
  readonly labels?: ObjectLabels;
  readonly classColors?: ClassColors;
}

/**
 * Names, locks, metadata and colours of a finished run's objects: those of its marks, or, of the corrected set, what the
 * imported file said. Throws MicrotomeError `corrupt-file`.
 */
export async function readRunLabels(
  folder: string,
  record: RunRecord,
  corrected: boolean,
): Promise<RunLabels> {
  const kept = corrected
    ? await readCorrectedLabels(join(folder, correctedNames(record).labels), record.key)
    : null;
  const labels = kept ?? (record.prompts ? await readPromptLabels(folder, record.task) : null);
  const corrections = corrected ? await readCorrections(folder, record) : null;
  const colors = { ...record.prompts?.classColors, ...corrections?.classColors };
  const classColors = new Map(Object.entries(colors));
  return { ...(labels ? { labels } : {}), ...(classColors.size > 0 ? { classColors } : {}) };
}
