/**
 * Adds up time by stage; stages may overlap, so sums may exceed the wall clock.
 *
 * `total` is the wall time since the watch was made.
 */
export class Stopwatch {
  readonly #started = performance.now();
  readonly #ms = new Map<string, number>();

  /** Times one asynchronous step. */
  async time<T>(stage: string, step: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await step();
    } finally {
      this.add(stage, performance.now() - started);
    }
  }

  /** Adds milliseconds measured elsewhere. */
  add(stage: string, ms: number): void {
    this.#ms.set(stage, (this.#ms.get(stage) ?? 0) + ms);
  }

  /** Seconds a stage, to the millisecond, and `total`. */
  get seconds(): Record<string, number> {
    const all = [...this.#ms, ["total", performance.now() - this.#started] as const];
    return Object.fromEntries(all.map(([stage, ms]) => [stage, Math.round(ms) / 1000]));
  }
}
