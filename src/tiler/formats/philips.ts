import type { Size } from "../../geometry.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { decideMpp, parseDecimal, tiffResolution } from "../resolution.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import { TAG } from "../tiff/names.ts";
import type { Tiff } from "../tiff/structure.ts";
import { childrenOf, findAll, parseXml, type XmlElement } from "../xml.ts";
import type { SlideFormat } from "./format.ts";

/**
 * Philips TIFF, as the IntelliSite scanner exports it: tiled directories are the levels, each padded
 * to whole tiles; their true sizes follow from the pixel spacings in the XML. Source:
 * https://openslide.org/formats/philips/.
 */
export const philips: SlideFormat = {
  name: "Philips TIFF",
  vendor: "philips",
  detect: (probe) =>
    probe.tiff !== null && /<DataObject[^<>]*ObjectType="DPUfsImport"/.test(probe.description),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const facts = parsePhilipsXml(tiff, probe.description);
    const images = await Promise.all(tiff.directories.map((d) => readTiffImage(tiff, d)));
    const first = images[0]!;
    if (!first.tiled) throw tiff.corrupt("it says Philips, but its first picture is not tiled");
    const tiled = images.filter((image) => image.tiled);
    const levels = [];
    let finer = 0;
    for (const [i, image] of tiled.entries()) {
      const downsample = downsampleOf(first, image, finer, facts.spacings[0], facts.spacings[i]);
      if (i > 0 && downsample <= finer) {
        throw tiff.corrupt(
          `directory ${image.directory.index} is no smaller than the level before it`,
        );
      }
      finer = downsample;
      levels.push(
        await openTiffLevel(tiff, { ...image, size: trueSize(first, image, downsample) }),
      );
    }
    const spacing = facts.spacings[0];
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(
          options,
          spacing ? { x: spacing.x * 1000, y: spacing.y * 1000 } : null,
          await tiffResolution(tiff, first.directory),
        ),
        objectivePower: null,
        associated: await associatedNames(tiff, images, facts.imageTypes),
        iccProfile: await readIccTag(tiff, first.directory),
        levels,
      },
      options,
    );
  },
};

/** Millimetres. */
interface Spacing {
  readonly x: number;
  readonly y: number;
}

/** By the pixel spacings, or where they are absent the power of two next to the padded sizes' ratio. */
function downsampleOf(
  first: TiffImage,
  image: TiffImage,
  finer: number,
  finest: Spacing | null | undefined,
  own: Spacing | null | undefined,
): number {
  if (finest && own) return Math.max(1, Math.round(own.x / finest.x));
  if (finer === 0) return 1;
  // Small levels are mostly padding: each is at least twice as coarse as the one before.
  return Math.max(2 * finer, 2 ** Math.round(Math.log2(first.size.width / image.size.width)));
}

/** The size without padding, as OpenSlide has it: level 0's over the downsample. */
function trueSize(first: TiffImage, image: TiffImage, downsample: number): Size {
  const side = (whole: number, padded: number): number =>
    Math.max(1, Math.min(padded, Math.floor(whole / downsample)));
  return {
    width: side(first.size.width, image.size.width),
    height: side(first.size.height, image.size.height),
  };
}

/**
 * What is kept of Philips' XML: the levels' pixel spacings, and which pictures it holds. Barcode,
 * date and operator are not read, the pictures not decoded.
 */
export function parsePhilipsXml(
  tiff: Pick<Tiff, "corrupt">,
  text: string,
): { readonly spacings: readonly (Spacing | null)[]; readonly imageTypes: readonly string[] } {
  let root: XmlElement | null;
  try {
    root = parseXml(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tiff.corrupt(`its Philips XML cannot be read (${why})`);
  }
  const objects = root ? findAll(root, "DataObject") : [];
  const images = objects.filter(({ attributes }) => attributes.ObjectType === "DPScannedImage");
  const typeOf = (image: XmlElement): string => attributeOf(image, "PIM_DP_IMAGE_TYPE")?.text ?? "";
  const slide = images.find((image) => typeOf(image) === "WSI");
  const spacings = (slide ? findAll(slide, "DataObject") : [])
    .filter(({ attributes }) => attributes.ObjectType === "PixelDataRepresentation")
    .map((level) => parseSpacing(attributeOf(level, "DICOM_PIXEL_SPACING")?.text));
  // Some exports give the finest level's spacing alone.
  if (spacings.length === 0 && slide) {
    spacings.push(parseSpacing(attributeOf(slide, "DICOM_PIXEL_SPACING")?.text));
  }
  return { spacings, imageTypes: images.map(typeOf) };
}

function attributeOf(object: XmlElement, name: string): XmlElement | undefined {
  return childrenOf(object, "Attribute").find(({ attributes }) => attributes.Name === name);
}

/** "row spacing" "column spacing", in quotation marks or their entities. */
function parseSpacing(text: string | undefined): Spacing | null {
  const numbers = (text ?? "")
    .replace(/&quot;|"/g, " ")
    .trim()
    .split(/\s+/)
    .map(parseDecimal);
  const [y, x] = numbers;
  return x && y && x > 0 && y > 0 ? { x, y } : null;
}

/** Label and macro: stripped directories so described, or pictures within the XML. */
async function associatedNames(
  tiff: Tiff,
  images: readonly TiffImage[],
  types: readonly string[],
): Promise<string[]> {
  const names = new Set<string>();
  if (types.includes("LABELIMAGE")) names.add("label");
  if (types.includes("MACROIMAGE")) names.add("macro");
  for (const image of images) {
    if (image.tiled) continue;
    const description = await tiff.text(image.directory, TAG.imageDescription);
    const name = /^(label|macro)/i.exec(description)?.[1]?.toLowerCase();
    if (name) names.add(name);
  }
  return [...names].sort();
}
