import { MicrotomeError } from "../errors.ts";
import { checkFeature, type FeatureFault } from "./check-feature.ts";
import { readFeatures } from "./read-features.ts";

/** One reason why QuPath refuses a file, or reads something else than was meant. */
export interface Finding {
  /** The rule's name: see {@link CHECK_RULES}. */
  readonly rule: CheckRule;
  /** Position of the feature, from 0, or null for the file as a whole. */
  readonly feature: number | null;
  /** The feature's id where it has one. */
  readonly id: string | null;
  readonly message: string;
}

/** What a file must be for QuPath to import it as meant, by rule. */
export const CHECK_RULES = {
  parsable: "the file is JSON, plain or gzip, and complete",
  feature: "every item is a Feature or a geometry",
  geometry: "every feature has a geometry of a type QuPath reads",
  properties: "every feature has properties, an object",
  id: "an id is a UUID, and no two features share one",
  "object-type": "objectType is one QuPath knows",
  classification: "a classification is a name, or an object with name and color",
  name: "a name is a string",
  measurements: "measurements are numbers",
  coordinates: "positions are finite numbers",
  "ring-closed": "a ring ends where it begins",
  "ring-points": "a ring has three points or more",
  "polygon-valid": "after rounding to 0.01 px no ring crosses or touches itself, holes lie inside",
  "polygon-area": "after rounding to 0.01 px no ring is without area",
} as const;

export type CheckRule = keyof typeof CHECK_RULES;

/** So many findings are listed; the last says that there are more. */
const MOST_FINDINGS = 1000;

/**
 * Finds what keeps QuPath from importing a GeoJSON file as it is meant; none means it imports.
 *
 * Source of the rules: QuPath's own reader (QuPathTypeAdapters, ROITypeAdapters, GsonTools): one bad
 * feature ends the import of the whole file. Throws MicrotomeError `input-not-found`.
 */
export async function checkGeoJson(path: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const seen = new Map<string, number>();
  const add = (fault: FeatureFault, feature: number | null, id: string | null): void => {
    findings.push({ rule: fault.rule, feature, id, message: fault.message });
  };
  try {
    for await (const { index, value } of readFeatures(path)) {
      const { faults, id } = checkFeature(value);
      const known = id === null ? undefined : seen.get(id);
      for (const { rule, message } of faults) {
        add({ rule, message: `feature ${index}: ${message}` }, index, id);
      }
      if (known !== undefined) {
        const message = `feature ${index}: its id ${id} is that of feature ${known} too; expected one of its own`;
        add({ rule: "id", message }, index, id);
      } else if (id !== null) {
        seen.set(id, index);
      }
      if (findings.length >= MOST_FINDINGS) {
        const message = `more than ${MOST_FINDINGS} faults; only the first are listed`;
        add({ rule: "parsable", message }, null, null);
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof MicrotomeError) || error.code !== "corrupt-file") throw error;
    add({ rule: "parsable", message: error.message }, null, null);
  }
  return findings;
}
