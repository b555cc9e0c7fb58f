import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { partPolygon } from "../../src/merge/contour.ts";
import { type MaskMergeOptions, mergeMasks } from "../../src/merge/merge-masks.ts";
import { mergePatches } from "../../src/merge/merge-patches.ts";
import { createMergeStats } from "../../src/merge/merge-stats.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import { MaskReader, writeMasks, writeOutlines } from "./exchange.ts";
import type { MergeJob } from "./job.ts";
import { NucleiWorld } from "./world.ts";

await serveJobs<MergeJob>(VERSION, async ({ folder, side, seed, what }) => {
  const world = new NucleiWorld(side, seed);
  if (what === "paint") return writeMasks(world, folder);
  if (what === "outline") return writeOutlines(world, folder);
  const reader = new MaskReader(folder, side);
  const stats = createMergeStats();
  const options: MaskMergeOptions = {
    patches: world.patches,
    masksOf: async (index) => reader.masksOf(index),
    scale: { gridDownsample: 1 },
    slideMpp: 0.25,
    seams: "own",
    minAreaUm2: 0,
    maxAreaUm2: null,
    stats,
  };
  let objects = 0;
  if (what === "read") {
    for (const { index } of world.patches) objects += reader.masksOf(index).length;
  } else if (what === "smooth") {
    for await (const _ of mergePatches({ ...options, idSeed: "bench" })) objects++;
  } else {
    const found = new Int32Array(5 * world.nuclei);
    for await (const merged of mergeMasks(options)) {
      for (const { spans } of merged) {
        const { x, y, width, height } = spans.box;
        found.set([x, y, width, height, spans.area], 5 * objects);
        objects++;
        if (what === "exact") partPolygon(spans);
      }
    }
    writeFileSync(join(folder, "objects.i32"), found.subarray(0, 5 * objects));
  }
  reader.close();
  return { objects, masks: stats.masks, peakMasks: stats.peakMasks };
});
