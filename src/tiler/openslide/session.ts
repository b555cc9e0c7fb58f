import { CorruptSlideError, type MicrotomeError } from "../../errors.ts";
import { Child, ChildGone } from "./child-process.ts";
import type { OpenSlideAnswer, OpenSlideFacts, OpenSlideRequest } from "./protocol.ts";

/** How a session's process is started and how long it is waited for. */
export interface SessionOptions {
  readonly script: URL;
  /** A request that takes longer ends the process, ms. */
  readonly timeoutMs: number;
  readonly cacheBytes: number;
}

/** Regions read at once: one is decoded while another is turned to RGB and sent. */
const IN_FLIGHT = 2;

/** A slide that has ended this many processes is given up. */
const MOST_ENDED = 4;

type ReadRequest = Extract<OpenSlideRequest, { readonly kind: "read" }>;

interface PendingRead {
  readonly request: ReadRequest;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  /** Another read was in flight with it: a failure may be the other's. */
  shared: boolean;
  /** Is to run by itself, so that a failure is its own. */
  alone: boolean;
}

/**
 * One slide open in a process of its own, started again when it ends.
 *
 * A read that fails beside another is done once more by itself: so only the region at fault is lost.
 */
export class OpenSlideSession {
  readonly path: string;
  readonly #options: SessionOptions;
  readonly #queue: PendingRead[] = [];
  readonly #running = new Set<PendingRead>();
  #child: Child;
  #restarting: Promise<Child> | null = null;
  #ended = 0;
  #closed = false;

  private constructor(path: string, options: SessionOptions) {
    this.path = path;
    this.#options = options;
    this.#child = new Child(options.script);
  }

  /** Opens a slide: the session and what the slide is, or why not (the process has then ended). */
  static async open(
    path: string,
    options: SessionOptions,
  ): Promise<
    | { readonly session: OpenSlideSession; readonly facts: OpenSlideFacts }
    | { readonly session: null; readonly refusal: Extract<OpenSlideAnswer, { readonly ok: false }> }
  > {
    const session = new OpenSlideSession(path, options);
    const answer = await session.#askToOpen().catch((error: unknown) => error);
    if (isAnswer(answer) && answer.ok && answer.kind === "facts") {
      return { session, facts: answer.facts };
    }
    await session.close();
    if (isAnswer(answer) && !answer.ok) return { session: null, refusal: answer };
    throw session.#explain(answer, "open it");
  }

  /** RGB of a region. Throws CorruptSlideError. */
  read(request: ReadRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject, shared: false, alone: false });
      this.#startReads();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#restarting?.catch(() => null);
    await this.#child.end();
  }

  #startReads(): void {
    for (;;) {
      const next = this.#queue[0];
      const others = this.#running.size;
      const full = next?.alone ? others > 0 : others >= IN_FLIGHT;
      if (!next || full || [...this.#running].some((read) => read.alone)) return;
      this.#queue.shift();
      this.#running.add(next);
      if (others > 0) for (const read of this.#running) read.shared = true;
      void this.#run(next).finally(() => {
        this.#running.delete(next);
        this.#startReads();
      });
    }
  }

  async #run(read: PendingRead): Promise<void> {
    try {
      read.resolve(await this.#readOnce(read.request));
    } catch (error) {
      if (read.shared && !read.alone && !this.#closed) {
        read.alone = true;
        this.#queue.unshift(read);
      } else {
        read.reject(error);
      }
    }
  }

  async #readOnce(request: ReadRequest): Promise<Uint8Array> {
    const child = await this.#runningChild();
    const { level, x, y } = request;
    const what = `read level ${level} at ${x},${y}`;
    const answer = await child.ask(request, this.#options.timeoutMs).catch((error: unknown) => {
      throw this.#explain(error, what);
    });
    if (answer.ok && answer.kind === "pixels") return answer.data;
    throw this.#explain(answer.ok ? new Error("no pixels came") : new Error(answer.message), what);
  }

  /** The process, or a new one with the slide open again where the last has ended. */
  async #runningChild(): Promise<Child> {
    if (this.#child.gone === null && !this.#restarting) return this.#child;
    // Both reads in flight see the same end: the first to come starts the one new process.
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = null;
    });
    return this.#restarting;
  }

  async #restart(): Promise<Child> {
    if (!this.#closed) this.#ended++;
    if (this.#closed || this.#ended >= MOST_ENDED) {
      const why = this.#closed ? "was closed" : `has ended ${this.#ended} times and is given up`;
      throw this.#explain(new ChildGone(why), "read it");
    }
    this.#child = new Child(this.#options.script);
    const answer = await this.#askToOpen().catch((error: unknown) => {
      throw this.#explain(error, "open it again");
    });
    if (answer.ok) return this.#child;
    await this.#child.end();
    throw this.#explain(new Error(answer.message), "open it again");
  }

  #askToOpen(): Promise<OpenSlideAnswer> {
    const { cacheBytes, timeoutMs } = this.#options;
    return this.#child.ask({ kind: "open", path: this.path, cacheBytes }, timeoutMs);
  }

  #explain(error: unknown, doing: string): MicrotomeError {
    const why = error instanceof Error ? error.message : String(error);
    return new CorruptSlideError(
      error instanceof ChildGone
        ? `${this.path}: the process in which OpenSlide was to ${doing} ${why}; the file is probably damaged: copy it again from where it came from.`
        : `${this.path}: OpenSlide could not ${doing}: ${why}; copy the file again from where it came from.`,
      { path: this.path },
      error,
    );
  }
}

function isAnswer(value: unknown): value is OpenSlideAnswer {
  return typeof value === "object" && value !== null && "ok" in value;
}
