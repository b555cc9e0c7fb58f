import type { Size } from "../geometry.ts";
import type { Slide } from "../tiler/slide.ts";
import type { IiifLimits } from "./iiif-request.ts";

export const IIIF_CONTEXT = "http://iiif.io/api/image/3/context.json";
export const IIIF_PROFILE = "http://iiif.io/api/image/3/level2.json";

/** Longest side of a picture, px. */
const MOST_SIDE = 4096;
/** Area of a picture, px²: 24 MiB as RGB. */
const MOST_AREA = 2 ** 23;
/** The same where levels have to be made for each request: what `full` needs is then kept in memory. */
const MOST_AREA_UNSTORED = 2 ** 22;
/** A stored tile of this size or near it is what clients are told to ask for: it need not be made. */
const TILE_SIDES = { least: 128, most: 1024, usual: 512 } as const;

/** How large a picture may be. `unstored`: the slide has levels that are made a region at a time. */
export function iiifLimits(unstored: boolean): IiifLimits {
  return { side: MOST_SIDE, area: unstored ? MOST_AREA_UNSTORED : MOST_AREA };
}

/**
 * The image information document (info.json). `id` is the slide's address without a slash at its end.
 * Source: IIIF Image API 3.0, section 5.
 */
export function describeIiif(id: string, slide: Slide, limits: IiifLimits) {
  const { width, height } = slide.size;
  const tile = tileFor(slide.levels[0]!.tileSize);
  const scaleFactors: number[] = [];
  const sizes: Size[] = [];
  for (let factor = 1; ; factor *= 2) {
    const size = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
    scaleFactors.push(factor);
    const largest = Math.max(size.width, size.height);
    if (largest <= limits.side && size.width * size.height <= limits.area) sizes.unshift(size);
    if (size.width <= tile.width && size.height <= tile.height) break;
  }
  return {
    "@context": IIIF_CONTEXT,
    id,
    type: "ImageService3",
    protocol: "http://iiif.io/api/image",
    profile: "level2",
    width,
    height,
    maxWidth: limits.side,
    maxHeight: limits.side,
    maxArea: limits.area,
    sizes,
    tiles: [{ ...tile, scaleFactors }],
    preferredFormats: ["jpg"],
    extraQualities: ["color", "gray"],
    extraFeatures: ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"],
  };
}

function tileFor(stored: Size): Size {
  const fits = (side: number) => side >= TILE_SIDES.least && side <= TILE_SIDES.most;
  if (fits(stored.width) && fits(stored.height)) return stored;
  return { width: TILE_SIDES.usual, height: TILE_SIDES.usual };
}
