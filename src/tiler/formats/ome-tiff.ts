import { UnsupportedSlideError } from "../../errors.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { MAX_CHANNELS } from "../limits.ts";
import { decideMpp, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import { PHOTOMETRIC } from "../tiff/names.ts";
import type { Tiff, TiffDirectory } from "../tiff/structure.ts";
import { type FoundChannel, openChannels } from "./channel-slide.ts";
import type { SlideFormat } from "./format.ts";
import { directoryOfPlane, type OmeFacts, parseOmeXml } from "./ome-xml.ts";
import { pyramidOf } from "./pyramid.ts";

/**
 * OME-TIFF: the first image of the OME-XML, smaller copies in SubIFDs; brightfield as it is, channels
 * windowed. Of a focus series the plane in the middle, of a time series the first.
 */
export const omeTiff: SlideFormat = {
  name: "OME-TIFF",
  vendor: "ome-tiff",
  detect: (probe) => probe.tiff !== null && /<(?:\w+:)?OME[\s>]/.test(probe.description),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const facts = parseOmeXml(tiff, probe.description);
    if (facts.files > 1) {
      throw new UnsupportedSlideError(
        `${probe.source.path} is an OME-TIFF whose planes are spread over ${facts.files} files; expected all in one: convert it, e.g. with bfconvert.`,
        { path: probe.source.path, files: facts.files },
      );
    }
    const z = Math.floor(facts.sizeZ / 2);
    const main = await readTiffImage(tiff, tiff.directories[0]!);
    const planes = planeCount(facts, main.samples);
    if (planes > MAX_CHANNELS) {
      throw tiff.corrupt(`it claims ${planes} channels, more than ${MAX_CHANNELS}`);
    }
    const directories: TiffDirectory[] = [];
    for (let c = 0; c < planes; c++) {
      const at = directoryOfPlane(facts, planes, tiff.directories.length, { c, z });
      if (at === null) throw tiff.corrupt(`its OME-XML places channel ${c} in no directory`);
      directories.push(tiff.directories[at]!);
    }
    const first = directories[0]!;
    const pyramids = [];
    // Other directories of an OME-TIFF are other planes or images: only SubIFDs are levels.
    for (const directory of directories) {
      const image = await readTiffImage(tiff, directory);
      pyramids.push(await pyramidOf(tiff, image, directory.subDirectories, false));
    }
    const about = {
      vendor: this.vendor,
      mpp: decideMpp(options, facts.mpp, await tiffResolution(tiff, first)),
      objectivePower: facts.objectivePower,
      associated: [],
      iccProfile: await readIccTag(tiff, first),
    };
    if (pyramids.length === 1 && isPicture(pyramids[0]![0]!)) {
      const levels = [];
      for (const level of pyramids[0]!) levels.push(await openTiffLevel(tiff, level));
      return makeBlockedSlide(probe.source, { ...about, levels }, options);
    }
    const opened = await openChannels(tiff, channelsOf(tiff, facts, pyramids), options);
    return makeBlockedSlide(probe.source, { ...about, ...opened }, options);
  },
};

/** Channel elements, each a plane of its own: SizeC counts the samples of a pixel, too. */
function planeCount(facts: OmeFacts, samples: number): number {
  const said = facts.channels[0]?.samples ?? samples;
  return Math.max(1, Math.round(facts.sizeC / Math.max(1, said)));
}

/** Colours, or one grey of 8 unsigned bits: shown as stored. */
function isPicture(image: TiffImage): boolean {
  if (image.photometric >= PHOTOMETRIC.rgb) return image.samples === 3 || image.samples === 4;
  return image.samples === 1 && image.bits === 8 && image.sampleFormat === 1;
}

/** A channel for each sample of each plane. */
function channelsOf(
  tiff: Tiff,
  facts: OmeFacts,
  pyramids: readonly (readonly TiffImage[])[],
): FoundChannel[] {
  const perPlane = pyramids[0]![0]!.samples;
  if (pyramids.some(([image]) => image!.samples !== perPlane)) {
    throw tiff.corrupt("its planes differ in their samples a pixel");
  }
  return pyramids.flatMap((levels, plane) =>
    Array.from({ length: perPlane }, (_, sample) => {
      // Channel elements stand for planes, or, in some files, for samples.
      const stated = facts.channels[facts.channels.length > pyramids.length ? sample : plane];
      const name = stated?.name ?? null;
      return { name, color: stated?.color ?? null, levels, sample };
    }),
  );
}
