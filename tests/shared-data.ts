import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The data folder beside the repository, or wherever MICROTOME_DATA points. */
export const DATA = resolve(
  process.env.MICROTOME_DATA ?? join(import.meta.dirname, "../../shared/data"),
);

/** Whether a file of the data folder is there; says once what is missing. */
export function hasData(path: string): boolean {
  if (existsSync(join(DATA, path))) return true;
  console.warn(`skipped: ${join(DATA, path)} is absent; put the data there or set MICROTOME_DATA.`);
  return false;
}
