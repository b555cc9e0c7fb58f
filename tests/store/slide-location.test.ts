import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunRecord } from "../../src/store/run-record.ts";
import {
  slideCandidates,
  slidePathFromRun,
  writeSlideLocation,
} from "../../src/store/slide-location.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-location-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("slidePathFromRun", () => {
  it.each([
    ["/data/lab/runs/a.nuclei", "/data/lab/slides/a.svs", "../../slides/a.svs"],
    ["/home/bob/runs/a.nuclei", "/home/alice/slides/a.svs", "a.svs"],
    ["/var/tmp/a.nuclei", "/home/alice/a.svs", "a.svs"],
  ])("%s, %s → %s", (run, slide, expected) => {
    expect(slidePathFromRun(run, slide)).toBe(expected);
  });
});

describe("slideCandidates", () => {
  it("begins with where the slide was, and ends beside the run", async () => {
    const record = { slide: { name: "slide.svs", path: "../slide.svs" } } as unknown as RunRecord;
    const beside = [join(dirname(folder), "slide.svs"), join(folder, "slide.svs")];
    await writeSlideLocation(folder, "/elsewhere/slide.svs");
    expect(await slideCandidates(folder, record)).toEqual(["/elsewhere/slide.svs", ...beside]);
    for (const text of ["null", "not JSON", '{"slide":3}']) {
      await writeFile(join(folder, "local.json"), text);
      expect(await slideCandidates(folder, record)).toEqual(beside);
    }
  });
});
