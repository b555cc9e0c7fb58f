/**
 * What the rooms share about stain normalisation: how an estimate looks, and Ruderman's colour space.
 */

/** How a slide's colours are brought to a common look. */
export type StainMethod = "macenko" | "reinhard";

/** Three numbers, one a colour channel or axis. */
export type Triple = readonly [number, number, number];

/** A slide's stains after Macenko et al. 2009. Densities are natural logarithms. */
export interface MacenkoEstimate {
  readonly method: "macenko";
  /** Tissue pixels it was made from. */
  readonly pixels: number;
  /** Light through bare glass, RGB 0–255. */
  readonly white: Triple;
  /** Optical density in R, G, B of unit length. */
  readonly hematoxylin: Triple;
  readonly eosin: Triple;
  /** 99th percentiles of the amounts of hematoxylin and eosin. */
  readonly most: readonly [number, number];
}

/** A slide's colours after Reinhard et al. 2001: of its tissue in lαβ, natural logarithms of 0–255. */
export interface ReinhardEstimate {
  readonly method: "reinhard";
  readonly pixels: number;
  readonly mean: Triple;
  readonly deviation: Triple;
}

/** What is known of a slide's stains, as run.json holds it. */
export type StainEstimate = MacenkoEstimate | ReinhardEstimate;

/**
 * RGB to the cone responses L, M, S: Reinhard et al., "Color transfer between images", 2001, eq. 4,
 * after Ruderman et al. 1998; rows.
 */
export const RGB_TO_LMS: readonly [Triple, Triple, Triple] = [
  [0.3811, 0.5783, 0.0402],
  [0.1967, 0.7244, 0.0782],
  [0.0241, 0.1288, 0.8444],
];

/** log L, M, S to l, α, β: the same, eq. 6; rows, of unit length and orthogonal. */
export const LMS_TO_LAB: readonly [Triple, Triple, Triple] = [
  [1 / Math.sqrt(3), 1 / Math.sqrt(3), 1 / Math.sqrt(3)],
  [1 / Math.sqrt(6), 1 / Math.sqrt(6), -2 / Math.sqrt(6)],
  [1 / Math.SQRT2, -1 / Math.SQRT2, 0],
];
