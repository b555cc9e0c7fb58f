import type { MacenkoEstimate, Triple } from "../stain.ts";
import { percentile, rounded } from "./percentile.ts";
import { principalPlane } from "./principal-plane.ts";

/** Fainter pixels than this in any channel are left out: natural optical density (the paper's β). */
const FAINTEST = 0.15;

/** Percentile taken for the extreme angles (the paper's α), and 100 less it. */
const ALPHA = 1;

/** Fewer stained pixels than this say nothing. */
export const LEAST_PIXELS = 2000;

/** Vectors nearer than this (cosine, about 8°) are one stain, not two. */
const MOST_ALIKE = 0.99;

/**
 * The stain vectors of H&E pixels, or why there are none.
 *
 * Macenko et al., "A method for normalizing histology slides for quantitative analysis", ISBI 2009:
 * optical densities are projected on the plane of their two largest principal axes; the extreme angles
 * there (1st and 99th percentile) are the stains. As in M. Veta's implementation (2013), hematoxylin is the one
 * that absorbs more red, and the 99th percentiles of both amounts are measured. `pixels` is RGB,
 * three bytes each; `white` the light through bare glass.
 */
export function estimateMacenko(pixels: Uint8Array, white: Triple): MacenkoEstimate | string {
  const density = stainedDensities(pixels, white);
  const count = density.length / 3;
  if (count < LEAST_PIXELS) return `${count} stained pixels, expected at least ${LEAST_PIXELS}`;
  const [first, second] = principalPlane(density);
  const angles = new Float64Array(count);
  for (let i = 0, p = 0; i < count; i++, p += 3) {
    angles[i] = Math.atan2(along(density, p, second), along(density, p, first));
  }
  angles.sort();
  const [a, b] = [ALPHA, 100 - ALPHA].map((percent) => {
    const angle = percentile(angles, percent);
    return first.map((v, c) => v * Math.cos(angle) + second[c]! * Math.sin(angle));
  }) as unknown as [Triple, Triple];
  const [hematoxylin, eosin] = a[0] > b[0] ? [a, b] : [b, a];
  const alike = dot(hematoxylin, eosin);
  if (alike > MOST_ALIKE) return "one stain only, expected hematoxylin and eosin";
  if (Math.min(...hematoxylin, ...eosin) < -0.25)
    return "colours that are not hematoxylin and eosin";
  const [h, e] = amounts(density, hematoxylin, eosin);
  return {
    method: "macenko",
    pixels: count,
    white: rounded(white),
    hematoxylin: rounded(hematoxylin),
    eosin: rounded(eosin),
    most: [percentile(h.sort(), 99), percentile(e.sort(), 99)].map((v) =>
      Number(v.toFixed(6)),
    ) as unknown as [number, number],
  };
}

function stainedDensities(pixels: Uint8Array, white: Triple): Float64Array {
  const tables = white.map((light) =>
    Float64Array.from({ length: 256 }, (_, value) => Math.log(light / (value + 1))),
  );
  const [red, green, blue] = tables as [Float64Array, Float64Array, Float64Array];
  const density = new Float64Array(pixels.length);
  let kept = 0;
  for (let p = 0; p < pixels.length; p += 3) {
    const [r, g, b] = [red[pixels[p]!]!, green[pixels[p + 1]!]!, blue[pixels[p + 2]!]!];
    if (r < FAINTEST || g < FAINTEST || b < FAINTEST) continue;
    density[kept] = r;
    density[kept + 1] = g;
    density[kept + 2] = b;
    kept += 3;
  }
  return density.subarray(0, kept);
}

/** Amounts of both stains in every pixel, by least squares. */
function amounts(density: Float64Array, h: Triple, e: Triple): [Float64Array, Float64Array] {
  const common = dot(h, e);
  const k = 1 / (1 - common * common);
  const count = density.length / 3;
  const first = new Float64Array(count);
  const second = new Float64Array(count);
  for (let i = 0, p = 0; i < count; i++, p += 3) {
    const [a, b] = [along(density, p, h), along(density, p, e)];
    first[i] = k * (a - common * b);
    second[i] = k * (b - common * a);
  }
  return [first, second];
}

function along(density: Float64Array, p: number, axis: Triple): number {
  return density[p]! * axis[0] + density[p + 1]! * axis[1] + density[p + 2]! * axis[2];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
