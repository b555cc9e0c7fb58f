import { UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { requireRange } from "../byte-source.ts";
import type { LevelSource } from "../level-source.ts";
import { decideMpp, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { requireSide } from "../tiff/image.ts";
import { COMPRESSION, compressionName, TAG } from "../tiff/names.ts";
import type { Tiff, TiffDirectory } from "../tiff/structure.ts";
import type { SlideFormat } from "./format.ts";
import { type NdpiPage, openNdpiLevel, tooLargeUnbroken } from "./ndpi-level.ts";

/** Values of the SourceLens tag for pictures that are no level. */
const NO_LEVEL: Readonly<Record<number, string>> = { [-1]: "macro", [-2]: "map" };

/**
 * Hamamatsu NDPI: directories with a positive SourceLens are the levels, of focal plane 0; other
 * planes, the macro image and the map are listed. Source:
 * https://openslide.org/formats/hamamatsu/.
 */
export const hamamatsu: SlideFormat = {
  name: "Hamamatsu NDPI",
  vendor: "hamamatsu",
  detect: (probe) => probe.tiff?.directories[0]?.entries.has(TAG.hamamatsuFormat) ?? false,
  async open(probe, options) {
    const tiff = probe.tiff!;
    const { pages, associated } = await sortDirectories(tiff);
    const first = pages[0];
    if (!first) throw tiff.corrupt("it says Hamamatsu, but no directory is a level of a slide");
    const levels: LevelSource[] = [];
    for (const [i, page] of pages.entries()) {
      const level = await openNdpiLevel(tiff, page);
      if (!level && i === 0) throw tooLargeUnbroken(tiff.source.path, page.size);
      // A coarser level that cannot be read in parts is left out: the finer ones serve for it.
      if (level) levels.push(level);
    }
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, null, await tiffResolution(tiff, first.directory)),
        objectivePower: await tiff.number(first.directory, TAG.hamamatsuSourceLens, null),
        associated,
        iccProfile: await readIccTag(tiff, first.directory),
        levels,
      },
      options,
    );
  },
};

/** The directories of focal plane 0 (or of the first, where none is 0), finest first, and the names of the rest. */
async function sortDirectories(
  tiff: Tiff,
): Promise<{ readonly pages: readonly NdpiPage[]; readonly associated: readonly string[] }> {
  const names = new Set<string>();
  const planes = new Map<number, TiffDirectory[]>();
  for (const directory of tiff.directories) {
    const lens = await tiff.number(directory, TAG.hamamatsuSourceLens, 0);
    const name = NO_LEVEL[lens];
    if (name) names.add(name);
    if (!(lens > 0)) continue;
    const plane = await tiff.number(directory, TAG.hamamatsuFocalPlane, 0);
    planes.set(plane, [...(planes.get(plane) ?? []), directory]);
  }
  const served = planes.has(0) ? 0 : planes.keys().next().value;
  for (const plane of planes.keys()) {
    if (plane !== served) names.add(`focal plane at ${plane} nm`);
  }
  const directories = (served !== undefined && planes.get(served)) || [];
  const pages = await Promise.all(directories.map((directory) => readPage(tiff, directory)));
  pages.sort((a, b) => b.size.width - a.size.width);
  pages.forEach(({ size, directory }, i) => {
    if (i === 0 || size.width < pages[i - 1]!.size.width) return;
    throw new UnsupportedSlideError(
      `${tiff.source.path}: directory ${directory.index} is a second picture of ${size.width}×${size.height} px in one focal plane, as of a fluorescence slide of several channels; brightfield is read. Export an RGB rendering of it, e.g. from QuPath (File > Export images).`,
      { path: tiff.source.path, directory: directory.index },
    );
  });
  return { pages, associated: [...names].sort() };
}

async function readPage(tiff: Tiff, directory: TiffDirectory): Promise<NdpiPage> {
  const { path } = tiff.source;
  const number = (tag: number): Promise<number> => tiff.number(directory, tag, 0);
  const size: Size = {
    width: await number(TAG.imageWidth),
    height: await number(TAG.imageLength),
  };
  requireSide(tiff, directory, size, "a picture");
  const compression = await number(TAG.compression);
  const bits = await tiff.number(directory, TAG.bitsPerSample, 8);
  if (compression !== COMPRESSION.jpeg || bits !== 8) {
    throw new UnsupportedSlideError(
      `${path}: its pixels have ${bits} bits a sample, compressed as ${compressionName(compression)}; 8-bit JPEG is read from NDPI. Convert it, e.g. \`bfconvert -tilex 512 -tiley 512 IN.ndpi out.ome.tiff\`.`,
      { path, compression, bits },
    );
  }
  const offset = await number(TAG.stripOffsets);
  const length = await number(TAG.stripByteCounts);
  requireRange(tiff.source, offset, length, `the picture of directory ${directory.index}`);
  return { directory, size, offset, length };
}
