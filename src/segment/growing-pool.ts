import type { Piscina } from "piscina";
import { guessNeed, MemoryWatch, memoryBudget, type WorkerNeed, workersThatFit } from "./memory.ts";
import type { ModelSpec } from "./model.ts";
import { startPool } from "./pool.ts";

/** What a growing pool is made of. */
export interface GrowingPoolOptions {
  readonly worker: URL;
  readonly workerData: unknown;
  readonly model: Pick<ModelSpec, "files">;
  /** Workers, where memory suffices. */
  readonly wanted: number;
  /** Bytes that the process may come to occupy; see memoryBudget where left out. */
  readonly budget?: number;
  /** Told where memory does not suffice for all workers. */
  readonly onNotice?: (text: string) => void;
}

interface Lane {
  readonly pool: Piscina;
  readonly threads: number;
  waiting: number;
}

/**
 * Workers that all start at once where memory surely suffices; else one starts, what it takes is measured on its
 * first patch, and then as many others as there is room for. Better fewer workers than a process that is killed.
 */
export class GrowingPool {
  readonly #options: GrowingPoolOptions;
  readonly #need: WorkerNeed;
  readonly #budget: number;
  readonly #lanes: Lane[] = [];
  #watch: MemoryWatch | null = null;
  /** While the first worker is measured, tasks go one by one. */
  #queue: Promise<void> = Promise.resolve();
  #destroyed = false;

  private constructor(options: GrowingPoolOptions, need: WorkerNeed) {
    this.#options = options;
    this.#need = need;
    this.#budget = options.budget ?? memoryBudget();
    const { wanted } = options;
    const sure = process.memoryUsage.rss() + wanted * need.generous <= this.#budget;
    if (wanted > 1 && !sure) this.#watch = new MemoryWatch();
    this.#start(this.#watch === null ? wanted : 1);
  }

  static async start(options: GrowingPoolOptions): Promise<GrowingPool> {
    return new GrowingPool(options, await guessNeed(options.model));
  }

  /** Workers that are there now. */
  get workers(): number {
    return this.#lanes.reduce((sum, { threads }) => sum + threads, 0);
  }

  /** Runs a task; `isTelling` says whether its answer cost what a patch costs. */
  async run<T>(
    task: unknown,
    transferList: ArrayBuffer[],
    isTelling: (answer: T) => boolean,
  ): Promise<T> {
    if (this.#watch === null) return await this.#runNow(task, transferList);
    const before = this.#queue;
    const { promise, done } = gate();
    this.#queue = promise;
    await before;
    // Measured by now: who waited need not go one by one any more.
    if (this.#watch === null) done();
    try {
      const answer: T = await this.#runNow(task, transferList);
      if (isTelling(answer)) this.#grow();
      return answer;
    } finally {
      done();
    }
  }

  async destroy(): Promise<void> {
    this.#destroyed = true;
    this.#watch?.stop();
    this.#watch = null;
    await Promise.all(this.#lanes.map(({ pool }) => pool.destroy()));
  }

  #start(threads: number): void {
    const { worker, workerData } = this.#options;
    this.#lanes.push({
      pool: startPool({ worker, workers: threads, workerData }),
      threads,
      waiting: 0,
    });
  }

  #grow(): void {
    if (this.#watch === null || this.#destroyed) return;
    const { wanted, onNotice } = this.#options;
    const measured = { ...this.#watch.stop(), budget: this.#budget, shared: this.#need.shared };
    this.#watch = null;
    const { workers, each } = workersThatFit(wanted, measured);
    if (workers > 1) this.#start(workers - 1);
    if (workers < wanted) {
      onNotice?.(
        `memory for ${workers} of ${wanted} workers: another takes about ${mib(each)} MiB, and ${mib(Math.max(0, measured.budget - measured.peak))} of ${mib(measured.budget)} MiB are left (--memory, --workers)`,
      );
    }
  }

  async #runNow<T>(task: unknown, transferList: ArrayBuffer[]): Promise<T> {
    const lane = this.#lanes.reduce((best, other) =>
      other.waiting / other.threads < best.waiting / best.threads ? other : best,
    );
    lane.waiting++;
    try {
      return await lane.pool.run(task, { transferList });
    } finally {
      lane.waiting--;
    }
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function gate(): { readonly promise: Promise<void>; readonly done: () => void } {
  let done = (): void => {};
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, done };
}
