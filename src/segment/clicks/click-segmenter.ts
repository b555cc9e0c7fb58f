import type { Piscina } from "piscina";
import { PatchFailedError } from "../../errors.ts";
import type { Box } from "../../geometry.ts";
import type { RgbImage } from "../../tiler/slide.ts";
import { workerFile } from "../../worker-thread.ts";
import { requireAnswerable } from "../check-prompts.ts";
import type { PromptAbilities } from "../contracts/adapter.ts";
import type { PatchMask } from "../mask.ts";
import type { ModelSpec } from "../model.ts";
import { rebuildError } from "../model-errors.ts";
import { startPool } from "../pool.ts";
import type { Prompt } from "../prompt.ts";
import { ownBuffer } from "../segmenter.ts";
import type { ClickReply, ClickResults, ClickSettings, ClickTask } from "./click-protocol.ts";
import { SharedQueue } from "./shared-queue.ts";

/** Patches that wait to be encoded ahead of a click. */
const MOST_AHEAD = 4;

/** A patch that can be clicked on. */
export interface ClickPatch {
  /** 64 hex digits that name the patch and everything that decides its embedding. */
  readonly key: string;
  /** The part of the patch that holds slide pixels, patch px. */
  readonly valid: Box;
  /** Its pixels; asked for only where the patch is not kept. */
  read(signal: AbortSignal): Promise<RgbImage>;
}

/** The masks that a click gives, and what it cost. */
export interface ClickAnswer {
  /** Best predicted IoU first. */
  readonly masks: readonly PatchMask[];
  /** True where the patch had been encoded before. */
  readonly warm: boolean;
  /** Milliseconds; `wait` for others' patches and for the worker. */
  readonly ms: {
    readonly wait: number;
    readonly read: number;
    readonly encode: number;
    readonly decode: number;
  };
}

/** What encoding a patch cost, ms. */
type Spent = Pick<ClickAnswer["ms"], "read" | "encode">;

/**
 * One model in a thread of its own that answers clicks. Patches are encoded one after the other, those
 * that someone waits for first, and kept: a click on a kept patch costs one call of the decoder.
 */
export class ClickSegmenter {
  readonly takes: PromptAbilities;
  /** False where the model's input has one size: the side of a patch does not change what encoding costs. */
  readonly anySize: boolean;
  readonly #model: ModelSpec;
  readonly #pool: Piscina;
  readonly #queue = new SharedQueue<Spent>(MOST_AHEAD);

  private constructor(model: ModelSpec, pool: Piscina, { takes, anySize }: ClickResults["ready"]) {
    this.#model = model;
    this.#pool = pool;
    this.takes = takes;
    this.anySize = anySize;
  }

  /** Starts the thread and waits until the model is open. Throws what opening it throws. */
  static async open(settings: ClickSettings): Promise<ClickSegmenter> {
    const worker = workerFile(import.meta.url, "click-worker");
    const pool = startPool({ worker, workers: 1, workerData: settings, awake: true });
    try {
      return new ClickSegmenter(settings.model, pool, await ask(pool, { kind: "ready" }));
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  /**
   * Every mask that the model has for a prompt (patch px). Throws MicrotomeError `usage` for a prompt that the model does not
   * take, `interrupted` on abort, and what reading throws.
   */
  async answer(patch: ClickPatch, prompt: Prompt, signal?: AbortSignal): Promise<ClickAnswer> {
    const started = performance.now();
    // Before anything is read or encoded for it.
    requireAnswerable(this.#model, this.takes, [prompt]);
    const prompts = { kind: "given", prompts: [prompt], masks: "all" } as const;
    const task: ClickTask = { kind: "answer", key: patch.key, valid: patch.valid, prompts };
    let answer: ClickResults["answer"] = await ask(this.#pool, task);
    const warm = answer.masks !== null;
    let spent: Spent = { read: 0, encode: 0 };
    if (!warm) {
      spent = await this.#embed(patch, true, signal);
      answer = await ask(this.#pool, task);
    }
    if (answer.masks === null) {
      throw new PatchFailedError(
        "the patch was encoded but could not be kept until it was asked: too many clicks at once; click again",
      );
    }
    const masks = [...answer.masks].sort((a, b) => b.predictedIou - a.predictedIou);
    const decode = answer.ms.decode + answer.ms.post;
    const total = performance.now() - started;
    const wait = Math.max(0, total - spent.read - spent.encode - decode);
    return { masks, warm, ms: { wait, ...spent, decode } };
  }

  /**
   * Encodes a patch ahead of a click, when nothing more urgent is to be done; true where it had been
   * encoded before. Throws MicrotomeError `interrupted` on abort or where newer work took its place.
   */
  async prepare(patch: ClickPatch, signal?: AbortSignal): Promise<boolean> {
    const { found } = await ask(this.#pool, { kind: "find", key: patch.key });
    if (!found) await this.#embed(patch, false, signal);
    return found;
  }

  /** Ends the thread; what is asked then fails. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #embed(
    patch: ClickPatch,
    urgent: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Spent> {
    const { key, valid } = patch;
    const work = async (stop: AbortSignal) => {
      // Who went away while it was being encoded may have left it kept.
      const { found } = await ask(this.#pool, { kind: "find", key });
      if (found) return { read: 0, encode: 0 };
      const started = performance.now();
      const image = await patch.read(stop);
      stop.throwIfAborted();
      const read = performance.now() - started;
      const data = ownBuffer(image.data);
      const task: ClickTask = { kind: "embed", key, valid, image: { ...image, data } };
      const { ms } = await ask(this.#pool, task, [data.buffer]);
      return { read, encode: ms };
    };
    return await this.#queue.run(key, work, { urgent, signal });
  }
}

/** Has a task done. Throws the error that the worker answered, PatchFailedError where it died. */
async function ask<T extends ClickTask>(
  pool: Piscina,
  task: T,
  transferList: ArrayBuffer[] = [],
): Promise<ClickResults[T["kind"]]> {
  let reply: ClickReply<T["kind"]>;
  try {
    reply = await pool.run(task, { transferList });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PatchFailedError(
      `the click's worker ended (${reason}); it may have run out of memory: click again`,
      {},
      cause,
    );
  }
  if (!reply.ok) throw rebuildError(reply.error);
  return reply.value;
}
