import { makeBlockedSlide } from "../blocked-slide.ts";
import { decideMpp, parseDecimal, tiffResolution } from "../resolution.ts";
import type { ChannelColor } from "../slide.ts";
import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import { TAG } from "../tiff/names.ts";
import type { Tiff } from "../tiff/structure.ts";
import { childrenOf, findAll, parseXml, type XmlElement } from "../xml.ts";
import { openChannels } from "./channel-slide.ts";
import type { SlideFormat } from "./format.ts";

/**
 * PerkinElmer (Akoya) QPTIFF: directories that call themselves FullResolution are the channels (one RGB
 * picture in brightfield), ReducedResolution their smaller copies, a size at a time in the same order.
 */
export const qptiff: SlideFormat = {
  name: "PerkinElmer (Akoya) QPTIFF",
  vendor: "akoya",
  detect: (probe) => probe.tiff !== null && probe.description.includes("<PerkinElmer-QPI"),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const pages: (QptiffFacts & { readonly image: TiffImage })[] = [];
    for (const directory of tiff.directories) {
      const facts = parseQptiffXml(tiff, await tiff.text(directory, TAG.imageDescription));
      pages.push({ ...facts, image: await readTiffImage(tiff, directory) });
    }
    const [first] = pages;
    const full = pages.filter(
      ({ kind, image }) => kind === "FullResolution" && sameSize(image, first!.image),
    );
    if (!first || full.length === 0 || full[0] !== first) {
      throw tiff.corrupt("its first picture does not call itself FullResolution");
    }
    const reduced = reducedLevels(pages, full.length);
    const vendor = first.mpp === null ? null : { x: first.mpp, y: first.mpp };
    // The tags have the calibrated size, where the scan profile has the nominal one.
    const stored = await tiffResolution(tiff, first.image.directory);
    const about = {
      vendor: this.vendor,
      mpp: decideMpp(options, stored ? null : vendor, stored),
      objectivePower: first.objectivePower,
      associated: associatedNames(pages),
    };
    if (full.length === 1 && first.image.samples >= 3) {
      const levels = [];
      for (const image of [first.image, ...reduced.map(([only]) => only!)]) {
        levels.push(await openTiffLevel(tiff, image));
      }
      return makeBlockedSlide(probe.source, { ...about, levels }, options);
    }
    const found = full.map(({ name, color, image }, i) => {
      return { name, color, levels: [image, ...reduced.map((images) => images[i]!)], sample: 0 };
    });
    const opened = await openChannels(tiff, found, options);
    return makeBlockedSlide(probe.source, { ...about, ...opened }, options);
  },
};

/** What is kept of a directory's XML. Slide, barcode, computer, dates and operator are not read. */
export interface QptiffFacts {
  /** FullResolution, ReducedResolution, Thumbnail, Overview or Label. */
  readonly kind: string;
  readonly name: string | null;
  readonly color: ChannelColor | null;
  readonly objectivePower: number | null;
  /** µm per px of the scan profile. */
  readonly mpp: number | null;
}

/** Reads the XML of one directory; one without it is of kind "". Throws CorruptSlideError. */
export function parseQptiffXml(tiff: Pick<Tiff, "corrupt">, text: string): QptiffFacts {
  let root: XmlElement | null;
  try {
    root = parseXml(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tiff.corrupt(`its PerkinElmer-QPI XML cannot be read (${why})`);
  }
  const said = (name: string): string | undefined => childrenOf(root ?? undefined, name)[0]?.text;
  const scan = root ? findAll(root, "ScanResolution")[0] : undefined;
  const color = said("Color")?.split(",").map(Number) ?? [];
  const isColor = color.length === 3 && color.every((value) => value >= 0 && value <= 255);
  const magnification = childrenOf(scan, "Magnification")[0]?.text ?? said("Objective");
  return {
    kind: said("ImageType") ?? "",
    name: said("Name") ?? null,
    color: isColor ? [color[0]!, color[1]!, color[2]!] : null,
    objectivePower: parseDecimal(magnification?.replace(/x$/i, "")),
    mpp: parseDecimal(childrenOf(scan, "PixelSizeMicrons")[0]?.text),
  };
}

/** Smaller copies by size, coarser and coarser; a size that not every channel has is left out. */
function reducedLevels(
  pages: readonly { readonly kind: string; readonly image: TiffImage }[],
  channels: number,
): TiffImage[][] {
  const sizes = new Map<string, TiffImage[]>();
  for (const { kind, image } of pages) {
    if (kind !== "ReducedResolution") continue;
    const size = `${image.size.width}×${image.size.height}`;
    sizes.set(size, [...(sizes.get(size) ?? []), image]);
  }
  return [...sizes.values()]
    .filter((images) => images.length === channels)
    .sort(([a], [b]) => b!.size.width - a!.size.width);
}

function sameSize(a: TiffImage, b: TiffImage): boolean {
  return a.size.width === b.size.width && a.size.height === b.size.height;
}

const ASSOCIATED: Readonly<Record<string, string>> = {
  Thumbnail: "thumbnail",
  Overview: "macro",
  Label: "label",
};

function associatedNames(pages: readonly { readonly kind: string }[]): string[] {
  return [...new Set(pages.flatMap(({ kind }) => ASSOCIATED[kind] ?? []))].sort();
}
