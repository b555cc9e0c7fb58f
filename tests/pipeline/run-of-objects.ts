import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box } from "../../src/geometry.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { squareInstance, streamOf } from "../export/objects.ts";

export const KEY = "0123456789abcdef".repeat(4);

/** Far out, where 32-bit floats are coarser than 0.01; every third a lymphocyte. */
export const OBJECTS = Array.from({ length: 12 }, (_, n) => {
  const { polygon, ...others } = squareInstance(n);
  const far = (ring: readonly number[]) => ring.map((v, i) => (i % 2 === 0 ? v + 200_000.11 : v));
  const moved = { outer: far(polygon.outer), holes: polygon.holes.map(far) };
  const rounded = (ring: readonly number[]) => ring.map((v) => Math.round(v * 100) / 100);
  return {
    ...others,
    polygon: { outer: rounded(moved.outer), holes: moved.holes.map(rounded) },
    ...(n % 3 === 0 ? { classification: "Lymphocyte" } : {}),
  } satisfies Instance;
});

/** A finished run's folder, without what an import does not look at. */
export async function makeRun(folder: string, bounds?: Box): Promise<void> {
  const about = {
    runKey: KEY,
    task: "nuclei",
    objectName: "Nucleus",
    model: { name: "m", sha256: "ab" },
    mpp: { x: 0.25, y: 0.25 },
  };
  await writeObjects(streamOf(OBJECTS), { path: join(folder, "nuclei.objects"), about });
  const slide = { name: "s.svs", path: "s.svs", fingerprint: "f", ...(bounds ? { bounds } : {}) };
  const record = {
    format: 1,
    state: "done",
    key: KEY,
    task: "nuclei",
    slide,
    mpp: { slide: 0.25 },
    model: { name: "m", sha256: "ab" },
    patches: { planned: 1 },
    files: ["nuclei.objects"],
  };
  writeFileSync(join(folder, "run.json"), JSON.stringify(record));
}
