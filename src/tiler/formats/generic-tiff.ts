import { makeBlockedSlide } from "../blocked-slide.ts";
import { decideMpp, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import type { SlideFormat } from "./format.ts";
import { pyramidOf } from "./pyramid.ts";

/**
 * Any other TIFF or BigTIFF: the first directory is level 0; its SubIFDs, or the directories marked
 * as reduced copies of it, are the other levels.
 */
export const genericTiff: SlideFormat = {
  name: "TIFF",
  vendor: "generic-tiff",
  detect: (probe) => probe.tiff !== null,
  async open(probe, options) {
    const tiff = probe.tiff!;
    const first = tiff.directories[0]!;
    const image = await readTiffImage(tiff, first);
    const subs = first.subDirectories;
    const pyramid =
      subs.length > 0
        ? await pyramidOf(tiff, image, subs, false)
        : await pyramidOf(tiff, image, tiff.directories.slice(1), true);
    const levels = [];
    for (const level of pyramid) levels.push(await openTiffLevel(tiff, level));
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, null, await tiffResolution(tiff, first)),
        objectivePower: null,
        associated: [],
        iccProfile: await readIccTag(tiff, first),
        levels,
      },
      options,
    );
  },
};
