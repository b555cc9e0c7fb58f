import { stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { damagesOf } from "../fuzz/damage.ts";
import { isSound, MEMORY_CAP, runJobs } from "../fuzz/run.ts";
import { writeSlides } from "../fuzz/slides.ts";
import { DATA, hasData } from "../shared-data.ts";
import { scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
/** Long enough for a slow machine: a hang has no end. */
const PATIENCE_MS = 90_000;

/** One real slide of each kind; `npm run fuzz` takes them all, and 220 copies of each. */
const REAL = [
  "aperio-svs-jpeg/CMU-1-Small-Region.svs",
  "derived-from-cmu1/pyramid-jpeg-q80.tif",
  "derived-from-cmu1/tiled-deflate-pred.tif",
  "ndpi-stritt/test3-DAPI-2-387.ndpi",
  "ome-tiff-he-instanseg/HE_example.tif",
  "dicom-google-wsi2dcm/jpeg.dicom",
] as const;

async function expectSound(paths: readonly string[], cuts: number, flips: number): Promise<void> {
  const files = [];
  for (const path of paths) {
    files.push({ path, damages: damagesOf((await stat(path)).size, 7, cuts, flips) });
  }
  const { results, peak } = await runJobs(files, PATIENCE_MS);
  expect(results.filter(({ outcome }) => !isSound(outcome))).toEqual([]);
  expect(results).toHaveLength(paths.length * (cuts + flips));
  expect(peak).toBeLessThan(MEMORY_CAP);
}

describe("slides with cut ends and changed bytes give pixels or a clear error", () => {
  it("written ones", { timeout: 600_000 }, async () => {
    await expectSound(await writeSlides(folder), 6, 40);
  });

  const there = REAL.map((file) => join("slides", file)).filter(hasData);
  it.skipIf(there.length < REAL.length)("real ones", { timeout: 600_000 }, async () => {
    await expectSound(
      there.map((file) => join(DATA, file)),
      4,
      12,
    );
  });
});

describe("what becomes of a child is told, and the rest goes on", () => {
  const script = join(import.meta.dirname, "../cases/fuzz/odd-child.mjs");
  const outcomes = async (paths: readonly string[], patience: number): Promise<string[]> => {
    const files = paths.map((path) => ({ path, damages: [] }));
    const { results } = await runJobs(files, patience, () => {}, script);
    expect(results.map(({ path }) => path)).toEqual(paths);
    return results.map(({ outcome }) => outcome);
  };

  it("that dies or hangs", async () => {
    // Patience runs from a child's first line: its start does not count.
    const paths = ["pixels", "dies", "corrupt-slide", "hangs", "foreign: why", "pixels"];
    const found = await outcomes(paths, 3000);
    expect(found.map(isSound)).toEqual([true, false, true, false, false, true]);
    expect(found[1]).toMatch(/^crash: SIGSEGV/);
    expect(found[3]).toBe("hang");
  });

  // Elsewhere memory has no limit that a child would meet.
  it.runIf(process.platform === "linux")("that takes more than its memory", async () => {
    const found = await outcomes(["eats memory", "pixels"], PATIENCE_MS);
    expect(found).toEqual([expect.stringMatching(/^crash: /), "pixels"]);
  });
});

it("the same seed damages in the same way, inside of the file", () => {
  const damages = damagesOf(1000, 3, 5, 20);
  expect(damagesOf(1000, 3, 5, 20)).toEqual(damages);
  expect(damagesOf(1000, 4, 5, 20)).not.toEqual(damages);
  for (const { keep = 0, flips = [] } of damages) {
    expect(keep).toBeLessThan(1000);
    for (const [at, mask] of flips) {
      expect(at).toBeGreaterThanOrEqual(0);
      expect(at).toBeLessThan(1000);
      expect(mask).toBeGreaterThan(0);
    }
  }
});
