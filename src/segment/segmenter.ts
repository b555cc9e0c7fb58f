import { availableParallelism, totalmem } from "node:os";
import type { Piscina } from "piscina";
import { MicrotomeError } from "../errors.ts";
import { workerFile } from "../worker-thread.ts";
import type { PromptAbilities } from "./contracts/adapter.ts";
import { rebuildError } from "./model-errors.ts";
import { startPool } from "./pool.ts";
import type { SegmentJob, SegmentResult, SegmentSettings } from "./protocol.ts";
import type { ReadyResult, WorkerTask } from "./worker.ts";

/** Memory set aside for a worker when their number is chosen, bytes. */
const WORKER_BYTES = 512 * 2 ** 20;

/** What a segmenter is made of. */
export interface SegmenterOptions {
  readonly settings: SegmentSettings;
  /** Worker threads, ≥ 1; see {@link defaultWorkers}. */
  readonly workers: number;
}

/** Workers that segment patches with one model and one set of settings. */
export interface Segmenter {
  readonly workers: number;
  /** Which given prompts the model can answer. */
  readonly takes: PromptAbilities;
  /** Jobs worth having in flight at once: every worker busy, and one job waiting for each. */
  readonly capacity: number;
  /**
   * Segments one patch; the job's pixels are transferred and must not be used afterwards.
   *
   * A failure, a dead worker's too, is an answer with `ok: false`. Throws only when `signal` is
   * aborted before the job starts (`interrupted`) or after close (`usage`).
   */
  segment(job: SegmentJob, signal?: AbortSignal): Promise<SegmentResult>;
  /** Ends the workers; jobs in flight are answered with `ok: false`. */
  close(): Promise<void>;
}

/** Workers that suit this machine: one a core, less where memory is short, at least one. */
export function defaultWorkers(): number {
  const byMemory = Math.floor(totalmem() / 2 / WORKER_BYTES);
  return Math.max(1, Math.min(availableParallelism(), byMemory));
}

/**
 * Starts the workers and waits until one has opened the model. Throws what opening it throws, such
 * as ModelContractError, and MicrotomeError `usage` for a number of workers that is not ≥ 1.
 */
export async function createSegmenter(options: SegmenterOptions): Promise<Segmenter> {
  return await createSegmenterWith(options, workerFile(import.meta.url, "worker"));
}

/** {@link createSegmenter} with another worker file: how a worker that dies is tried out. */
export async function createSegmenterWith(
  { settings, workers }: SegmenterOptions,
  worker: URL,
): Promise<Segmenter> {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new MicrotomeError("usage", `found ${workers} workers, expected a whole number ≥ 1`, {
      workers,
    });
  }
  const pool = startPool({ worker, workers, workerData: settings });
  const ready = await runTask<ReadyResult>(pool, { kind: "ready" });
  if (!ready.ok) {
    await pool.destroy();
    throw rebuildError(ready.error);
  }
  let closed = false;

  return {
    workers,
    takes: ready.takes,
    capacity: workers * 2,
    async segment(job, signal) {
      if (closed) throw new MicrotomeError("usage", "the segmenter is closed; create another");
      if (signal?.aborted) {
        throw new MicrotomeError("interrupted", `stopped before patch ${job.patchId}`, {
          patch: job.patchId,
        });
      }
      const data = ownBuffer(job.image.data);
      const task: WorkerTask = { kind: "segment", job: { ...job, image: { ...job.image, data } } };
      return await runTask<SegmentResult>(pool, task, [data.buffer]);
    },
    async close() {
      closed = true;
      await pool.destroy();
    },
  };
}

/** The same bytes with a buffer of their own: a Node Buffer may be a view of a shared or external one, which must not move. */
export function ownBuffer(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  if (whole && !Buffer.isBuffer(data) && data.buffer instanceof ArrayBuffer) {
    return data as Uint8Array<ArrayBuffer>;
  }
  return new Uint8Array(data);
}

/** Runs a task in the pool; a worker that dies on it is an answer, and the pool replaces it. */
async function runTask<T extends SegmentResult | ReadyResult>(
  pool: Piscina,
  task: WorkerTask,
  transferList: ArrayBuffer[] = [],
): Promise<T | { readonly ok: false; readonly error: ReturnType<typeof workerDeath> }> {
  try {
    return await pool.run(task, { transferList });
  } catch (error) {
    return { ok: false, error: workerDeath(task, error) };
  }
}

function workerDeath(task: WorkerTask, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error);
  const what = task.kind === "segment" ? `patch ${task.job.patchId}` : "opening the model";
  return {
    code: "patch-failed",
    message: `${what}: the worker ended (${reason}); it may have run out of memory: try fewer workers`,
    fields: task.kind === "segment" ? { patch: task.job.patchId } : {},
  } as const;
}
