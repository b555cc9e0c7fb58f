/** Middle and spread of repeated measurements, in their own unit. */
export interface Summary {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** Median, lowest and highest of at least one value. */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("found no measurements, expected at least one");
  return {
    median: quantile(values, 0.5),
    low: Math.min(...values),
    high: Math.max(...values),
    rounds: values.length,
  };
}

/** The value below which a share `q` of the values lies, between neighbours linearly. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  return low + (high - low) * (at - Math.floor(at));
}

/** "123 (110–130)": three digits that carry, no more. */
export function formatSummary(summary: Summary): string {
  const { median, low, high, rounds } = summary;
  if (rounds === 1) return formatNumber(median);
  return `${formatNumber(median)} (${formatNumber(low)}–${formatNumber(high)})`;
}

function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}
