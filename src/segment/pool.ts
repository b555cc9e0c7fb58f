import { Piscina } from "piscina";
import { execArgvFor } from "../worker-thread.ts";

/** What a pool of workers is made of. */
export interface PoolOptions {
  /** The worker's file: `.ts` runs through tsx, `.js` as it is. */
  readonly worker: URL;
  readonly workers: number;
  /** Copied to each worker as it starts. */
  readonly workerData: unknown;
  /** True for workers that go on with something after they have answered; else they sleep until the next task. */
  readonly awake?: boolean;
}

/** Starts a pool of worker threads that stay until it is destroyed. */
export function startPool(options: PoolOptions): Piscina {
  return new Piscina({
    filename: options.worker.href,
    workerData: options.workerData,
    minThreads: options.workers,
    maxThreads: options.workers,
    // A worker holds a model: it is never let go between patches.
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    ...(options.awake ? { atomics: "disabled" } : {}),
    execArgv: execArgvFor(options.worker),
  });
}
