import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { correctedNames, IMPORT_AGAIN } from "./corrected-names.ts";
import type { RunRecord } from "./run-record.ts";

/** What is known of a run's corrected set: what readers need of `<task>.corrected-<key>.json`. */
export interface Corrections {
  /** Name of the file that was imported. */
  readonly file: string;
  /** When, ISO 8601; null of an older version's import, which did not keep it. */
  readonly at: string | null;
  /** Objects of another outline or class, of those that the run has. */
  readonly changed: number;
  readonly added: number;
  readonly deleted: number;
  /** Colours that the file gives its classes, 0–255. */
  readonly classColors: Readonly<Record<string, readonly [number, number, number]>>;
}

/** More is not read, bytes. */
const MOST_BYTES = 1 << 24;

/**
 * Reads what was corrected of a run; null where nothing was.
 *
 * The folder may come from anyone. Throws MicrotomeError `corrupt-file` where it does not say what was corrected.
 */
export async function readCorrections(
  folder: string,
  record: Pick<RunRecord, "task" | "key">,
): Promise<Corrections | null> {
  const path = join(folder, correctedNames(record).record);
  const text = await readBounded(path);
  if (text === null) return null;
  const corrections = parseCorrections(text);
  if (corrections) return corrections;
  throw new MicrotomeError(
    "corrupt-file",
    `${path} does not say what was corrected (${text.length} characters of something else); ${IMPORT_AGAIN}.`,
    { path },
  );
}

async function readBounded(path: string): Promise<string | null> {
  const file = await open(path, "r").catch(() => null);
  if (!file) return null;
  try {
    const { size } = await file.stat();
    return size > MOST_BYTES ? "" : await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function parseCorrections(text: string): Corrections | null {
  let value: Readonly<Record<string, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { correctedFrom, importedAt, classColors } = value ?? {};
  const [reshaped, reclassified, both, added, deleted] = [
    "reshaped",
    "reclassified",
    "reshapedAndReclassified",
    "added",
    "deleted",
  ].map((name) => countOf(value?.[name]));
  if (typeof correctedFrom !== "string") return null;
  const changed = reshaped! + reclassified! - both!;
  if (!Number.isSafeInteger(changed + added! + deleted!)) return null;
  return {
    file: basename(correctedFrom),
    at: timeOf(importedAt),
    changed,
    added: added!,
    deleted: deleted!,
    classColors: colorsOf(classColors),
  };
}

function timeOf(value: unknown): string | null {
  const time = typeof value === "string" ? new Date(value) : null;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : null;
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : Number.NaN;
}

function colorsOf(value: unknown): Corrections["classColors"] {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, color]) => isColor(color)));
}

function isColor(value: unknown): boolean {
  const isByte = (part: unknown) =>
    Number.isInteger(part) && (part as number) >= 0 && (part as number) <= 255;
  return Array.isArray(value) && value.length === 3 && value.every(isByte);
}
