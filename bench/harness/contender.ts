import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";

/** How a contender's process is started. */
export interface ContenderCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What every answer of a contender carries beside its own fields. */
export interface Answer {
  /** Seconds that the job took, by the contender's own clock. */
  readonly seconds: number;
  /** Processor seconds of all its threads. */
  readonly cpuSeconds: number;
  /** The process's peak resident memory so far, MiB. */
  readonly peakMiB: number;
}

/**
 * A contender in a process of its own: a job a line in, an answer a line out, both JSON.
 *
 * Its own process gives it its own memory peak and keeps one library's threads from another's. It
 * greets with `{"version": …}` when it is ready, and answers a failed job with `{"error": …}`.
 */
export class Contender {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;
  #version = "";

  private constructor(how: ContenderCommand) {
    this.name = how.name;
    this.#child = spawn(how.command, how.args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...how.env },
    });
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Starts a contender and waits for its greeting. Throws an Error with what it said instead. */
  static async start(how: ContenderCommand): Promise<Contender> {
    const contender = new Contender(how);
    const failed = new Promise<never>((_, reject) => {
      contender.#child.once("error", (cause) => reject(new Error(`${how.name}: ${cause.message}`)));
    });
    const greeting = contender.#receive<{ readonly version: string }>();
    contender.#version = (await Promise.race([greeting, failed])).version;
    return contender;
  }

  /** What the contender says it is, e.g. "4.0.1". */
  get version(): string {
    return this.#version;
  }

  /** Has a job done. Throws an Error where the contender could not. */
  async ask<T>(job: unknown): Promise<T & Answer> {
    this.#child.stdin!.write(`${JSON.stringify(job)}\n`);
    return this.#receive<T & Answer>();
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin!.end();
    await gone;
    this.#reader.close();
  }

  async #receive<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended without an answer`);
    const answer = JSON.parse(value) as T & { readonly error?: string };
    if (answer.error) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }
}
