import { parseDecimal } from "../resolution.ts";
import type { ChannelColor } from "../slide.ts";
import type { Tiff } from "../tiff/structure.ts";
import { childrenOf, findAll, parseXml, type XmlElement } from "../xml.ts";

/** A channel element: one plane a focal depth, of one sample a pixel or more. */
export interface OmeChannel {
  readonly name: string | null;
  readonly color: ChannelColor | null;
  /** SamplesPerPixel, where it is said. */
  readonly samples: number | null;
}

/** Which plane a directory holds, or the first of several that follow one another. */
interface OmeTiffData {
  readonly ifd: number;
  readonly c: number;
  readonly z: number;
  readonly t: number;
  /** null: as many as there are. */
  readonly count: number | null;
}

/** What is kept of the OME-XML, of its first image. Dates, people and file names are not. */
export interface OmeFacts {
  readonly mpp: { readonly x: number; readonly y: number } | null;
  readonly objectivePower: number | null;
  /** Counting the samples of a pixel. */
  readonly sizeC: number;
  readonly sizeZ: number;
  readonly sizeT: number;
  /** How planes follow one another, e.g. "CZT": the first varies fastest. */
  readonly order: string;
  readonly channels: readonly OmeChannel[];
  readonly tiffData: readonly OmeTiffData[];
  /** Files that its planes are spread over. */
  readonly files: number;
}

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

/** Reads OME-XML (schema 2016-06 and those before it). Throws CorruptSlideError. */
export function parseOmeXml(tiff: Pick<Tiff, "corrupt">, xml: string): OmeFacts {
  let root: XmlElement | null;
  try {
    root = parseXml(xml);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tiff.corrupt(`its OME-XML cannot be read (${why})`);
  }
  const pixels = root ? findAll(root, "Pixels")[0] : undefined;
  const objective = root ? findAll(root, "Objective")[0] : undefined;
  const count = (name: string): number => {
    const value = parseDecimal(pixels?.attributes[name]) ?? 1;
    return Number.isInteger(value) && value >= 1 ? value : 1;
  };
  const microns = (axis: "X" | "Y"): number | null => {
    const size = parseDecimal(pixels?.attributes[`PhysicalSize${axis}`]);
    const unit = decodeEntities(pixels?.attributes[`PhysicalSize${axis}Unit`] ?? "µm");
    const factor = OME_MICRONS[unit];
    return size === null || factor === undefined ? null : size * factor;
  };
  const [x, y] = [microns("X"), microns("Y")];
  const data = childrenOf(pixels, "TiffData");
  const files = data.flatMap((element) => {
    const name = childrenOf(element, "UUID")[0]?.attributes.FileName;
    return name ? [name] : [];
  });
  return {
    mpp: x === null || y === null ? null : { x, y },
    objectivePower: parseDecimal(objective?.attributes.NominalMagnification),
    sizeC: count("SizeC"),
    sizeZ: count("SizeZ"),
    sizeT: count("SizeT"),
    order: /^XY([CZT]{3})$/.exec(pixels?.attributes.DimensionOrder ?? "")?.[1] ?? "CZT",
    channels: childrenOf(pixels, "Channel").map(({ attributes }) => ({
      name: attributes.Name ? decodeEntities(attributes.Name) : null,
      color: colorOf(attributes.Color),
      samples: parseDecimal(attributes.SamplesPerPixel),
    })),
    tiffData: data.map(({ attributes }) => {
      const number = (name: string): number | null => parseDecimal(attributes[name]);
      const ifd = number("IFD");
      return {
        ifd: ifd ?? 0,
        c: number("FirstC") ?? 0,
        z: number("FirstZ") ?? 0,
        t: number("FirstT") ?? 0,
        // The schema: one plane where a directory is named, else all of them.
        count: number("PlaneCount") ?? (ifd === null ? null : 1),
      };
    }),
    files: new Set(files).size,
  };
}

/**
 * The directory of a plane (of channel element `c`), or null where the XML places it nowhere.
 *
 * `planes` channel elements, `directories` in the file's chain.
 */
export function directoryOfPlane(
  facts: OmeFacts,
  planes: number,
  directories: number,
  at: { readonly c: number; readonly z: number },
): number | null {
  const sizes: Readonly<Record<string, number>> = { C: planes, Z: facts.sizeZ, T: facts.sizeT };
  const linear = (c: number, z: number, t: number): number => {
    const position: Readonly<Record<string, number>> = { C: c, Z: z, T: t };
    let [place, factor] = [0, 1];
    for (const axis of facts.order) {
      place += position[axis]! * factor;
      factor *= sizes[axis]!;
    }
    return place;
  };
  const wanted = linear(at.c, at.z, 0);
  const data =
    facts.tiffData.length > 0 ? facts.tiffData : [{ ifd: 0, c: 0, z: 0, t: 0, count: null }];
  for (const { ifd, c, z, t, count } of data) {
    const behind = wanted - linear(c, z, t);
    if (behind < 0 || behind >= (count ?? Number.POSITIVE_INFINITY)) continue;
    const found = ifd + behind;
    if (Number.isInteger(found) && found >= 0 && found < directories) return found;
  }
  return null;
}

/** OME's colours are RGBA in a signed 32-bit number; without red, green and blue none is meant. */
function colorOf(text: string | undefined): ChannelColor | null {
  const value = parseDecimal(text);
  if (value === null || !Number.isInteger(value)) return null;
  const [red, green, blue] = [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255];
  return red + green + blue === 0 ? null : [red, green, blue];
}

/** Writers of ASCII-only XML put the µ as a character reference. */
function decodeEntities(text: string): string {
  return text.replace(/&#(x?)([0-9a-f]+);/gi, (whole, hex: string, digits: string) => {
    const code = Number.parseInt(digits, hex ? 16 : 10);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
