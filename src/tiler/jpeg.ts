import { PHOTOMETRIC } from "./tiff/names.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/**
 * Makes a stored JPEG block whole: the shared tables put in, and an Adobe marker that says
 * whether its three components are RGB or YCbCr.
 *
 * Without that marker a decoder guesses the colours; OpenSlide forces them from the TIFF's
 * photometric tag, which this reproduces for any decoder, a browser's too. Application and comment
 * segments are left out: a JFIF segment would overrule the marker. Returns null where `block` is
 * no JPEG.
 */
export function spliceJpeg(
  block: Uint8Array,
  tables: Uint8Array | null,
  photometric: number,
): Uint8Array | null {
  const body = significantSegments(block);
  if (!body) return null;
  const shared = (tables && significantSegments(tables)) ?? [];
  const parts = [Uint8Array.of(0xff, SOI), adobeMarker(photometric), ...shared, ...body];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What a JPEG's frame header says. */
export interface JpegFrame {
  /** The coding process: 0 baseline, 1 extended, 2 progressive, … (the marker's number less 0xC0). */
  readonly process: number;
  readonly bits: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** The frame header before the first scan, or null where there is none. */
export function frameOf(jpeg: Uint8Array): JpegFrame | null {
  for (const segment of significantSegments(jpeg) ?? []) {
    const marker = segment[1]!;
    const isTable = marker === 0xc4 || marker === 0xc8 || marker === 0xcc;
    if (marker < 0xc0 || marker > 0xcf || isTable || segment.length < 10) continue;
    const at = (i: number): number => segment[i]!;
    return {
      process: marker - 0xc0,
      bits: at(4),
      height: at(5) * 256 + at(6),
      width: at(7) * 256 + at(8),
      components: at(9),
    };
  }
  return null;
}

/** The segments a decoder needs, in order; the last one runs from SOS to the end. Null for no JPEG. */
function significantSegments(jpeg: Uint8Array): Uint8Array[] | null {
  if (jpeg.length < 4 || jpeg[0] !== 0xff || jpeg[1] !== SOI) return null;
  const parts: Uint8Array[] = [];
  let at = 2;
  while (at + 1 < jpeg.length) {
    if (jpeg[at] !== 0xff) return null;
    const marker = jpeg[at + 1]!;
    if (marker === 0xff) {
      at++; // A fill byte.
      continue;
    }
    if (marker === EOI) return parts;
    if (marker === SOS) {
      parts.push(jpeg.subarray(at));
      return parts;
    }
    if (at + 3 >= jpeg.length) return null;
    const end = at + 2 + ((jpeg[at + 2]! << 8) | jpeg[at + 3]!);
    if (end > jpeg.length) return null;
    const application = marker >= 0xe0 && marker <= 0xef;
    if (!application && marker !== 0xfe) parts.push(jpeg.subarray(at, end));
    at = end;
  }
  return parts;
}

/** APP14: length 14, "Adobe", version 100, no flags, and the colour transform (0 none, 1 YCbCr). */
function adobeMarker(photometric: number): Uint8Array {
  const transform = photometric === PHOTOMETRIC.yCbCr ? 1 : 0;
  return Uint8Array.of(
    0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform,
  ); // biome-ignore format: bytes
}
