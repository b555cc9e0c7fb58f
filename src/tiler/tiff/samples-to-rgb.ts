import type { RgbImage } from "../slide.ts";
import { PHOTOMETRIC } from "./names.ts";
import type { Samples } from "./samples.ts";

/** What decides how samples are shown. */
export interface Colours {
  readonly photometric: number;
  /** The first sample beyond the colours is an alpha. */
  readonly alpha: boolean;
}

/**
 * Samples as 8-bit RGB: grey repeated, alpha laid over white, of 16 bits the upper 8 (as libtiff's and
 * libvips' own conversions do), white-is-zero inverted.
 */
export function samplesToRgb(samples: Samples, colours: Colours): RgbImage {
  const { width, height, perPixel } = samples;
  const eight = toEightBits(samples);
  const inverted = colours.photometric === PHOTOMETRIC.whiteIsZero;
  if (perPixel === 3 && eight.length === width * height * 3) {
    return inverted ? invert({ data: eight, width, height }) : { data: eight, width, height };
  }
  const rgb = new Uint8Array(width * height * 3);
  const [green, blue] = perPixel < 3 ? [0, 0] : [1, 2];
  for (let i = 0, o = 0; o < rgb.length; i += perPixel, o += 3) {
    rgb[o] = eight[i]!;
    rgb[o + 1] = eight[i + green]!;
    rgb[o + 2] = eight[i + blue]!;
  }
  const picture = { data: rgb, width, height };
  if (inverted) invert(picture);
  if (colours.alpha && perPixel % 2 === 0) blendOverWhite(picture, eight, perPixel);
  return picture;
}

function toEightBits({ data }: Samples): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const eight = new Uint8Array(data.length);
  for (let i = 0; i < eight.length; i++) eight[i] = data[i]! >> 8;
  return eight;
}

/** The alpha is the last of a pixel's samples. */
function blendOverWhite(picture: RgbImage, samples: Uint8Array, perPixel: number): void {
  const { data } = picture;
  for (let i = perPixel - 1, o = 0; o < data.length; i += perPixel, o += 3) {
    const alpha = samples[i]!;
    if (alpha === 255) continue;
    for (let c = 0; c < 3; c++) {
      data[o + c] = Math.round((data[o + c]! * alpha) / 255 + 255 - alpha);
    }
  }
}

function invert(picture: RgbImage): RgbImage {
  const { data } = picture;
  for (let i = 0; i < data.length; i++) data[i] = 255 - data[i]!;
  return picture;
}
