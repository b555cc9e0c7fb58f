import { realpath } from "node:fs/promises";
import { MicrotomeError } from "../errors.ts";
import type { Finding } from "./check.ts";
import type { CheckRule, FeatureFault } from "./check-rules.ts";
import { IdTable } from "./id-table.ts";
import { mendFeature } from "./mend-feature.ts";
import { microtomeMember } from "./microtome-member.ts";
import { readFeatures } from "./read-features.ts";
import { TextChunks } from "./text-bytes.ts";
import { writeWhole } from "./write-whole.ts";

/** So many things done, and so many left out, are listed; the counts are of all. */
const MOST_LISTED = 1000;

/** What mending a file came to. */
export interface FixReport {
  /** Features read. */
  readonly features: number;
  /** Features written, whatever was done to them. */
  readonly written: number;
  /** Features that something was done to. */
  readonly mended: number;
  /** Features, children, and parts of the file that could not be mended and are not in the result. */
  readonly leftOut: number;
  /** How often something was done, by rule. */
  readonly byRule: Readonly<Partial<Record<CheckRule, number>>>;
  /** What was done, object by object; the first thousand. */
  readonly done: readonly Finding[];
  /** What was left out and why; the first thousand. */
  readonly left: readonly Finding[];
}

/**
 * Writes a GeoJSON file that passes {@link checkGeoJson}, as near to the given one as can be.
 *
 * Other members of a FeatureCollection are kept, but a crs. Memory holds one feature at a time and
 * some 30 bytes an id. Throws MicrotomeError `input-not-found`, `output-unwritable`, and `usage`
 * where both paths are one file.
 */
export async function fixGeoJson(path: string, out: string): Promise<FixReport> {
  if (await isSameFile(path, out)) {
    throw new MicrotomeError(
      "usage",
      `${out} is the file that is to be mended; expected another name for the mended one. Give another --fix.`,
      { path, out },
    );
  }
  const fixing = new Fixing(path);
  await writeWhole(out, fixing.chunks());
  return fixing.report();
}

class Fixing {
  readonly #path: string;
  readonly #ids = new IdTable();
  readonly #byRule: Partial<Record<CheckRule, number>> = {};
  readonly #done: Finding[] = [];
  readonly #left: Finding[] = [];
  #features = 0;
  #written = 0;
  #mended = 0;
  #leftOut = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, void> {
    let root: Readonly<Record<string, unknown>> = {};
    const text = new TextChunks();
    // What microtome says of a file's frame is looked for at its beginning.
    const about = await microtomeMember(this.#path).catch(unlessCorrupt);
    const member = about === null ? "" : `"microtome":${JSON.stringify(about)},`;
    text.out.text(`{"type":"FeatureCollection",${member}"features":[`);
    const features = readFeatures(this.#path, {
      onRoot: (value) => {
        root = value;
      },
      onBroken: (index, error) => {
        if (index !== null) this.#features++;
        this.#leave({ rule: "parsable", message: error.message }, index, null);
      },
    });
    for await (const { index, value } of features) {
      this.#features++;
      const feature = this.#mend(index, value);
      if (feature === null) continue;
      text.out.text(this.#written === 0 ? "\n" : ",\n");
      text.out.text(feature);
      this.#written++;
      if (text.full) yield text.take();
    }
    text.out.text("\n]");
    const { type: _, features: __, crs, ...others } = root;
    if (crs !== undefined) {
      this.#tell({ rule: "crs", message: "left out the file's crs" }, null, null);
    }
    for (const [key, value] of Object.entries(others)) {
      if (key === "microtome" && about !== null) continue;
      text.out.text(`,${JSON.stringify(key)}:${JSON.stringify(value)}`);
    }
    text.out.text("}\n");
    yield text.take();
  }

  report(): FixReport {
    return {
      features: this.#features,
      written: this.#written,
      mended: this.#mended,
      leftOut: this.#leftOut,
      byRule: this.#byRule,
      done: this.#done,
      left: this.#left,
    };
  }

  #mend(index: number, value: unknown): string | null {
    let text: string | null = null;
    const mended = mendFeature(value, (id) => this.#ids.add(id).isNew);
    try {
      if (mended.value !== null) text = JSON.stringify(mended.value);
    } catch (error) {
      // Nested so deep that it cannot be written, which can be read.
      if (!(error instanceof RangeError)) throw error;
      const message = "it is nested too deep to be written";
      this.#leave({ rule: "feature", message }, index, null);
      return null;
    }
    const id =
      mended.value !== null && typeof mended.value.id === "string" ? mended.value.id : null;
    for (const done of mended.done) this.#tell(done, index, id);
    if (mended.done.length > 0) this.#mended++;
    if (mended.value === null) {
      const [first] = mended.faults;
      this.#leave(first ?? { rule: "feature", message: "it cannot be mended" }, index, null);
    } else {
      for (const fault of mended.faults) this.#leave(fault, index, id);
    }
    return text;
  }

  #tell({ rule, message }: FeatureFault, feature: number | null, id: string | null): void {
    this.#byRule[rule] = (this.#byRule[rule] ?? 0) + 1;
    if (this.#done.length < MOST_LISTED) this.#done.push(finding(rule, message, feature, id));
  }

  #leave({ rule, message }: FeatureFault, feature: number | null, id: string | null): void {
    this.#leftOut++;
    if (this.#left.length < MOST_LISTED) this.#left.push(finding(rule, message, feature, id));
  }
}

function finding(
  rule: CheckRule,
  message: string,
  feature: number | null,
  id: string | null,
): Finding {
  const named =
    feature === null || rule === "parsable" ? message : `feature ${feature}: ${message}`;
  return { rule, feature, id, message: named };
}

/** What cannot be read is told where the features are read. */
function unlessCorrupt(error: unknown): null {
  if (error instanceof MicrotomeError && error.code === "corrupt-file") return null;
  throw error;
}

/** Whether writing to `out`, which goes by way of `<out>.part`, would replace the file at `path`. */
async function isSameFile(path: string, out: string): Promise<boolean> {
  const whole = (name: string): Promise<string | null> => realpath(name).catch(() => null);
  const source = await whole(path);
  return source !== null && [await whole(out), await whole(`${out}.part`)].includes(source);
}
