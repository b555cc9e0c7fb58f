import {
  LMS_TO_LAB,
  type MacenkoEstimate,
  type ReinhardEstimate,
  RGB_TO_LMS,
  type StainEstimate,
  type Triple,
} from "../stain.ts";
import type { RgbImage } from "../tiler/slide.ts";

/**
 * The look that Macenko's method gives: stain vectors, 99th percentiles and light of M. Veta's
 * implementation (staining-normalization, 2013), which most others have taken over.
 */
const MACENKO_TARGET = {
  hematoxylin: [0.5626, 0.7201, 0.4062],
  eosin: [0.2159, 0.8012, 0.5581],
  most: [1.9705, 1.0308],
  white: 240,
} as const;

/**
 * The look that Reinhard's method gives: lαβ of a TCGA breast slide (TCGA-A2-A3XS-DX1) after Amgad et
 * al. 2019 (doi:10.1093/bioinformatics/btz083), as in HistomicsTK's examples.
 */
const REINHARD_TARGET = {
  mean: [8.74108109, -0.12440419, 0.0444982],
  deviation: [0.6135447, 0.10989545, 0.0286032],
} as const;

type Matrix = readonly [Triple, Triple, Triple];

/** Brings a picture to the common look; a new picture of the same size. */
export type StainNormaliser = (image: RgbImage) => RgbImage;

/** The normaliser of a slide whose stains are estimated. */
export function stainNormaliser(estimate: StainEstimate): StainNormaliser {
  return estimate.method === "macenko" ? macenko(estimate) : reinhard(estimate);
}

/**
 * Macenko et al., ISBI 2009: optical densities are unmixed into the slide's stains by least squares,
 * their amounts scaled to the target's 99th percentiles and mixed again by the target's vectors.
 *
 * All of that is one 3 × 3 matrix on densities, so each channel of the result is a product of three
 * table values: nothing is approximated and no logarithm is taken a pixel.
 */
function macenko({ white, hematoxylin, eosin, most }: MacenkoEstimate): StainNormaliser {
  const unmix = pseudoInverse(hematoxylin, eosin);
  const target = MACENKO_TARGET;
  const scale = target.most.map((amount, i) => amount / most[i]!) as [number, number];
  const tables = [0, 1, 2].map((out) =>
    [0, 1, 2].map((channel) => {
      const weight =
        target.hematoxylin[out]! * scale[0] * unmix[0][channel]! +
        target.eosin[out]! * scale[1] * unmix[1][channel]!;
      const light = white[channel]!;
      return Float64Array.from(
        { length: 256 },
        (_, value) => (channel === 0 ? target.white : 1) * ((value + 1) / light) ** weight,
      );
    }),
  );
  const [rr, rg, rb] = tables[0] as [Float64Array, Float64Array, Float64Array];
  const [gr, gg, gb] = tables[1] as [Float64Array, Float64Array, Float64Array];
  const [br, bg, bb] = tables[2] as [Float64Array, Float64Array, Float64Array];
  return ({ data, width, height }) => {
    // Clamped on writing, and rounded to the nearest.
    const out = new Uint8ClampedArray(data.length);
    for (let p = 0; p < data.length; p += 3) {
      const [r, g, b] = [data[p]!, data[p + 1]!, data[p + 2]!];
      out[p] = rr[r]! * rg[g]! * rb[b]!;
      out[p + 1] = gr[r]! * gg[g]! * gb[b]!;
      out[p + 2] = br[r]! * bg[g]! * bb[b]!;
    }
    return { data: new Uint8Array(out.buffer), width, height };
  };
}

/** The two rows that turn a density into amounts of `a` and `b`, by least squares. */
function pseudoInverse(a: Triple, b: Triple): [Triple, Triple] {
  const aa = dot(a, a);
  const bb = dot(b, b);
  const ab = dot(a, b);
  const k = 1 / (aa * bb - ab * ab);
  const row = (u: Triple, uu: number, v: Triple): Triple => [
    k * (uu * v[0] - ab * u[0]),
    k * (uu * v[1] - ab * u[1]),
    k * (uu * v[2] - ab * u[2]),
  ];
  return [row(b, bb, a), row(a, aa, b)];
}

/**
 * Reinhard et al. 2001: mean and standard deviation of each axis of lαβ become the target's.
 *
 * In log L, M, S that is one 3 × 3 matrix and a shift. Logarithms and powers come from tables, linear
 * between their points: together less than a grey level from the exact, and several times as fast.
 */
function reinhard({ mean, deviation }: ReinhardEstimate): StainNormaliser {
  const target = REINHARD_TARGET;
  const scale = target.deviation.map((value, i) => value / deviation[i]!);
  const offset = target.mean.map((value, i) => value - scale[i]! * mean[i]!);
  // lαβ is orthogonal: its inverse is its transpose.
  const mix = [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) =>
      [0, 1, 2].reduce((sum, k) => sum + LMS_TO_LAB[k]![i]! * scale[k]! * LMS_TO_LAB[k]![j]!, 0),
    ),
  ) as unknown as Matrix;
  const shift = [0, 1, 2].map((i) =>
    [0, 1, 2].reduce((sum, k) => sum + LMS_TO_LAB[k]![i]! * offset[k]!, 0),
  ) as unknown as Triple;
  const log = new Curve(Math.log, 0.5, 260, 8);
  const exp = new Curve(Math.exp, -4, 8, 512);
  const [toRed, toGreen, toBlue] = inverse(RGB_TO_LMS);
  const [toL, toM, toS] = RGB_TO_LMS;
  return ({ data, width, height }) => {
    const out = new Uint8ClampedArray(data.length);
    for (let p = 0; p < data.length; p += 3) {
      const [r, g, b] = [data[p]! || 1, data[p + 1]! || 1, data[p + 2]! || 1];
      const l = log.at(toL[0] * r + toL[1] * g + toL[2] * b);
      const m = log.at(toM[0] * r + toM[1] * g + toM[2] * b);
      const s = log.at(toS[0] * r + toS[1] * g + toS[2] * b);
      const l2 = exp.at(shift[0] + mix[0][0] * l + mix[0][1] * m + mix[0][2] * s);
      const m2 = exp.at(shift[1] + mix[1][0] * l + mix[1][1] * m + mix[1][2] * s);
      const s2 = exp.at(shift[2] + mix[2][0] * l + mix[2][1] * m + mix[2][2] * s);
      out[p] = toRed[0] * l2 + toRed[1] * m2 + toRed[2] * s2;
      out[p + 1] = toGreen[0] * l2 + toGreen[1] * m2 + toGreen[2] * s2;
      out[p + 2] = toBlue[0] * l2 + toBlue[1] * m2 + toBlue[2] * s2;
    }
    return { data: new Uint8Array(out.buffer), width, height };
  };
}

/** A function read from a table of `density` points a unit from `from` to `to`, linear between them; held at its ends. */
class Curve {
  readonly #from: number;
  readonly #density: number;
  readonly #last: number;
  readonly #values: Float64Array;

  constructor(of: (x: number) => number, from: number, to: number, density: number) {
    this.#from = from;
    this.#density = density;
    this.#last = Math.ceil((to - from) * density);
    this.#values = Float64Array.from({ length: this.#last + 2 }, (_, i) => of(from + i / density));
  }

  at(x: number): number {
    const place = Math.min(this.#last, Math.max(0, (x - this.#from) * this.#density));
    const below = place | 0;
    const low = this.#values[below]!;
    return low + (this.#values[below + 1]! - low) * (place - below);
  }
}

/** Of a 3 × 3 matrix, by its cofactors. */
function inverse(m: Matrix): Matrix {
  const cross = (a: Triple, b: Triple): Triple => [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
  const columns = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
  const determinant = dot(m[0], columns[0]!);
  return [0, 1, 2].map((row) =>
    columns.map((column) => column[row]! / determinant),
  ) as unknown as Matrix;
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
