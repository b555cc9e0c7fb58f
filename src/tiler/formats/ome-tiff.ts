import { UnsupportedSlideError } from "../../errors.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { decideMpp, parseDecimal, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import type { SlideFormat } from "./format.ts";
import { pyramidOf } from "./pyramid.ts";

/** OME-TIFF, brightfield: the first image of the OME-XML, its smaller copies in SubIFDs. */
export const omeTiff: SlideFormat = {
  name: "OME-TIFF",
  vendor: "ome-tiff",
  detect: (probe) => probe.tiff !== null && /<(?:\w+:)?OME[\s>]/.test(probe.description),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const first = tiff.directories[0]!;
    const image = await readTiffImage(tiff, first);
    const facts = parseOmeXml(probe.description);
    if (image.samples === 1 && (facts.channels ?? 1) > 1) {
      throw new UnsupportedSlideError(
        `${probe.source.path} is an OME-TIFF of ${facts.channels} channels; brightfield RGB is read. Export an RGB rendering of it, e.g. from QuPath (File > Export images).`,
        { path: probe.source.path, channels: facts.channels },
      );
    }
    // Other directories of an OME-TIFF are other planes or images: only SubIFDs are levels.
    const pyramid = await pyramidOf(tiff, image, first.subDirectories, false);
    const levels = [];
    for (const level of pyramid) levels.push(await openTiffLevel(tiff, level));
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, facts.mpp, await tiffResolution(tiff, first)),
        objectivePower: facts.objectivePower,
        associated: [],
        iccProfile: await readIccTag(tiff, first),
        levels,
      },
      options,
    );
  },
};

/** µm in the length units of the OME schema that a pixel size may have. */
const OME_MICRONS: Readonly<Record<string, number>> = {
  nm: 1e-3,
  µm: 1,
  μm: 1,
  um: 1,
  mm: 1e3,
  cm: 1e4,
  m: 1e6,
};

/** What is kept of the OME-XML, of its first image: pixel size, objective, channels. */
export function parseOmeXml(xml: string): {
  readonly mpp: { readonly x: number; readonly y: number } | null;
  readonly objectivePower: number | null;
  readonly channels: number | null;
} {
  const pixels = /<(?:\w+:)?Pixels\b[^>]*>/.exec(xml)?.[0] ?? "";
  const objective = /<(?:\w+:)?Objective\b[^>]*>/.exec(xml)?.[0] ?? "";
  const attribute = (element: string, name: string): string | undefined =>
    new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(element)?.slice(1).find(Boolean);
  const microns = (axis: "X" | "Y"): number | null => {
    const size = parseDecimal(attribute(pixels, `PhysicalSize${axis}`));
    const unit = decodeEntities(attribute(pixels, `PhysicalSize${axis}Unit`) ?? "µm");
    const factor = OME_MICRONS[unit];
    return size === null || factor === undefined ? null : size * factor;
  };
  const [x, y] = [microns("X"), microns("Y")];
  return {
    mpp: x === null || y === null ? null : { x, y },
    objectivePower: parseDecimal(attribute(objective, "NominalMagnification")),
    channels: parseDecimal(attribute(pixels, "SizeC")),
  };
}

/** Writers of ASCII-only XML put the µ as a character reference. */
function decodeEntities(text: string): string {
  return text.replace(/&#(x?)([0-9a-f]+);/gi, (whole, hex: string, digits: string) => {
    const code = Number.parseInt(digits, hex ? 16 : 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
