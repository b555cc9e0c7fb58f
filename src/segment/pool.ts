import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Piscina } from "piscina";

/** What a pool of workers is made of. */
export interface PoolOptions {
  /** The worker's file: `.ts` runs through tsx, `.js` as it is. */
  readonly worker: URL;
  readonly workers: number;
  /** Copied to each worker as it starts. */
  readonly workerData: unknown;
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
    ...(options.worker.pathname.endsWith(".ts") ? { execArgv: ["--import", tsxUrl()] } : {}),
  });
}

/** tsx by its own address: `--import tsx` would look for it from the current folder. */
function tsxUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
}
