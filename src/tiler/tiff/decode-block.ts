import { promisify } from "node:util";
import { inflate as inflateCallback } from "node:zlib";
import type { Size } from "../../geometry.ts";
import { spliceJpeg } from "../jpeg.ts";
import { decodePicture } from "../picture.ts";
import type { RgbImage } from "../slide.ts";
import type { BlockIndex, TiffImage } from "./image.ts";
import { decodeLzw } from "./lzw.ts";
import { COMPRESSION, PHOTOMETRIC } from "./names.ts";
import { decodePackBits } from "./packbits.ts";

const inflate = promisify(inflateCallback);

/**
 * The most bytes that one compressed byte can stand for: what a few hostile bytes may allocate.
 * LZW: 1.5 bytes for a string of under 4096; deflate: 258 bytes for two bits; PackBits: 128 for two bytes.
 */
const HIGHEST_RATIO: Readonly<Record<number, number>> = {
  [COMPRESSION.lzw]: 2731,
  [COMPRESSION.deflate]: 1032,
  [COMPRESSION.oldDeflate]: 1032,
  [COMPRESSION.packBits]: 64,
};

/**
 * Decodes a stored tile or strip to RGB.
 *
 * `needed` is the part of the block that lies inside the picture: fewer decoded pixels are an
 * error, more are kept. Throws plain Errors about the bytes; the caller names the file.
 */
export async function decodeBlock(
  image: TiffImage,
  index: BlockIndex,
  bytes: Uint8Array,
  needed: Size,
): Promise<RgbImage> {
  const { compression, block } = image;
  if (compression === COMPRESSION.jpeg || compression === COMPRESSION.webp) {
    const whole =
      compression === COMPRESSION.jpeg
        ? spliceJpeg(bytes, index.jpegTables, image.photometric)
        : bytes;
    if (!whole) throw new Error("its bytes are no JPEG stream");
    // Encoders round a block up to whole MCUs, no further.
    const most = (block.width + 64) * (block.height + 64);
    const picture = await decodePicture(whole, most);
    if (picture.width < needed.width || picture.height < needed.height) {
      throw new Error(
        `it decodes to ${picture.width}×${picture.height} px where ${needed.width}×${needed.height} were expected`,
      );
    }
    return image.photometric === PHOTOMETRIC.whiteIsZero ? inverted(picture) : picture;
  }
  const rowBytes = block.width * image.samples;
  const least = (needed.height - 1) * rowBytes + needed.width * image.samples;
  const most = bytes.length * (HIGHEST_RATIO[compression] ?? 1);
  if (most < least) {
    throw new Error(
      `it has ${bytes.length} bytes, which cannot hold the ${least} samples expected`,
    );
  }
  const samples = await decompress(compression, bytes, Math.min(rowBytes * block.height, most));
  if (samples.length < least) {
    throw new Error(`it holds ${samples.length} bytes of samples where ${least} were expected`);
  }
  if (image.predictor === 2) undoHorizontalPredictor(samples, rowBytes, image.samples);
  return toRgb(image, samples, needed.height);
}

async function decompress(
  compression: number,
  bytes: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  switch (compression) {
    case COMPRESSION.lzw:
      if (bytes[0] === 0 && bytes[1]! % 2 === 1) {
        throw new Error("it is LZW of before TIFF 6.0, its bits reversed, which is not decoded");
      }
      return decodeLzw(bytes, length);
    case COMPRESSION.packBits:
      return decodePackBits(bytes, length);
    case COMPRESSION.deflate:
    case COMPRESSION.oldDeflate:
      // A stream that holds more than the block is damaged, and may be a bomb.
      return inflate(bytes, { maxOutputLength: Math.max(1, length) });
    default:
      return bytes.slice(0, length);
  }
}

function undoHorizontalPredictor(samples: Uint8Array, rowBytes: number, step: number): void {
  for (let row = 0; row < samples.length; row += rowBytes) {
    const end = Math.min(row + rowBytes, samples.length);
    for (let i = row + step; i < end; i++) samples[i] = samples[i]! + samples[i - step]!;
  }
}

function toRgb(image: TiffImage, samples: Uint8Array, height: number): RgbImage {
  const { width } = image.block;
  const step = image.samples;
  const rgb = new Uint8Array(width * height * 3);
  const grey = step < 3;
  for (let i = 0, o = 0; o < rgb.length; i += step, o += 3) {
    rgb[o] = samples[i]!;
    rgb[o + 1] = samples[grey ? i : i + 1]!;
    rgb[o + 2] = samples[grey ? i : i + 2]!;
  }
  const picture = { data: rgb, width, height };
  if (step === 4 && image.alpha) blendOverWhite(picture, samples);
  return image.photometric === PHOTOMETRIC.whiteIsZero ? inverted(picture) : picture;
}

function blendOverWhite(picture: RgbImage, rgba: Uint8Array): void {
  const { data } = picture;
  for (let i = 3, o = 0; o < data.length; i += 4, o += 3) {
    const alpha = rgba[i]!;
    if (alpha === 255) continue;
    for (let c = 0; c < 3; c++) {
      data[o + c] = Math.round((data[o + c]! * alpha) / 255 + 255 - alpha);
    }
  }
}

function inverted(picture: RgbImage): RgbImage {
  const { data } = picture;
  for (let i = 0; i < data.length; i++) data[i] = 255 - data[i]!;
  return picture;
}
