import { availableParallelism } from "node:os";
import { MicrotomeError } from "../errors.ts";
import { workerFile } from "../worker-thread.ts";
import type { PromptAbilities } from "./contracts/adapter.ts";
import { GrowingPool } from "./growing-pool.ts";
import { rebuildError } from "./model-errors.ts";
import type { SegmentJob, SegmentResult, SegmentSettings } from "./protocol.ts";
import type { Provider } from "./provider.ts";
import type { ReadyResult, WorkerTask } from "./worker.ts";

/** What a segmenter is made of. */
export interface SegmenterOptions {
  readonly settings: SegmentSettings;
  /** Worker threads, ≥ 1, where memory suffices; see {@link defaultWorkers}. */
  readonly workers: number;
  /** Bytes that the process may come to occupy; most of what is left to it where left out. */
  readonly memoryBytes?: number;
  /** Told where memory does not suffice for all workers. */
  readonly onNotice?: (text: string) => void;
}

/** Workers that segment patches with one model and one set of settings. */
export interface Segmenter {
  /** Workers that are there now: one at first where memory is short, see GrowingPool. */
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

/** Workers that suit this machine where memory suffices: one a core; on a GPU one, which it is shared with by none. */
export function defaultWorkers(provider: Provider = "cpu"): number {
  return provider === "cpu" ? availableParallelism() : 1;
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
  { settings, workers, memoryBytes, onNotice }: SegmenterOptions,
  worker: URL,
): Promise<Segmenter> {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new MicrotomeError("usage", `found ${workers} workers, expected a whole number ≥ 1`, {
      workers,
    });
  }
  const pool = await GrowingPool.start({
    worker,
    workerData: settings,
    model: settings.model,
    wanted: workers,
    ...(memoryBytes === undefined ? {} : { budget: memoryBytes }),
    ...(onNotice === undefined ? {} : { onNotice }),
  });
  const ready = await runTask<ReadyResult>(pool, { kind: "ready" });
  if (!ready.ok) {
    await pool.destroy();
    throw rebuildError(ready.error);
  }
  let closed = false;

  return {
    get workers() {
      return pool.workers;
    },
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
  pool: GrowingPool,
  task: WorkerTask,
  transferList: ArrayBuffer[] = [],
): Promise<T | { readonly ok: false; readonly error: ReturnType<typeof workerDeath> }> {
  try {
    return await pool.run<T>(task, transferList, hasEncoded);
  } catch (error) {
    return { ok: false, error: workerDeath(task, error) };
  }
}

/** A patch without tissue costs nothing and tells nothing of what a patch takes. */
function hasEncoded(answer: SegmentResult | ReadyResult): boolean {
  return answer.ok && "ms" in answer && answer.ms.encode > 0;
}

function workerDeath(task: WorkerTask, error: unknown) {
  const reason = error instanceof Error ? error.message : String(error);
  const what = task.kind === "segment" ? `patch ${task.job.patchId}` : "opening the model";
  return {
    code: "patch-failed",
    message: `${what}: the worker ended (${reason}); it may have run out of memory: try fewer workers, or less --memory`,
    fields: task.kind === "segment" ? { patch: task.job.patchId } : {},
  } as const;
}
