import type { MeasurementSpread } from "./layout.ts";

/** So many values are kept for percentiles, or up to twice as many. */
const SAMPLE = 5_000;

/** Follows where values lie as they come: ends exactly, percentiles from evenly spaced ones. */
export class ValueSpread {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #seen = 0;
  #step = 1;
  #sample: number[] = [];

  /** Takes a value; NaN counts for nothing. */
  add(value: number): void {
    if (Number.isNaN(value)) return;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#seen++ % this.#step !== 0) return;
    this.#sample.push(value);
    if (this.#sample.length < 2 * SAMPLE) return;
    this.#sample = this.#sample.filter((_, i) => i % 2 === 0);
    this.#step *= 2;
  }

  finish(): MeasurementSpread {
    if (this.#seen === 0) return { min: null, max: null, low: null, high: null };
    const sorted = Float64Array.from(this.#sample).sort();
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
    return { min: this.#min, max: this.#max, low: at(0.02), high: at(0.98) };
  }
}
