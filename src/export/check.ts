import { MicrotomeError } from "../errors.ts";
import { checkFeature } from "./check-feature.ts";
import type { CheckRule } from "./check-rules.ts";
import { show } from "./check-rules.ts";
import { IdTable } from "./id-table.ts";
import { readFeatures } from "./read-features.ts";

/** One reason why QuPath refuses a file, or reads something else than was meant. */
export interface Finding {
  /** The rule's name: see CHECK_RULES. */
  readonly rule: CheckRule;
  /** Position of the feature, from 0, or null for the file as a whole. */
  readonly feature: number | null;
  /** The feature's id where it has one. */
  readonly id: string | null;
  readonly message: string;
}

/** So many findings are listed; the last says that there are more. */
const MOST_FINDINGS = 1000;

/**
 * Finds what keeps QuPath from importing a GeoJSON file as it is meant; none means it imports.
 *
 * Source of the rules: QuPath's own reader (QuPathTypeAdapters, ROITypeAdapters, GsonTools): one bad
 * feature ends the import of the whole file. Memory holds one feature at a time and some 40 bytes an
 * id. `onFeature` hears of every feature. Throws MicrotomeError `input-not-found`.
 */
export async function checkGeoJson(path: string, onFeature?: () => void): Promise<Finding[]> {
  const findings: Finding[] = [];
  const ids = new IdTable();
  const firstWith: number[] = [];
  const add = (rule: CheckRule, message: string, feature: number | null, id: string | null) =>
    findings.push({ rule, feature, id, message });
  const onRoot = (root: Readonly<Record<string, unknown>>): void => {
    if ("crs" in root)
      add("crs", `the file names a crs, ${show(root.crs)}; expected none`, null, null);
  };
  try {
    for await (const { index, value } of readFeatures(path, { onRoot })) {
      onFeature?.();
      const { faults, id, childIds } = checkFeature(value);
      for (const { rule, message } of faults) add(rule, `feature ${index}: ${message}`, index, id);
      for (const own of id === null ? childIds : [id, ...childIds]) {
        const { number, isNew } = ids.add(own);
        if (isNew) firstWith[number] = index;
        else {
          const message = `feature ${index}: its id ${own} is that of feature ${firstWith[number]} too; expected one of its own`;
          add("id", message, index, own);
        }
      }
      if (findings.length >= MOST_FINDINGS) {
        const message = `more than ${MOST_FINDINGS} faults; only the first are listed`;
        return [
          ...findings.slice(0, MOST_FINDINGS),
          { rule: "parsable", feature: null, id: null, message },
        ];
      }
    }
  } catch (error) {
    if (!(error instanceof MicrotomeError) || error.code !== "corrupt-file") throw error;
    add("parsable", error.message, null, null);
  }
  return findings;
}
