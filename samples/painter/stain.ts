import { clamp, expNegative, mix } from "./math.ts";
import { Random } from "./random.ts";

/** Optical density of a stain in red, green and blue light, of unit length. */
export type StainVector = readonly [number, number, number];

/** Hematoxylin: Ruifrok & Johnston, Anal Quant Cytol Histol 23 (2001) 291–299. */
export const HEMATOXYLIN: StainVector = [0.65, 0.704, 0.286];
/** Eosin: the same source. */
export const EOSIN: StainVector = [0.072, 0.99, 0.105];
/**
 * The same two stains as another laboratory's slides gave them: the reference vectors that M. Veta's
 * implementation (staining-normalization, 2013) gives for the method of Macenko et al., ISBI 2009,
 * 1107–1110. Slides lie between the two pairs.
 */
const HEMATOXYLIN_MACENKO: StainVector = [0.5626, 0.7201, 0.4062];
const EOSIN_MACENKO: StainVector = [0.2159, 0.8012, 0.5581];
/** Red cells take eosin with an orange cast; chosen by eye. */
const RED_CELL: StainVector = [0.1, 0.87, 0.48];
/** Brown pigment (iron, melanin); chosen by eye. */
const PIGMENT: StainVector = [0.43, 0.58, 0.69];

/** The stains of one slide. Channels: 0 hematoxylin, 1 eosin, 2 red cells, 3 pigment. */
export interface StainRecipe {
  readonly vectors: readonly [StainVector, StainVector, StainVector, StainVector];
  /** Strength of each stain; multiplies the painted amounts. */
  readonly strengths: readonly [number, number, number, number];
  /** RGB 0..255 of empty glass. */
  readonly white: readonly [number, number, number];
}

/** Draws the stains of one slide: published vectors, turned a little, as laboratories differ. */
export function drawStains(seed: number, variation: number): StainRecipe {
  const random = new Random(seed);
  const turn = (v: StainVector, spread: number): StainVector => {
    const raw = v.map((c) => clamp(c + variation * spread * random.normal(), 0.02, 1.2));
    const length = Math.sqrt(raw[0]! * raw[0]! + raw[1]! * raw[1]! + raw[2]! * raw[2]!);
    return [raw[0]! / length, raw[1]! / length, raw[2]! / length];
  };
  // 0: Ruifrok & Johnston's vectors, 1: those of Macenko et al.
  const between = clamp(0.5 + variation * 0.35 * random.normal(), -0.1, 1);
  const white = clamp(243 + variation * 5 * random.normal(), 224, 252);
  return {
    vectors: [
      turn(blend(HEMATOXYLIN, HEMATOXYLIN_MACENKO, between), 0.03),
      turn(blend(EOSIN, EOSIN_MACENKO, between), 0.03),
      turn(RED_CELL, 0.04),
      turn(PIGMENT, 0.03),
    ],
    strengths: [
      clamp(1 + variation * 0.2 * random.normal(), 0.5, 1.6),
      clamp(1 + variation * 0.25 * random.normal(), 0.5, 1.7),
      clamp(1 + variation * 0.15 * random.normal(), 0.5, 1.5),
      1,
    ],
    white: [
      clamp(white + variation * 2.5 * random.normal(), 215, 255),
      clamp(white + variation * 2.5 * random.normal(), 215, 255),
      clamp(white + variation * 2.5 * random.normal(), 215, 255),
    ],
  };
}

function blend(a: StainVector, b: StainVector, t: number): StainVector {
  return [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
}

/**
 * Mixes stain amounts into light by Beer–Lambert: I = white · 10^−Σ amount·vector.
 *
 * `amounts` holds one plane a stain; the result is float RGB, HWC, 0..255.
 */
export function transmit(
  stains: StainRecipe,
  amounts: readonly [Float32Array, Float32Array, Float32Array, Float32Array],
): Float32Array {
  const [h, e, r, p] = amounts;
  const out = new Float32Array(h.length * 3);
  for (let c = 0; c < 3; c++) {
    const weight = stains.vectors.map((v, i) => v[c]! * stains.strengths[i]! * Math.LN10);
    const [wh, we, wr, wp] = [weight[0]!, weight[1]!, weight[2]!, weight[3]!];
    const white = stains.white[c]!;
    for (let i = 0, o = c; i < h.length; i++, o += 3) {
      const density = wh * h[i]! + we * e[i]! + wr * r[i]! + wp * p[i]!;
      out[o] = white * expNegative(density);
    }
  }
  return out;
}
