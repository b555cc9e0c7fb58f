import { createHash } from "node:crypto";
import type { Box } from "../../src/geometry.ts";
import { selectScale } from "../../src/scales/select-scale.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";
import { readPatches } from "../../src/tiler/read-patches.ts";
import { readScaled } from "../../src/tiler/read-scaled.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { BoxTuple, ReadJob } from "./job.ts";
import { inLanes } from "./lanes.ts";

const toBox = ([x, y, width, height]: BoxTuple): Box => ({ x, y, width, height });

await serveJobs<ReadJob>(VERSION, async ({ slide: path, level, boxes, streams, own, hash }) => {
  const slide = await openSlide(path);
  const sha256: string[] = [];
  const seen = (image: RgbImage) => {
    if (hash) sha256.push(createHash("sha256").update(image.data).digest("hex"));
  };
  switch (own.kind) {
    case "region":
      await inLanes(boxes, streams, async (box) => seen(await slide.readRegion(level, toBox(box))));
      break;
    case "scaled": {
      const scale = selectScale(slide, own.mpp);
      await inLanes(own.boxes, streams, async (box) =>
        seen(await readScaled(slide, scale, toBox(box))),
      );
      break;
    }
    case "pass": {
      const { patchSize, overlap } = own;
      const mpp = (slide.mpp!.x + slide.mpp!.y) / 2;
      const scale = selectScale(slide, mpp);
      const request = { size: slide.size, scale, patchSize, overlap, region: null, tissue: null };
      const { patches } = planPatches(request);
      // The caller's own streams are patches that are read ahead.
      for await (const patch of readPatches(slide, scale, patches, { ahead: 2 * streams })) {
        seen(patch.image);
      }
      break;
    }
  }
  await slide.close();
  return { sha256 };
});
