import type { Box } from "../../src/geometry.ts";
import { clamp, expNegative, smoothstep } from "./math.ts";
import { Noise } from "./noise.ts";
import { hash } from "./random.ts";
import type { Optics, Recipe } from "./recipe.ts";

/** Kernels reach this many standard deviations. */
const SPAN = 2.5;
/** Width of the blur that sharpening takes away, µm. */
const SHARPEN_UM = 0.42;

/** Pixels around a region that its optics look at, at `mpp` µm/px. */
export function opticsHalo(recipe: Recipe, mpp: number): number {
  const { optics } = recipe;
  return (focusKernel(optics, mpp).length + gaussian(optics.defocus / mpp).length) / 2;
}

/**
 * Light as the scanner records it: blurred, sharpened, here and there out of focus, noisy.
 *
 * `light` is float RGB (HWC, 0..255) over `box` (px); the result is 8-bit RGB over `inner`, a box
 * inside it by at least {@link opticsHalo}.
 */
export function expose(
  recipe: Recipe,
  light: Float32Array,
  box: Box,
  inner: Box,
  mpp: number,
): Uint8Array {
  const { optics, seed } = recipe;
  const { width } = box;
  const sharp = filter(light, width, focusKernel(optics, mpp));
  const focus = new Noise(hash(seed, 0x0f));
  const bias = 0.62 - 0.55 * optics.defocusAmount;
  const lost = lostFocus(focus, bias, inner, mpp);
  const wide = lost === null ? sharp : filter(sharp, width, gaussian(optics.defocus / mpp));
  const out = new Uint8Array(inner.width * inner.height * 3);
  const noiseSeed = hash(seed, 0x5e);
  for (let row = 0, o = 0, k = 0; row < inner.height; row++) {
    const py = inner.y + row;
    for (let column = 0; column < inner.width; column++, k++) {
      const px = inner.x + column;
      const i = ((py - box.y) * width + (px - box.x)) * 3;
      const share = lost === null ? 0 : lost[k]!;
      const bits = hash(noiseSeed, px, py);
      const common = 0.8 * triangle(bits);
      for (let c = 0; c < 3; c++, o++) {
        const value = sharp[i + c]! + share * (wide[i + c]! - sharp[i + c]!);
        const own = 0.6 * triangle(Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d + 2 * c));
        out[o] = clamp(Math.floor(value + optics.noise * (common + own) + 0.5), 0, 255);
      }
    }
  }
  return out;
}

/** How far out of focus each pixel lies, 0..1, or null where none is. */
function lostFocus(focus: Noise, bias: number, box: Box, mpp: number): Float32Array | null {
  const lost = new Float32Array(box.width * box.height);
  let any = false;
  for (let row = 0, i = 0; row < box.height; row++) {
    const y = (box.y + row + 0.5) * mpp;
    for (let column = 0; column < box.width; column++, i++) {
      const x = (box.x + column + 0.5) * mpp;
      lost[i] = smoothstep(bias, bias + 0.3, focus.at(x / 260, y / 260));
      if (lost[i]! > 0) any = true;
    }
  }
  return any ? lost : null;
}

// Two halves of 32 bits added: triangular, standard deviation 1.
function triangle(bits: number): number {
  return ((bits & 0xffff) + (bits >>> 16) - 65535) / 26754;
}

/** The lens's blur with the scanner's sharpening taken into it. */
function focusKernel(optics: Optics, mpp: number): Float64Array {
  const narrow = gaussian(optics.blur / mpp);
  const wide = gaussian(SHARPEN_UM / mpp);
  const longer = wide.length > narrow.length ? wide : narrow;
  const middle = (longer.length - 1) / 2;
  const kernel = new Float64Array(longer.length);
  for (let i = 0; i < kernel.length; i++) {
    const at = i - middle;
    const n = narrow[at + (narrow.length - 1) / 2] ?? 0;
    const w = wide[at + (wide.length - 1) / 2] ?? 0;
    // Both passes sharpen: each takes half.
    kernel[i] = n + 0.5 * optics.sharpen * (n - w);
  }
  return kernel;
}

/** Gaussian taps of standard deviation sigma (px); their sum is 1. */
function gaussian(sigma: number): Float64Array {
  const radius = sigma < 0.05 ? 0 : Math.ceil(sigma * SPAN);
  const kernel = new Float64Array(2 * radius + 1);
  let total = 0;
  for (let k = -radius; k <= radius; k++) {
    kernel[k + radius] = radius === 0 ? 1 : expNegative((k * k) / (2 * sigma * sigma));
    total += kernel[k + radius]!;
  }
  return kernel.map((v) => v / total);
}

/** Applies a symmetric kernel along rows, then columns; the outer margin of its radius is not meaningful. */
function filter(from: Float32Array, width: number, kernel: Float64Array): Float32Array {
  if (kernel.length === 1) return from;
  return convolve(convolve(from, 3, kernel), width * 3, kernel);
}

function convolve(from: Float32Array, stride: number, kernel: Float64Array): Float32Array {
  const to = new Float32Array(from.length);
  const radius = (kernel.length - 1) / 2;
  const centre = kernel[radius]!;
  const end = from.length - radius * stride;
  for (let i = radius * stride; i < end; i++) {
    let sum = centre * from[i]!;
    for (let j = 1, a = i - stride, b = i + stride; j <= radius; j++, a -= stride, b += stride) {
      sum += kernel[radius + j]! * (from[a]! + from[b]!);
    }
    to[i] = sum;
  }
  return to;
}
