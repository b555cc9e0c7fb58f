import type { Size } from "../../geometry.ts";
import { parseDecimal } from "../resolution.ts";
import type { Tiff } from "../tiff/structure.ts";
import { childrenOf, findAll, parseXml, type XmlElement } from "../xml.ts";

/** Images that one SCN may describe; real ones have under 20. */
const MAX_IMAGES = 1024;

/** One scanned area. Lengths are nanometres. */
export interface LeicaImage {
  readonly size: Size;
  readonly offset: { readonly x: number; readonly y: number };
  /** Finest first, of focal plane 0. */
  readonly levels: readonly { readonly ifd: number }[];
  readonly channels: number;
  readonly objective: number | null;
  /** "brightfield", "fluorescence", or null where it is not said. */
  readonly illumination: string | null;
}

/** What is kept of an SCN's XML. Barcode, dates, names and devices are not read. */
export interface LeicaCollection {
  /** The slide's, in nanometres. */
  readonly size: Size;
  readonly areas: readonly LeicaImage[];
  readonly associated: readonly string[];
}

/**
 * Reads the XML of a Leica SCN (namespaces scn/2010/03/10 and scn/2010/10/01). An image that covers
 * the whole slide is its macro. Throws CorruptSlideError.
 */
export function parseLeicaXml(tiff: Pick<Tiff, "corrupt">, text: string): LeicaCollection {
  let root: XmlElement | null;
  try {
    root = parseXml(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tiff.corrupt(`its SCN XML cannot be read (${why})`);
  }
  const collection = root && findAll(root, "collection")[0];
  if (!collection) throw tiff.corrupt("its SCN XML has no collection");
  const size = sizeOf(collection);
  if (!size) throw tiff.corrupt("its SCN collection has no size");
  const elements = childrenOf(collection, "image");
  if (elements.length > MAX_IMAGES)
    throw tiff.corrupt(`its SCN describes ${elements.length} images`);
  const areas: LeicaImage[] = [];
  const associated = new Set<string>();
  for (const element of elements) {
    const image = parseImage(tiff, element);
    const whole = image.size.width === size.width && image.size.height === size.height;
    if (whole && image.offset.x === 0 && image.offset.y === 0) associated.add("macro");
    else areas.push(image);
  }
  for (const { attributes } of findAll(collection, "supplementalImage")) {
    if (attributes.type) associated.add(attributes.type.toLowerCase());
  }
  return { size, areas, associated: [...associated].sort() };
}

function parseImage(tiff: Pick<Tiff, "corrupt">, element: XmlElement): LeicaImage {
  const view = childrenOf(element, "view")[0];
  const size = view && sizeOf(view);
  if (!view || !size) throw tiff.corrupt("an image of its SCN has no view with a size");
  const dimensions = childrenOf(element, "pixels").flatMap((pixels) =>
    childrenOf(pixels, "dimension"),
  );
  const levels: { r: number; ifd: number }[] = [];
  let channels = 1;
  for (const { attributes } of dimensions) {
    const number = (key: string): number => parseDecimal(attributes[key]) ?? 0;
    channels = Math.max(channels, number("c") + 1);
    if (number("z") !== 0 || number("c") !== 0) continue;
    const ifd = parseDecimal(attributes.ifd);
    if (ifd === null || !Number.isInteger(ifd) || ifd < 0) {
      throw tiff.corrupt(
        `a dimension of its SCN names no directory (ifd="${attributes.ifd ?? ""}")`,
      );
    }
    levels.push({ r: number("r"), ifd });
  }
  if (levels.length === 0) throw tiff.corrupt("an image of its SCN has no dimensions");
  levels.sort((a, b) => a.r - b.r);
  return {
    size,
    offset: {
      x: parseDecimal(view.attributes.offsetX) ?? 0,
      y: parseDecimal(view.attributes.offsetY) ?? 0,
    },
    levels,
    channels,
    objective: parseDecimal(findAll(element, "objective")[0]?.text),
    illumination: findAll(element, "illuminationSource")[0]?.text.toLowerCase() || null,
  };
}

function sizeOf(element: XmlElement): Size | null {
  const width = parseDecimal(element.attributes.sizeX);
  const height = parseDecimal(element.attributes.sizeY);
  return width !== null && height !== null && width > 0 && height > 0 ? { width, height } : null;
}
