import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { startWorker } from "../../worker-thread.ts";

/** How long a thread without work is kept, ms. */
const IDLE_MS = 20_000;

/** Threads that suit decoding beside everything else that runs. */
const DEFAULT_THREADS = Math.max(1, Math.min(4, availableParallelism()));

/** What lanes may be told. */
export interface LaneOptions {
  /** The worker's file: it answers each message with one message. */
  readonly file: URL;
  /** After this long a job counts as hung, ms. */
  readonly deadlineMs: number;
  readonly threads?: number;
  readonly idleMs?: number;
}

/** How a job is handed over. */
export interface RunOptions {
  /** After this long it counts as hung, ms; else the lanes' own deadline. */
  readonly deadlineMs?: number;
  /** Buffers of the job that are given away. */
  readonly transfer?: readonly ArrayBuffer[];
}

interface Waiting<Job, Answer> {
  readonly job: Job;
  readonly options: RunOptions;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * A few worker threads for work on bytes that nobody vouches for.
 *
 * A thread starts when there is work and ends when there is none for a while; it keeps the process
 * alive only while it works. One that dies, exceeds its deadline or says that it is spent is ended and
 * replaced; the job that it had fails, the others do not notice.
 */
export class WorkerLanes<Job, Answer extends { readonly spent: boolean }> {
  readonly #options: LaneOptions;
  readonly #threads: number;
  readonly #waiting: Waiting<Job, Answer>[] = [];
  readonly #idle: { readonly worker: Worker; readonly forget: () => void }[] = [];
  #busy = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#threads = options.threads ?? DEFAULT_THREADS;
  }

  /** Threads that exist now, at work or idle. */
  get threads(): number {
    return this.#busy + this.#idle.length;
  }

  /** Hands a job to a thread, when one is free. Throws a plain Error where the thread died or hung. */
  run(job: Job, options: RunOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, options, resolve, reject });
      this.#next();
    });
  }

  /** Ends the idle threads; those at work end with their job's answer, and new work starts new ones. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.#idle].map(({ worker, forget }) => {
        forget();
        return end(worker);
      }),
    );
  }

  #next(): void {
    if (this.#busy >= this.#threads) return;
    const waiting = this.#waiting.shift();
    if (!waiting) return;
    const idle = this.#idle.at(-1);
    idle?.forget();
    let worker: Worker;
    try {
      worker = idle?.worker ?? startWorker(this.#options.file);
    } catch (cause) {
      waiting.reject(new Error("no decoding thread could be started", { cause }));
      this.#next();
      return;
    }
    this.#busy++;
    this.#work(worker, waiting);
  }

  #work(worker: Worker, { job, options, resolve, reject }: Waiting<Job, Answer>): void {
    const { deadlineMs = this.#options.deadlineMs, transfer = [] } = options;
    const finish = (keep: boolean): void => {
      clearTimeout(timer);
      worker.off("message", answered).off("error", failed).off("exit", ended);
      this.#busy--;
      if (keep) this.#rest(worker);
      else end(worker);
      this.#next();
    };
    const fail = (why: string): void => {
      finish(false);
      reject(new Error(why));
    };
    const answered = (answer: Answer): void => {
      finish(!answer.spent);
      resolve(answer);
    };
    const failed = (error: Error): void => fail(`the decoding thread failed: ${error.message}`);
    const ended = (code: number): void => fail(`the decoding thread ended with status ${code}`);
    const timer = setTimeout(() => {
      fail(`decoding it took longer than ${Math.round(deadlineMs / 1000)} s`);
    }, deadlineMs);
    worker.on("message", answered).on("error", failed).on("exit", ended);
    worker.ref();
    worker.postMessage(job, [...transfer]);
  }

  #rest(worker: Worker): void {
    const forget = (): void => {
      clearTimeout(timer);
      worker.off("error", forget).off("exit", forget);
      this.#idle.splice(this.#idle.indexOf(idle), 1);
    };
    const timer = setTimeout(() => {
      forget();
      end(worker);
    }, this.#options.idleMs ?? IDLE_MS);
    const idle = { worker, forget };
    this.#idle.push(idle);
    timer.unref();
    worker.unref();
    worker.on("error", forget).on("exit", forget);
  }
}

function end(worker: Worker): Promise<number> {
  // What a dying thread still has to say concerns nobody.
  worker.on("error", () => {});
  worker.unref();
  return worker.terminate();
}
