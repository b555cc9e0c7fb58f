import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

/** The Python that is asked. */
export const PYTHON = process.env.MICROTOME_PYTHON ?? "python3";
const SCRIPT = resolve(import.meta.dirname, "cases/geojson/check-with-shapely.py");

/** What GEOS says of a GeoJSON file. */
export interface Verdict {
  readonly polygons: number;
  readonly invalid: readonly unknown[];
  readonly invalidAfterRounding: readonly unknown[];
}

/** Whether a Python with shapely is at hand; says once what to install. */
export function hasShapely(): boolean {
  if (spawnSync(PYTHON, ["-c", "import shapely"]).status === 0) return true;
  console.warn(
    `skipped: ${PYTHON} has no shapely; pip install shapely, or set MICROTOME_PYTHON to a Python that has it`,
  );
  return false;
}

/** Has GEOS judge every polygon of a file, as written and after rounding to 0.01. */
export function judgeWithShapely(path: string): Verdict {
  const output = spawnSync(PYTHON, [SCRIPT, path], { encoding: "utf8", maxBuffer: 1 << 28 });
  return (JSON.parse(output.stdout) as { files: Verdict[] }).files[0]!;
}
