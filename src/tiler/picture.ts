import sharp, { type SharpOptions } from "sharp";
import type { Size } from "../geometry.ts";
import { MAX_BLOCK_PIXELS, MAX_ICC_BYTES } from "./limits.ts";
import type { RgbImage } from "./slide.ts";

// Tiles are decoded many at a time on libuv's threads: libvips' own threads and its
// operation cache would only add to them.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes JPEG, PNG or WebP bytes (or a file) to RGB as stored: no ICC conversion, no EXIF
 * rotation, alpha over white.
 *
 * Throws sharp's own error for damaged bytes, and for more than `maxPixels`.
 */
export async function decodePicture(
  input: Uint8Array | string,
  maxPixels: number = MAX_BLOCK_PIXELS,
): Promise<RgbImage> {
  const pipeline = sharp(input, { ...DECODE, limitInputPixels: maxPixels })
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" });
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
  return asRgb(data, info.width, info.height, info.channels);
}

const DECODE: SharpOptions = { failOn: "error", ignoreIcc: true, sequentialRead: true };

/** What a picture file says of itself. */
export interface PictureFacts extends Size {
  /** e.g. "png", "jpeg". */
  readonly format: string;
  /** Empty where it is larger than is read. */
  readonly iccProfile: Uint8Array | null;
}

/** Size, format and ICC profile of a picture file, its pixels not read. Throws sharp's own error. */
export async function pictureFacts(path: string): Promise<PictureFacts> {
  const facts = await sharp(path, { ...DECODE, limitInputPixels: false }).metadata();
  const icc = facts.icc ?? null;
  return {
    width: facts.width,
    height: facts.height,
    format: facts.format,
    iccProfile: icc && icc.length > MAX_ICC_BYTES ? new Uint8Array(0) : icc,
  };
}

/** Interleaved samples as RGB: grey is repeated, what follows the third channel left out. */
function asRgb(data: Uint8Array, width: number, height: number, channels: number): RgbImage {
  if (channels === 3) return { data, width, height };
  const rgb = new Uint8Array(width * height * 3);
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  for (let i = 0, o = 0; o < rgb.length; i += channels, o += 3) {
    rgb[o] = data[i]!;
    rgb[o + 1] = data[i + green]!;
    rgb[o + 2] = data[i + blue]!;
  }
  return { data: rgb, width, height };
}

/** A picture as PNG bytes, lossless. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  return rawInput(image).png({ compressionLevel: 6 }).toBuffer();
}

/** A picture as baseline JPEG bytes; quality 1–100. */
export async function encodeJpeg(image: RgbImage, quality = 85): Promise<Uint8Array> {
  return rawInput(image).jpeg({ quality, mozjpeg: false }).toBuffer();
}

function rawInput(image: RgbImage) {
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  return sharp(image.data, { raw, limitInputPixels: false });
}
