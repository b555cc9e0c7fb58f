import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { execArgvFor, workerFile } from "../../worker-thread.ts";
import type { Numbered, OpenSlideAnswer, OpenSlideRequest } from "./protocol.ts";

/** The script that holds libopenslide. */
export const OPENSLIDE_SCRIPT: URL = workerFile(import.meta.url, "child");

/** Thrown where the process ended, or was ended, before it answered. */
export class ChildGone extends Error {
  override readonly name = "ChildGone";
}

interface Waiting {
  readonly resolve: (answer: OpenSlideAnswer) => void;
  readonly reject: (error: ChildGone) => void;
  readonly timer: NodeJS.Timeout;
}

/** What the process may write to stderr that is kept for a message, bytes. */
const STDERR_KEPT = 2000;

/** How long after its channel broke a process may take to be seen to end, ms. */
const END_TOLD_WITHIN_MS = 2000;

/**
 * One process that holds libopenslide.
 *
 * Pixels cross as bytes in Node's advanced serialization: 4.7 ms for 1024² RGB, as fast as a bare
 * pipe, beside some 40 ms that OpenSlide takes to read them (two cores, Zen 1).
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #stderr = "";
  #gone: string | null = null;
  #asked = 0;

  constructor(script: URL) {
    this.#process = fork(fileURLToPath(script), {
      execArgv: execArgvFor(script),
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.on("message", ({ id, body }: Numbered<OpenSlideAnswer>) => {
      this.#settle(id)?.resolve(body);
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on("error", (error) => {
        if (this.#process.pid === undefined) {
          this.#lose(`could not be started (${error.message})`);
          resolve();
        } else {
          this.#unreachable(error);
        }
      });
      this.#process.on("close", (status, signal) => {
        this.#lose(signal ? `was ended by ${signal}` : `ended with status ${status}`);
        resolve();
      });
    });
    this.#hold(false);
  }

  /** Why the process answers no more; null while it does. */
  get gone(): string | null {
    return this.#gone;
  }

  /** Asks and waits, `timeoutMs` at most: then the process is ended. Throws ChildGone. */
  ask(body: OpenSlideRequest, timeoutMs: number): Promise<OpenSlideAnswer> {
    if (this.#gone !== null) return Promise.reject(new ChildGone(this.#gone));
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(`did not answer within ${timeoutMs / 1000} s and was ended`);
        this.#process.kill("SIGKILL");
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#hold(true);
      const message: Numbered<OpenSlideRequest> = { id, body };
      this.#process.send(message, (error) => {
        if (error) this.#unreachable(error);
      });
    });
  }

  /** Ends the process, and waits until it has. */
  async end(): Promise<void> {
    this.#lose("was closed");
    this.#process.kill("SIGKILL");
    this.#hold(true);
    await this.#ended;
  }

  /** A broken channel mostly means that the process has ended: how is told a moment later, and says more. */
  #unreachable(error: Error): void {
    const late = setTimeout(() => {
      this.#lose(`could not be reached (${error.message})`);
      this.#process.kill("SIGKILL");
    }, END_TOLD_WITHIN_MS);
    void this.#ended.then(() => clearTimeout(late));
  }

  #lose(why: string): void {
    if (this.#gone !== null) return;
    const said = this.#stderr.trim().split("\n").at(-1);
    this.#gone = said ? `${why}; its last words: ${said}` : why;
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(new ChildGone(this.#gone));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    if (this.#waiting.size === 0) this.#hold(false);
    return waiting;
  }

  /** Whether this program waits for the process to end before it may end itself. */
  #hold(held: boolean): void {
    const { channel, stderr } = this.#process;
    if (held) {
      this.#process.ref();
      channel?.ref?.();
    } else {
      this.#process.unref();
      channel?.unref?.();
    }
    // A pipe of ours, though its type does not say so.
    if (stderr && "unref" in stderr && typeof stderr.unref === "function") stderr.unref();
  }
}
