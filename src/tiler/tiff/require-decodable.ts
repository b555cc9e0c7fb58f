import { UnsupportedSlideError } from "../../errors.ts";
import { MAX_BLOCK_PIXELS } from "../limits.ts";
import type { TiffImage } from "./image.ts";
import { COMPRESSION, compressionName, isJpeg2000, PHOTOMETRIC, photometricName } from "./names.ts";
import type { Tiff } from "./structure.ts";

const CONVERT =
  "convert it to a JPEG pyramid, e.g. `vips tiffsave IN out.tif --tile --pyramid --compression jpeg`";

/** Throws UnsupportedSlideError, naming what is in the way, unless the picture's blocks can be decoded to RGB. */
export function requireDecodable(tiff: Tiff, image: TiffImage): void {
  requireSamples(tiff, image, "picture");
  const { samples, photometric } = image;
  const grey = photometric < PHOTOMETRIC.rgb;
  const least = grey ? 1 : 3;
  if (samples === least || (samples === least + 1 && (image.alpha || !grey))) return;
  refuse(
    tiff,
    image,
    grey
      ? `it has ${samples} grey channels; brightfield RGB is read, and the channels of OME-TIFF and QPTIFF`
      : `it has ${samples} samples a pixel; RGB has 3, or 4 with alpha`,
  );
}

/**
 * Throws UnsupportedSlideError unless the picture's samples can be decoded: as a picture, of 8 or 16
 * unsigned bits, or as channels that are windowed, of 8 or 16 bits or 32-bit floating point.
 */
export function requireSamples(tiff: Tiff, image: TiffImage, use: "picture" | "channels"): void {
  const { bits, sampleFormat, compression, photometric } = image;
  const known: readonly number[] = Object.values(COMPRESSION);
  if (!known.includes(compression)) {
    refuse(
      tiff,
      image,
      `its pixels are compressed as ${compressionName(compression)}, which is not decoded yet`,
    );
  }
  const colours: readonly number[] = Object.values(PHOTOMETRIC);
  if (!colours.includes(photometric)) {
    refuse(
      tiff,
      image,
      `its colours are ${photometricName(photometric)}; RGB, YCbCr JPEG and grey are read`,
    );
  }
  const picture = compression === COMPRESSION.jpeg || compression === COMPRESSION.webp;
  if (photometric === PHOTOMETRIC.yCbCr && !picture && !isJpeg2000(compression)) {
    refuse(
      tiff,
      image,
      `it stores YCbCr as ${compressionName(compression)}; YCbCr is read from JPEG only`,
    );
  }
  const unsigned = sampleFormat === 1 && (bits === 8 || (bits === 16 && !picture));
  const windowed =
    (sampleFormat === 2 && (bits === 8 || bits === 16)) || (sampleFormat === 3 && bits === 32);
  if (!unsigned && !(use === "channels" && windowed && !picture && !isJpeg2000(compression))) {
    const kind = sampleFormat === 3 ? " floating point" : sampleFormat === 2 ? " signed" : "";
    refuse(
      tiff,
      image,
      `its samples are ${bits || "mixed"}-bit${kind}${picture ? ` in ${compressionName(compression)}` : ""}; unsigned samples of 8 or 16 bits are read`,
    );
  }
  const { block, samples, predictor } = image;
  if (block.width * block.height * samples * (bits / 8) > 8 * MAX_BLOCK_PIXELS) {
    refuse(
      tiff,
      image,
      `its blocks hold ${samples} samples a pixel, more than are decoded at once`,
    );
  }
  if (predictor !== 1 && predictor !== 2) {
    refuse(tiff, image, `its predictor is ${predictor}; none (1) and horizontal (2) are read`);
  }
}

function refuse(tiff: Tiff, image: TiffImage, what: string): never {
  const { path } = tiff.source;
  throw new UnsupportedSlideError(`${path}: ${what}; ${CONVERT}.`, {
    path,
    compression: image.compression,
    photometric: image.photometric,
  });
}
