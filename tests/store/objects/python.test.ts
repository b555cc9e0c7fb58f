import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MEASUREMENTS } from "../../../src/measurements.ts";
import { writeObjects } from "../../../src/store/objects/write-objects.ts";
import { streamOf } from "../../export/objects.ts";
import { PYTHON } from "../../shapely.ts";
import { ABOUT, anyInstance, asKept } from "./some-objects.ts";

const READER = resolve(import.meta.dirname, "../../cases/store/read_objects.py");
const hasPython = spawnSync(PYTHON, ["--version"]).status === 0;
if (!hasPython) console.warn(`skipped: ${PYTHON} cannot be run; set MICROTOME_PYTHON.`);

it.skipIf(!hasPython)(
  "is what a reader written from docs/run-format.md reads",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "microtome-python-"));
    try {
      // So many that there are two levels of the index: eighteen blocks.
      const few = fc.sample(anyInstance(), { numRuns: 400, seed: 5 });
      const instances = Array.from({ length: 4400 }, (_, i) => few[(i * 7) % few.length]!);
      const path = join(folder, "nuclei.objects");
      await writeObjects(streamOf(instances), { path, about: ABOUT });
      const text = execFileSync(PYTHON, [READER, path], { encoding: "utf8", maxBuffer: 1 << 28 });
      const read = JSON.parse(text);
      expect(read.about).toMatchObject(ABOUT);
      const expected = instances.map(asKept).map((instance) => {
        const { polygon, centroid, classification = null, id, patches } = instance;
        const rings = [polygon.outer, ...polygon.holes].map((ring) =>
          Array.from({ length: ring.length / 2 }, (_, p) => [ring[2 * p]!, ring[2 * p + 1]!]),
        );
        const xs = rings.flat().map(([x]) => x!);
        const ys = rings.flat().map(([, y]) => y!);
        return {
          id,
          classification,
          box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
          centroid: [centroid.x, centroid.y],
          measurements: Object.fromEntries(
            MEASUREMENTS.map(({ field, name }) => {
              const value = instance[field];
              return [name, Number.isNaN(value) ? null : value];
            }),
          ),
          patches,
          rings,
        };
      });
      expect(read.objects).toEqual(expected);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
