import { access, stat } from "node:fs/promises";
import type { ModelSpec } from "./model.ts";

/** Share of the memory that is left which a run may take unasked: other programs want some too. */
const SHARE = 0.8;
/** What a worker may take beyond its weights before it is measured, bytes: generous, so that what fits surely fits. */
const GENEROUS_BYTES = 2 ** 30;
/** Weights may be held several times: as read, and as packed for the processor. */
const GENEROUS_COPIES = 4;

/**
 * Bytes that this process may come to occupy: what it does already, and most of what is left to it. A container's limit
 * counts, which the machine's own memory ignores.
 */
export function memoryBudget(): number {
  return process.memoryUsage.rss() + SHARE * process.availableMemory();
}

/** The file beside an ONNX graph that holds its weights, or null where they are in the graph itself. */
export async function externalWeights(path: string): Promise<string | null> {
  // As torch.onnx, onnx.save_model, optimum and transformers.js name them.
  for (const file of [`${path}.data`, `${path}_data`, path.replace(/\.onnx$/i, ".data")]) {
    if (file === path) continue;
    const there = await access(file).then(
      () => true,
      () => false,
    );
    if (there) return file;
  }
  return null;
}

/** What a worker of a model may take, bytes, and how much of it every further one shares. */
export interface WorkerNeed {
  readonly generous: number;
  readonly shared: number;
}

/** A guess at what a worker of a model takes, from its files alone. */
export async function guessNeed({ files }: Pick<ModelSpec, "files">): Promise<WorkerNeed> {
  const outside = await externalWeights(files.encoder.path);
  const shared = outside === null ? 0 : (await stat(outside)).size;
  const weights = files.encoder.bytes + files.decoder.bytes + shared;
  return { generous: GENEROUS_BYTES + GENEROUS_COPIES * weights, shared };
}

/** What the first worker showed of a run's memory, bytes. */
export interface MeasuredNeed {
  readonly budget: number;
  /** What the process occupied at most while the first worker segmented its first patch. */
  readonly peak: number;
  /** How much of that came with the worker. */
  readonly growth: number;
  /** How much of that a further worker does not take again. */
  readonly shared: number;
}

/** How many workers fit, 1 to `wanted`, and what each takes beyond the first. */
export function workersThatFit(
  wanted: number,
  { budget, peak, growth, shared }: MeasuredNeed,
): { readonly workers: number; readonly each: number } {
  // Measured in the middle of other work: a quarter is a floor against a lucky moment.
  const each = Math.max(growth - shared, growth / 4, 1);
  const room = Math.floor((budget - peak) / each);
  return { workers: 1 + Math.max(0, Math.min(wanted - 1, room)), each };
}

/** Watches what the process occupies. */
export class MemoryWatch {
  readonly #before = process.memoryUsage.rss();
  #peak = this.#before;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), 20);
    this.#timer.unref();
  }

  /** The most it occupied since the watch began, and how much more that is than then; bytes. */
  stop(): { readonly peak: number; readonly growth: number } {
    this.#look();
    clearInterval(this.#timer);
    return { peak: this.#peak, growth: this.#peak - this.#before };
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss());
  }
}
