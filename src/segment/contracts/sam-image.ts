import type { RgbImage } from "../../tiler/slide.ts";
import type { ModelSpec } from "../model.ts";
import { padToSquare } from "./pad-image.ts";

/** The side of SAM's square input, px. */
export const SAM_SIZE = 1024;
/** The side of SAM's low-resolution masks, cells. */
export const SAM_CELLS = 256;

/** How 0–255 RGB becomes what an encoder was trained on: (v − mean) / std a channel. */
export interface PixelScaling {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** SAM's, which are ImageNet's times 255; SAM 2 states the same as fractions of 1. */
export const SAM_PIXELS: PixelScaling = {
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** RGB / 255, for graphs that normalise inside (EfficientSAM). */
export const UNIT_PIXELS: PixelScaling = { mean: [0, 0, 0], std: [255, 255, 255] };

/** MedSAM's (`MedSAM_Inference.py`): the picture's lowest sample becomes 0, its highest 1, all channels together. */
function minMaxPixels({ data }: RgbImage): PixelScaling {
  let [low, high] = [255, 0];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // A picture of one colour becomes 0 everywhere.
  const range = Math.max(high - low, 1e-8);
  return { mean: [low, low, low], std: [range, range, range] };
}

/** Input px per patch px: the long side becomes `size`. */
export function samScale(image: RgbImage, size: number): number {
  return size / Math.max(image.width, image.height);
}

/**
 * Resizes so that the long side is `size`: bilinear, half-pixel centres, edges clamped, no smoothing
 * before shrinking; the image itself where it fits already.
 */
export function resizeLongSide(image: RgbImage, size: number): RgbImage {
  const scale = samScale(image, size);
  if (scale === 1) return image;
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const data = new Uint8Array(width * height * 3);
  const source = image.data;
  const [stepX, stepY] = [image.width / width, image.height / height];
  for (let y = 0, out = 0; y < height; y++) {
    const v = Math.min(Math.max((y + 0.5) * stepY - 0.5, 0), image.height - 1);
    const top = Math.floor(v);
    const fy = v - top;
    const upper = top * image.width;
    const lower = Math.min(top + 1, image.height - 1) * image.width;
    for (let x = 0; x < width; x++) {
      const u = Math.min(Math.max((x + 0.5) * stepX - 0.5, 0), image.width - 1);
      const left = Math.floor(u);
      const fx = u - left;
      const right = Math.min(left + 1, image.width - 1);
      for (let c = 0; c < 3; c++, out++) {
        const a = source[(upper + left) * 3 + c]!;
        const b = source[(upper + right) * 3 + c]!;
        const d = source[(lower + left) * 3 + c]!;
        const e = source[(lower + right) * 3 + c]!;
        const from = a + (b - a) * fx;
        data[out] = Math.round(from + (d + (e - d) * fx - from) * fy);
      }
    }
  }
  return { data, width, height };
}

/** Planar float32 [3, side, side], scaled as told, zero-padded right and below **after** scaling. */
export function planarPixels(image: RgbImage, side: number, scaling: PixelScaling): Float32Array {
  const { data, width, height } = image;
  const plane = side * side;
  const pixels = new Float32Array(3 * plane);
  const [meanR, meanG, meanB] = scaling.mean;
  const [stdR, stdG, stdB] = scaling.std;
  for (let y = 0, i = 0; y < height; y++) {
    let o = y * side;
    for (let x = 0; x < width; x++, i += 3, o++) {
      pixels[o] = (data[i]! - meanR) / stdR;
      pixels[o + plane] = (data[i + 1]! - meanG) / stdG;
      pixels[o + 2 * plane] = (data[i + 2]! - meanB) / stdB;
    }
  }
  return pixels;
}

/** What an encoder of SAM's 1024 px square takes, and how far the picture was enlarged for it. */
export interface SamInput {
  /** float32 [3, 1024, 1024]. */
  readonly pixels: Float32Array;
  /** Input px per patch px. */
  readonly scale: number;
}

/** SAM's own way: the long side becomes 1024, zeros right and below. */
function samInput(image: RgbImage): SamInput {
  const pixels = planarPixels(resizeLongSide(image, SAM_SIZE), SAM_SIZE, SAM_PIXELS);
  return { pixels, scale: samScale(image, SAM_SIZE) };
}

/** The way of models trained on squares (MedSAM, SAM 2): a picture that is none is made one by reflection. */
export function squareInput(
  image: RgbImage,
  scalingOf: (resized: RgbImage) => PixelScaling,
): SamInput {
  const square = padToSquare(image);
  const resized = resizeLongSide(square, SAM_SIZE);
  return {
    pixels: planarPixels(resized, SAM_SIZE, scalingOf(resized)),
    scale: samScale(square, SAM_SIZE),
  };
}

/** The input that a model's description asks for: MedSAM's where it says so, else SAM's. */
export function describedInput(image: RgbImage, spec: ModelSpec): SamInput {
  return spec.preprocess === "medsam" ? squareInput(image, minMaxPixels) : samInput(image);
}
