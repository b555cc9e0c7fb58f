import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Damage } from "./damage.ts";

/** A file to be opened, as it is or in damaged copies. */
export interface Job {
  readonly id: number;
  readonly path: string;
  /** None: the file itself. Truncations last, longest first: a copy is cut ever shorter. */
  readonly damages: readonly Damage[];
  /** The first damage to try: others were tried before a crash. */
  readonly from: number;
}

/** What became of one attempt. */
export interface Result {
  readonly path: string;
  readonly damage: Damage | null;
  /** "pixels", a MicrotomeError's code, "foreign: …", "crash: …" or "hang". */
  readonly outcome: string;
  readonly ms: number;
}

export interface Run {
  readonly results: readonly Result[];
  /** Most memory a child held at once, bytes. */
  readonly peak: number;
}

/** What a child may allocate; where the system has no such limit, its peak is told all the same. */
export const MEMORY_CAP = 2.5 * 2 ** 30;

/**
 * Opens each file, or its damaged copies, in a child process that may allocate MEMORY_CAP and must
 * answer within `patience` ms an attempt. A child that dies or hangs is replaced and goes on
 * behind what killed it.
 */
export async function runJobs(
  files: readonly { readonly path: string; readonly damages: readonly Damage[] }[],
  patience: number,
  each: (result: Result) => void = () => {},
  script = join(import.meta.dirname, "attempt.ts"),
): Promise<Run> {
  const results: Result[] = [];
  let peak = 0;
  let jobs: Job[] = files.map(({ path, damages }, id) => ({
    id,
    path,
    damages: inOrder(damages),
    from: 0,
  }));
  while (jobs.length > 0) {
    const child = startChild(script);
    const over = new Promise<string>((resolve) => {
      child.once("close", (code, signal) => resolve(`crash: ${signal ?? `exit ${code}`}`));
    });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    let current: { id: number; index: number } | null = null;
    let hung = false;
    let timer: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        hung = true;
        child.kill("SIGKILL");
      }, patience);
    };
    const done = (id: number, index: number, outcome: string, ms: number): void => {
      const job = jobs.find((candidate) => candidate.id === id)!;
      const result = { path: job.path, damage: job.damages[index] ?? null, outcome, ms };
      results.push(result);
      each(result);
      const from = index + 1;
      const left = from < job.damages.length ? [{ ...job, from }] : [];
      jobs = [...left, ...jobs.filter((other) => other !== job)];
    };
    child.stdin?.on("error", () => {});
    child.stdin?.end(jobs.map((job) => `${JSON.stringify(job)}\n`).join(""));
    for await (const line of createInterface({ input: child.stdout! })) {
      const said = JSON.parse(line) as {
        id: number;
        index: number;
        outcome?: string;
        ms: number;
        rss: number;
      };
      watch();
      if (said.outcome === undefined) {
        current = said;
        continue;
      }
      peak = Math.max(peak, said.rss * 1024);
      current = null;
      done(said.id, said.index, said.outcome, said.ms);
    }
    const end = await over;
    clearTimeout(timer);
    if (current) done(current.id, current.index, hung ? "hang" : `${end}\n${errors}`, patience);
    else if (jobs.length > 0)
      throw new Error(`the child ended between two attempts (${end})\n${errors}`);
  }
  return { results, peak };
}

function inOrder(damages: readonly Damage[]): Damage[] {
  return [...damages].sort(
    (a, b) => (b.keep ?? Number.POSITIVE_INFINITY) - (a.keep ?? Number.POSITIVE_INFINITY) || 0,
  );
}

function startChild(script: string): ChildProcess {
  const node = [process.execPath, "--max-old-space-size=1024", "--import", "tsx", script];
  if (process.platform !== "linux") return spawn(node[0]!, node.slice(1));
  // RLIMIT_DATA counts what is writable and private, not the address space that V8 and wasm set aside.
  const limit = `ulimit -d ${MEMORY_CAP / 1024}; exec "$@"`;
  return spawn("sh", ["-c", limit, "sh", ...node]);
}

/** Whether an outcome is what a damaged file may end in. */
export function isSound(outcome: string): boolean {
  return /^(pixels|corrupt-slide|unsupported-slide)$/.test(outcome);
}
