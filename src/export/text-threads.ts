import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { type ErrorRecord, MicrotomeError } from "../errors.ts";
import type { InstanceSource } from "../store/instance-source.ts";
import { FeatureBytes, type FeatureStyle } from "./feature-bytes.ts";
import { appendStretch, cutStretch, type FeatureText, type Stretch } from "./feature-text.ts";
import { TextBytes } from "./text-bytes.ts";
import { CHUNKS_IN_USE } from "./write-whole.ts";

/** Starts a thread that makes the text of the same objects: it answers {@link ThreadJob}s with {@link ThreadAnswer}s. */
export type StartTextThread = (style: ThreadStyle) => Worker;

/** How a thread writes: what can be sent to it, and labels cannot. */
export type ThreadStyle = Omit<FeatureStyle, "labels">;

/** A stretch whose text is wanted, and memory for it, which is given away. */
export interface ThreadJob extends Stretch {
  readonly buffer: ArrayBuffer;
}

/** That a thread is ready, the text of a stretch in memory that is given away, or why there is none. */
export type ThreadAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "text"; readonly from: number; readonly buffer: ArrayBuffer; length: number }
  | { readonly kind: "error"; readonly error: ErrorRecord };

/** Fewer objects are written before a thread has learnt its work, which takes it half a second. */
const LEAST_OBJECTS = 100_000;
/** Beside this one, which makes text, too. Three make more than most disks take. */
const MOST_THREADS = Math.min(3, availableParallelism() - 1);
/** Stretches a thread has before it: one in the making, one that is being read. */
const JOBS_EACH = 2;
/** Of the source; features are some nine times as long. */
const STRETCH_BYTES = 112 << 10;
const BUFFER_BYTES = 5 << 18;

/** Whether threads are worth their start. */
export function areThreadsWorthwhile({ count, blocks, cuts }: InstanceSource): boolean {
  return count >= LEAST_OBJECTS && blocks !== undefined && cuts !== undefined && MOST_THREADS > 0;
}

interface Lane {
  readonly worker: Worker;
  ready: boolean;
  jobs: number;
}

/**
 * Threads that turn stretches of objects into text, which comes out in the objects' order.
 *
 * What they have no time for is made here, all of it until the first of them is up. Memory holds a bounded number of buffers, which go round. Close it
 * in any case; a thread that fails or dies ends {@link TextThreads.texts} in its error.
 */
export class TextThreads {
  readonly #objects: InstanceSource;
  readonly #features: FeatureBytes;
  readonly #signal: AbortSignal | undefined;
  readonly #lanes: Lane[];
  readonly #texts = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #free: ArrayBuffer[] = [];
  /** Handed on, and not to be written into yet. */
  readonly #lent: ArrayBuffer[] = [];
  #failure: Error | null = null;
  #wake: () => void = () => {};

  constructor(
    objects: InstanceSource,
    style: ThreadStyle,
    start: StartTextThread,
    signal?: AbortSignal,
  ) {
    this.#objects = objects;
    this.#features = new FeatureBytes(style);
    this.#signal = signal;
    this.#lanes = Array.from({ length: MOST_THREADS }, () => this.#start(start(style)));
  }

  /** The text of a stretch, in pieces of which each stays as it is until {@link CHUNKS_IN_USE} more have been asked for. */
  async *texts(stretch: Stretch): AsyncGenerator<FeatureText, void, void> {
    const jobs = cutStretch(this.#objects, stretch, STRETCH_BYTES);
    let given = 0;
    for (const [turn, job] of jobs.entries()) {
      for (;;) {
        if (this.#failure) throw this.#failure;
        if (this.#signal?.aborted) throw new MicrotomeError("interrupted", "stopped while writing");
        while (given < jobs.length && this.#hand(jobs[given]!)) given++;
        if (this.#texts.has(job.from)) break;
        // What is next in turn is always made; what comes later while there is room for it.
        const own = jobs[given];
        if (own && (given === turn || this.#hasRoom)) {
          given++;
          await this.#makeHere(own);
        } else await this.#change();
      }
      const text = this.#texts.get(job.from)!;
      this.#texts.delete(job.from);
      this.#lent.push(text.buffer);
      if (this.#lent.length > CHUNKS_IN_USE) this.#free.push(this.#lent.shift()!);
      yield { text, objects: job.to - job.from };
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#lanes.map(({ worker }) => {
        worker.removeAllListeners();
        // What a dying thread still has to say concerns nobody.
        worker.on("error", () => {});
        return worker.terminate();
      }),
    );
  }

  #start(worker: Worker): Lane {
    const lane: Lane = { worker, ready: false, jobs: 0 };
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    worker.on("message", (answer: ThreadAnswer) => {
      if (answer.kind === "error") fail(asError(answer.error));
      else if (answer.kind === "ready") lane.ready = true;
      else {
        lane.jobs--;
        this.#texts.set(answer.from, new Uint8Array(answer.buffer, 0, answer.length));
      }
      this.#wake();
    });
    worker.on("error", (cause) => {
      fail(
        new Error(`a thread that makes the text of objects failed: ${cause.message}`, { cause }),
      );
    });
    worker.on("exit", (code) => {
      fail(new Error(`a thread that makes the text of objects ended with status ${code}`));
    });
    return lane;
  }

  /** Gives a stretch to the thread that has least to do; false where none may have more. */
  #hand({ from, to }: Stretch): boolean {
    const lane = this.#lanes
      .filter(({ ready, jobs }) => ready && jobs < JOBS_EACH)
      .reduce<Lane | null>((best, one) => (best && best.jobs <= one.jobs ? best : one), null);
    if (!lane || !this.#hasRoom) return false;
    const job: ThreadJob = { from, to, buffer: this.#buffer() };
    lane.jobs++;
    lane.worker.postMessage(job, [job.buffer]);
    return true;
  }

  /** Text that waits for its turn counts, too: a slow disk must not fill the memory. */
  get #hasRoom(): boolean {
    const waiting = this.#lanes.reduce((sum, { jobs }) => sum + jobs, this.#texts.size);
    return waiting < this.#lanes.length * JOBS_EACH + 2;
  }

  async #makeHere(stretch: Stretch): Promise<void> {
    const out = new TextBytes(this.#buffer());
    await appendStretch(this.#objects, stretch, this.#features, out);
    const buffer = out.bytes.buffer as ArrayBuffer;
    this.#texts.set(stretch.from, new Uint8Array(buffer, 0, out.length));
  }

  #buffer(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  }

  /** Something has come from a thread since. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function asError({ code, message, fields }: ErrorRecord): Error {
  return code === "internal" ? new Error(message) : new MicrotomeError(code, message, fields);
}
