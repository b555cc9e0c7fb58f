/** A damaged copy of a file: the first `keep` bytes, some of them changed. */
export interface Damage {
  /** Bytes kept; all where absent. */
  readonly keep?: number;
  /** Positions, and what each byte is XORed with (never 0). */
  readonly flips?: readonly (readonly [at: number, mask: number])[];
}

/** Most bytes changed in one copy. */
const MOST_FLIPS = 6;
/** Where a file says most of itself: its first bytes, and the last ones, where TIFF writers put directories. */
const TELLING_BYTES = 4096;

/**
 * `cuts` truncations spread over a file of `size` bytes and `flips` copies with one to six changed bytes;
 * the same for the same seed. Half of the changes hit the file's beginning or end.
 */
export function damagesOf(size: number, seed: number, cuts: number, flips: number): Damage[] {
  const random = mulberry32(seed ^ size);
  const below = (limit: number): number => Math.floor(random() * limit);
  const position = (): number => {
    const telling = Math.min(TELLING_BYTES, size);
    const where = random();
    if (where < 0.3) return below(telling);
    return where < 0.5 ? size - 1 - below(telling) : below(size);
  };
  const damages: Damage[] = [];
  for (let i = 0; i < flips; i++) {
    const count = 1 + below(MOST_FLIPS);
    damages.push({ flips: Array.from({ length: count }, () => [position(), 1 + below(255)]) });
  }
  for (let i = 0; i < cuts; i++) {
    damages.push({ keep: Math.floor(((i + random()) / cuts) * size) });
  }
  return damages;
}

/** Tommy Ettinger's mulberry32: 32 bits of state, for tests. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
