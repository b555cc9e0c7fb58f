/**
 * Which source pixels make each pixel of a resampled row, and with what weights.
 *
 * The kernel is Catmull–Rom's cubic (a = −½; Keys 1981), or the triangle where a level is shrunk by
 * half as much again or more (half the work; what SAM's own preprocessing shrinks with). Either is
 * widened by the shrink factor so that nothing aliases. At the ends of the source the taps that
 * fall off are left out and the rest scaled up.
 */
export interface Taps {
  /** First target pixel, in target pixels from the target's origin. */
  readonly start: number;
  /** Target pixels. */
  readonly count: number;
  /** First source pixel of each target pixel. */
  readonly first: Int32Array;
  /** Source pixels of each target pixel; 0 where the target pixel lies outside the source. */
  readonly length: Int32Array;
  /** Weights in units of 1 / {@link WEIGHT_ONE}, `stride` to a target pixel; a pixel's sum to one exactly. */
  readonly weights: Int32Array;
  readonly stride: number;
  /** Source pixels that any target pixel needs: [from, to); from = to where none does. */
  readonly from: number;
  readonly to: number;
}

/** Bits of a weight's fraction. Integers make a sum independent of anything but its terms. */
export const WEIGHT_BITS = 14;
const WEIGHT_ONE = 1 << WEIGHT_BITS;

interface Kernel {
  /** Half the width at scale 1, in source pixels. */
  readonly support: number;
  weight(distance: number): number;
}

const TRIANGLE_FROM_SHRINK = 1.5;

const CUBIC: Kernel = {
  support: 2,
  weight(distance) {
    const d = Math.abs(distance);
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    if (d < 2) return ((-0.5 * d + 2.5) * d - 4) * d + 2;
    return 0;
  },
};

const TRIANGLE: Kernel = {
  support: 1,
  weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
};

/**
 * Taps of target pixels [start, start + count) along one axis.
 *
 * The centre of target pixel t is source coordinate (t + 0.5) / resample − 0.5, whatever the
 * start: so overlapping reads agree exactly. A target pixel whose centre is outside
 * [0, sourceLength) has no taps, or with `beyond` "edge" those of the nearest centre inside.
 */
export function makeTaps(
  start: number,
  count: number,
  resample: number,
  sourceLength: number,
  beyond: "nothing" | "edge" = "nothing",
): Taps {
  const shrink = Math.max(1, 1 / resample);
  const kernel = shrink < TRIANGLE_FROM_SHRINK ? CUBIC : TRIANGLE;
  const support = kernel.support * shrink;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(count);
  const length = new Int32Array(count);
  const weights = new Int32Array(count * stride);
  const exact = new Float64Array(stride);
  let from = sourceLength;
  let to = 0;
  for (let i = 0; i < count; i++) {
    // Source pixel j covers [j, j + 1): its centre is j + 0.5.
    let centre = (start + i + 0.5) / resample;
    if (beyond === "edge") centre = Math.max(0.5, Math.min(sourceLength - 0.5, centre));
    if (!(centre >= 0 && centre < sourceLength)) continue;
    const low = Math.max(0, Math.floor(centre - support + 0.5));
    const high = Math.min(sourceLength, Math.floor(centre + support + 0.5));
    let sum = 0;
    for (let j = low; j < high; j++) {
      sum += exact[j - low] = kernel.weight((j + 0.5 - centre) / shrink);
    }
    writeWeights(exact, high - low, sum, weights, i * stride);
    first[i] = low;
    length[i] = high - low;
    from = Math.min(from, low);
    to = Math.max(to, high);
  }
  if (to <= from) [from, to] = [0, 0];
  return { start, count, first, length, weights, stride, from, to };
}

/** Rounds running totals, not weights: each is within a unit of exact, and they sum to one exactly. */
function writeWeights(
  exact: Float64Array,
  count: number,
  sum: number,
  weights: Int32Array,
  at: number,
): void {
  let total = 0;
  let written = 0;
  for (let k = 0; k < count; k++) {
    total += exact[k]!;
    const rounded = Math.round((total / sum) * WEIGHT_ONE);
    weights[at + k] = rounded - written;
    written = rounded;
  }
}
