import { readFile } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { writeFileAtomically } from "./atomic-write.ts";
import type { RunRecord } from "./run-record.ts";

/** The file that says where the slide is on this machine; never part of an export. */
const LOCAL_FILE = "local.json";

/** Notes where a run's slide is on this machine, for the viewer. */
export async function writeSlideLocation(folder: string, slidePath: string): Promise<void> {
  const text = `${JSON.stringify({ slide: resolve(slidePath) })}\n`;
  await writeFileAtomically(join(folder, LOCAL_FILE), text);
}

/**
 * Where a run's slide may be, most likely first, as absolute paths: where it was when the run was
 * made, where run.json says it is from the folder, and beside the folder. None need exist, and a file
 * that does must still be compared with `record.slide.fingerprint`.
 */
export async function slideCandidates(
  folder: string,
  record: RunRecord,
): Promise<readonly string[]> {
  const paths = [
    ...(await localSlide(folder)),
    resolve(folder, record.slide.path),
    resolve(folder, "..", record.slide.name),
    resolve(folder, record.slide.name),
  ];
  return [...new Set(paths)];
}

async function localSlide(folder: string): Promise<string[]> {
  try {
    const local: unknown = JSON.parse(await readFile(join(folder, LOCAL_FILE), "utf8"));
    const slide = (local as { slide?: unknown } | null)?.slide;
    return typeof slide === "string" ? [slide] : [];
  } catch {
    // Absent or damaged: the other places remain.
    return [];
  }
}

/**
 * The slide's path as run.json tells it: from the run folder where both lie under one folder at least
 * two deep, else the name alone. So it holds no more than that folder's own tree, and no one's home.
 */
export function slidePathFromRun(folder: string, slidePath: string): string {
  const [from, to] = [resolve(folder), resolve(slidePath)];
  const [a, b] = [from.split(sep), to.split(sep)];
  let common = 0;
  while (common < a.length && common < b.length && a[common] === b[common]) common++;
  return common >= 3 ? relative(from, to) : basename(to);
}
