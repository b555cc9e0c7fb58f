/**
 * Randomness keyed by seed and place, so that any part of the world can be made on its own.
 */

/** Mixes a seed and up to three integers into 32 bits (finaliser of MurmurHash3, Appleby 2008). */
export function hash(seed: number, a: number, b = 0, c = 0): number {
  let h = seed | 0;
  h = scramble(h ^ Math.imul(a | 0, 0x9e3779b1));
  h = scramble(h ^ Math.imul(b | 0, 0x85ebca77));
  h = scramble(h ^ Math.imul(c | 0, 0xc2b2ae3d));
  return h >>> 0;
}

function scramble(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The same as {@link hash}, as a number in [0, 1). */
export function hashUnit(seed: number, a: number, b = 0, c = 0): number {
  return hash(seed, a, b, c) / 4294967296;
}

/** A stream of random numbers from one 32-bit seed (SplitMix-style counter through a scrambler). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 32 random bits. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return scramble(scramble(this.#state) ^ 0x5bd1e995) >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.bits() / 4294967296;
  }

  /** Uniform in [lo, hi). */
  between(lo: number, hi: number): number {
    return lo + (hi - lo) * this.unit();
  }

  /** Integer in [lo, hi]. */
  integer(lo: number, hi: number): number {
    return lo + Math.floor(this.unit() * (hi - lo + 1));
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.unit() < p;
  }

  /** Bell-shaped around 0 with standard deviation 1, within ±3.5 (sum of four uniforms). */
  normal(): number {
    return (this.unit() + this.unit() + this.unit() + this.unit() - 2) * 1.7320508075688772;
  }

  /** Index into weights, drawn in proportion to them. */
  weighted(weights: readonly number[]): number {
    let total = 0;
    for (const w of weights) total += w;
    let left = this.unit() * total;
    for (let i = 0; i < weights.length; i++) {
      left -= weights[i]!;
      if (left < 0) return i;
    }
    return weights.length - 1;
  }
}
