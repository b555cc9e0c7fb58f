import type { Triple } from "../stain.ts";

/** A percentile of sorted values, 0–100, interpolated between neighbours as numpy's default does. */
export function percentile(sorted: Float64Array, percent: number): number {
  const at = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/** To six decimals, as an estimate is stored: a resumed run goes on with the very same numbers. */
export function rounded(values: readonly number[]): Triple {
  return values.map((value) => Number(value.toFixed(6))) as unknown as Triple;
}
