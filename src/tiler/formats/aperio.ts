import { makeBlockedSlide } from "../blocked-slide.ts";
import { decideMpp, parseDecimal, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import { TAG } from "../tiff/names.ts";
import type { Tiff } from "../tiff/structure.ts";
import type { SlideFormat } from "./format.ts";

/**
 * Aperio (Leica) SVS: a TIFF whose tiled directories are the levels, finest first, and whose
 * stripped ones are the thumbnail, the label and the macro image.
 */
export const aperio: SlideFormat = {
  name: "Aperio SVS",
  vendor: "aperio",
  detect: (probe) => probe.tiff !== null && probe.description.startsWith("Aperio"),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const images = await Promise.all(tiff.directories.map((d) => readTiffImage(tiff, d)));
    const first = images[0]!;
    if (!first.tiled) throw tiff.corrupt("it says Aperio, but its first picture is not tiled");
    const tiled = images.filter((image, i) => image.tiled && (i === 0 || isSmaller(image, first)));
    tiled.sort((a, b) => b.size.width - a.size.width);
    const levels = [];
    for (const image of tiled) levels.push(await openTiffLevel(tiff, image));
    const facts = parseAperioDescription(probe.description);
    const size = facts.mpp === null ? null : { x: facts.mpp, y: facts.mpp };
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, size, await tiffResolution(tiff, first.directory)),
        objectivePower: facts.objectivePower,
        associated: await associatedNames(tiff, images),
        iccProfile: await readIccTag(tiff, first.directory),
        levels,
      },
      options,
    );
  },
};

function isSmaller(image: TiffImage, first: TiffImage): boolean {
  return image.size.width < first.size.width && image.size.height < first.size.height;
}

/**
 * What is kept of Aperio's description: µm/px and the objective. The rest (barcode, user, date,
 * file name) may point to a person and is not read.
 */
export function parseAperioDescription(description: string): {
  readonly mpp: number | null;
  readonly objectivePower: number | null;
} {
  const value = (key: string): number | null => {
    const pattern = new RegExp(`\\|\\s*${key}\\s*=\\s*([^|;\\r\\n]*)`, "i");
    return parseDecimal(pattern.exec(description)?.[1]);
  };
  return { mpp: value("MPP"), objectivePower: value("AppMag") };
}

/** The second line of a stripped picture's description begins with its name; the thumbnail's with its size. */
async function associatedNames(tiff: Tiff, images: readonly TiffImage[]): Promise<string[]> {
  const names: string[] = [];
  for (const image of images) {
    if (image.tiled) continue;
    const description = await tiff.text(image.directory, TAG.imageDescription);
    const word = /\n\s*([a-z]+)\b/i.exec(description)?.[1]?.toLowerCase();
    const name = word ?? (image.directory.index === 1 ? "thumbnail" : null);
    if (name && !names.includes(name)) names.push(name);
  }
  return names.sort();
}
