import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fromFile } from "geotiff";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { ReadJob } from "./job.ts";
import { inLanes } from "./lanes.ts";

const manifest = new URL("../../node_modules/geotiff/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };

// readRGB, as its documentation shows; its block cache on, no worker pool.
await serveJobs<ReadJob>(version, async ({ slide, level, boxes, out, streams, hash }) => {
  const tiff = await fromFile(slide);
  const image = await tiff.getImage(level);
  const size = out ? { width: out[0], height: out[1], resampleMethod: "bilinear" } : {};
  const sha256: string[] = [];
  await inLanes(boxes, streams, async ([x, y, width, height]) => {
    const right = Math.min(x + width, image.getWidth());
    const bottom = Math.min(y + height, image.getHeight());
    const rgb = await image.readRGB({ window: [x, y, right, bottom], interleave: true, ...size });
    if (hash)
      sha256.push(
        createHash("sha256")
          .update(rgb as Uint8Array)
          .digest("hex"),
      );
  });
  await tiff.close();
  return { sha256 };
});
