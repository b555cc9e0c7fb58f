import type { SlideInfo } from "./api.ts";
import type { OpenedSlide } from "./library.ts";

/** What a browser is told of a slide. */
export function describeSlide(
  id: string,
  name: string,
  { slide, version }: OpenedSlide,
): SlideInfo {
  return {
    id,
    name,
    version,
    vendor: slide.vendor,
    width: slide.size.width,
    height: slide.size.height,
    mpp: slide.mpp && { x: slide.mpp.x, y: slide.mpp.y, source: slide.mpp.source },
    objectivePower: slide.objectivePower,
    iccProfile: slide.iccProfile !== null,
    levels: slide.levels.map((level) => ({
      width: level.size.width,
      height: level.size.height,
      downsample: level.downsample,
      tileWidth: level.tileSize.width,
      tileHeight: level.tileSize.height,
    })),
  };
}
