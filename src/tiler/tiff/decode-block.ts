import { promisify } from "node:util";
import { inflate as inflateCallback } from "node:zlib";
import type { Size } from "../../geometry.ts";
import { readJp2 } from "../codecs/jp2-boxes.ts";
import { decodeJpeg2000 } from "../codecs/jpeg2000.ts";
import { yCbCrToRgb } from "../codecs/ycbcr.ts";
import { decodeZstd } from "../codecs/zstd.ts";
import { spliceJpeg } from "../jpeg.ts";
import { decodePicture } from "../picture.ts";
import type { TiffImage } from "./image.ts";
import { decodeLzw } from "./lzw.ts";
import { COMPRESSION, isJpeg2000, PHOTOMETRIC } from "./names.ts";
import { decodePackBits } from "./packbits.ts";
import { asSamples, type Samples } from "./samples.ts";

const inflate = promisify(inflateCallback);

/**
 * The most bytes that one compressed byte can stand for: what a few hostile bytes may allocate.
 * LZW: 1.5 bytes for a string of under 4096; deflate: 258 bytes for two bits; PackBits: 128 for two
 * bytes; Zstandard: a block of 128 KiB for four.
 */
const HIGHEST_RATIO: Readonly<Record<number, number>> = {
  [COMPRESSION.lzw]: 2731,
  [COMPRESSION.deflate]: 1032,
  [COMPRESSION.oldDeflate]: 1032,
  [COMPRESSION.packBits]: 64,
  [COMPRESSION.zstd]: 32_768,
  [COMPRESSION.oldZstd]: 32_768,
};

/**
 * Decodes a stored tile or strip, or one plane of it, to `perPixel` samples a pixel.
 *
 * `needed` is the part of the block that lies inside the picture: fewer decoded pixels are an
 * error, more are kept. Pictures in a format of their own (JPEG, WebP) come as RGB, grey ones too.
 * Throws plain Errors about the bytes; the caller names the file.
 */
export async function decodeBlock(
  image: TiffImage,
  jpegTables: Uint8Array | null,
  bytes: Uint8Array,
  needed: Size,
  perPixel: number,
): Promise<Samples> {
  const { compression } = image;
  if (compression === COMPRESSION.jpeg || compression === COMPRESSION.webp) {
    const whole =
      compression === COMPRESSION.jpeg ? spliceJpeg(bytes, jpegTables, image.photometric) : bytes;
    if (!whole) throw new Error("its bytes are no JPEG stream");
    return atLeast(needed, { ...(await decodePicture(whole, mostPixels(image))), perPixel: 3 });
  }
  if (isJpeg2000(compression)) {
    return atLeast(needed, await decodeJpeg2000Block(image, bytes, perPixel));
  }
  const sampleBytes = image.bits / 8;
  const rowBytes = image.block.width * perPixel * sampleBytes;
  const least = (needed.height - 1) * rowBytes + needed.width * perPixel * sampleBytes;
  const most = bytes.length * (HIGHEST_RATIO[compression] ?? 1);
  if (most < least) {
    throw new Error(
      `it has ${bytes.length} bytes, which cannot hold the ${least} bytes of samples expected`,
    );
  }
  const length = Math.min(rowBytes * image.block.height, most);
  const samples = await decompress(compression, bytes, length);
  if (samples.length < least) {
    throw new Error(`it holds ${samples.length} bytes of samples where ${least} were expected`);
  }
  const data = asSamples(samples, image, rowBytes / sampleBytes, perPixel);
  return { data, width: image.block.width, height: needed.height, perPixel };
}

/** Encoders round a block up to whole MCUs, no further. */
function mostPixels({ block }: TiffImage): number {
  return (block.width + 64) * (block.height + 64);
}

function atLeast(needed: Size, found: Samples): Samples {
  if (found.width >= needed.width && found.height >= needed.height) return found;
  throw new Error(
    `it decodes to ${found.width}×${found.height} px where ${needed.width}×${needed.height} were expected`,
  );
}

async function decodeJpeg2000Block(
  image: TiffImage,
  bytes: Uint8Array,
  perPixel: number,
): Promise<Samples> {
  const { codestream, yCbCr } = readJp2(bytes);
  const picture = await decodeJpeg2000(codestream, { maxPixels: mostPixels(image) });
  const { data, width, height, components } = picture;
  if (components !== perPixel || data.BYTES_PER_ELEMENT * 8 !== image.bits) {
    throw new Error(
      `its JPEG 2000 picture has ${components} components of ${picture.bits} bits where ${perPixel} of ${image.bits} were expected`,
    );
  }
  const asStored = image.compression === COMPRESSION.aperioYCbCr;
  const chroma = asStored || yCbCr || image.photometric === PHOTOMETRIC.yCbCr;
  if (chroma && !picture.madeRgb && components === 3 && data instanceof Uint8Array) {
    yCbCrToRgb(data);
  }
  return { data, width, height, perPixel };
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
    case COMPRESSION.zstd:
    case COMPRESSION.oldZstd:
      return decodeZstd(bytes, length);
    default:
      return bytes.slice(0, length);
  }
}
