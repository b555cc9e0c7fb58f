import { BlockCache } from "../../block-cache.ts";
import { UnsupportedSlideError } from "../../errors.ts";
import type { Box, Size } from "../../geometry.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { ComposedLevel, type Part } from "../composed-level.ts";
import type { LevelSource } from "../level-source.ts";
import { COMPOSED_CACHE_BYTES, MAX_CANVAS_PIXELS, MAX_SIDE } from "../limits.ts";
import { decideMpp } from "../resolution.ts";
import type { RgbImage } from "../slide.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import type { Tiff, TiffDirectory } from "../tiff/structure.ts";
import type { SlideFormat } from "./format.ts";
import { type LeicaImage, parseLeicaXml } from "./leica-xml.ts";

/** How far the areas' resolutions may be apart: rounding of sizes in nanometres. */
const SAME_RESOLUTION = 0.005;

/**
 * Leica SCN: scanned areas, each with its levels and its place on the slide in nanometres, on one
 * white canvas of the slide's size; the macro image is listed. Source:
 * https://openslide.org/formats/leica/.
 */
export const leica: SlideFormat = {
  name: "Leica SCN",
  vendor: "leica",
  detect: (probe) =>
    probe.tiff !== null &&
    probe.description.includes("http://www.leica-microsystems.com/scn/2010/"),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const { path } = probe.source;
    const collection = parseLeicaXml(tiff, probe.description);
    const { areas } = collection;
    const first = areas[0];
    if (!first) throw tiff.corrupt("its SCN describes no scanned area beside the macro image");
    const refuse = (what: string): UnsupportedSlideError =>
      new UnsupportedSlideError(
        `${path} is a Leica SCN ${what}. Export the area you need, e.g. from QuPath (File > Export images > OME TIFF).`,
        { path },
      );
    if (areas.some((area) => area.illumination !== null && area.illumination !== "brightfield")) {
      throw refuse(
        `scanned by ${areas.map((area) => area.illumination).join(", ")}; brightfield is read`,
      );
    }
    if (areas.some((area) => area.channels > 1))
      throw refuse("of several channels; brightfield is read");
    if (areas.some((area) => area.objective !== first.objective)) {
      throw refuse(
        "whose areas were scanned with different objectives, which cannot be one pyramid",
      );
    }
    // However many areas name a directory, it is opened once.
    const pictures = new Map<number, Promise<Picture>>();
    const pictureOf = (ifd: number): Promise<Picture> => {
      const opened = pictures.get(ifd) ?? openPicture(tiff, ifd);
      pictures.set(ifd, opened);
      return opened;
    };
    const cache = new BlockCache<RgbImage>(COMPOSED_CACHE_BYTES);
    const depth = Math.min(...areas.map((area) => area.levels.length));
    const levels: LevelSource[] = [];
    let bounds: Box | null = null;
    for (let i = 0; i < depth; i++) {
      const placed: Placed[] = [];
      for (const area of areas) placed.push(placeArea(area, await pictureOf(area.levels[i]!.ifd)));
      const { nanometres } = placed[0]!;
      for (const other of placed) {
        if (Math.abs(other.nanometres.x / nanometres.x - 1) <= SAME_RESOLUTION) continue;
        throw refuse("whose areas have different resolutions, which cannot be one pyramid");
      }
      const size: Size = {
        width: Math.ceil(collection.size.width / nanometres.x),
        height: Math.ceil(collection.size.height / nanometres.y),
      };
      const fits = Math.max(size.width, size.height) <= MAX_SIDE;
      if (!(fits && size.width * size.height <= MAX_CANVAS_PIXELS)) {
        throw tiff.corrupt(`its SCN claims a slide of ${size.width}×${size.height} px`);
      }
      if (i === 0)
        bounds = boundsOf(
          placed.map(({ part }) => part),
          size,
        );
      levels.push(
        new ComposedLevel(
          String(i),
          size,
          placed.map(({ part }) => part),
          cache,
        ),
      );
    }
    const picture = await pictureOf(first.levels[0]!.ifd);
    const { nanometres } = placeArea(first, picture);
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, { x: nanometres.x / 1000, y: nanometres.y / 1000 }, null),
        objectivePower: first.objective,
        associated: collection.associated,
        bounds,
        iccProfile: await readIccTag(tiff, picture.directory),
        levels,
      },
      options,
    );
  },
};

interface Picture {
  readonly directory: TiffDirectory;
  readonly source: LevelSource;
}

async function openPicture(tiff: Tiff, ifd: number): Promise<Picture> {
  const directory = tiff.directories[ifd];
  if (!directory)
    throw tiff.corrupt(`its SCN names directory ${ifd}, of ${tiff.directories.length}`);
  return { directory, source: await openTiffLevel(tiff, await readTiffImage(tiff, directory)) };
}

/** A level of an area where it lies on the canvas, and the size of its pixels. */
interface Placed {
  readonly part: Part;
  readonly nanometres: { readonly x: number; readonly y: number };
}

function placeArea(area: LeicaImage, { source }: Picture): Placed {
  const nanometres = {
    x: area.size.width / source.size.width,
    y: area.size.height / source.size.height,
  };
  const x = Math.round(area.offset.x / nanometres.x);
  const y = Math.round(area.offset.y / nanometres.y);
  return { part: { source, from: { x: 0, y: 0, ...source.size }, x, y }, nanometres };
}

/** The box around all areas, inside the canvas. */
function boundsOf(parts: readonly Part[], canvas: Size): Box {
  const left = Math.max(0, Math.min(...parts.map(({ x }) => x)));
  const top = Math.max(0, Math.min(...parts.map(({ y }) => y)));
  const right = Math.min(canvas.width, Math.max(...parts.map((p) => p.x + p.from.width)));
  const bottom = Math.min(canvas.height, Math.max(...parts.map((p) => p.y + p.from.height)));
  return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}
