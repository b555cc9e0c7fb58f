import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { writeFileAtomically } from "./atomic-write.ts";
import { Ledger } from "./ledger.ts";
import { lockFolder, unlockFolder } from "./run-lock.ts";
import type { RunRecord } from "./run-record.ts";

/** How to treat what an earlier start left in the folder. */
export interface RunFolderOptions {
  /** Go on with an unfinished run of the same key. */
  readonly resume: boolean;
  /** Throw away an unfinished run, or a run of another slide. */
  readonly overwrite: boolean;
  /** Of the slide, see fingerprintFile: two slides of one name must not share a folder. */
  readonly fingerprint: string;
}

/** The folder's name of a slide's run: `<slide stem>.<task>`. */
export function runFolderName(slidePath: string, task: string): string {
  const name = basename(resolve(slidePath));
  // DICOM folders are named by numbers with dots: "1.2.840" ends in no format.
  const ending = /^\.\d+$/.test(extname(name)) ? "" : extname(name);
  // "slide.ome.tif" loses both endings, as people name the slide "slide".
  const stem = name.slice(0, name.length - ending.length).replace(/\.ome$/i, "");
  return `${stem || name}.${task}`;
}

/** The file of a run of given prompts that says what became of each. */
export function promptsFileName(task: string): string {
  return `${task}.prompts.json`;
}

/** SHA-256 of anything plain, keys in the order given: the identity of a run. */
export function runKey(parts: object): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Reads the run.json of a folder, or null where there is none. Throws `corrupt-file`. */
export async function readRunRecord(folder: string): Promise<RunRecord | null> {
  const path = join(folder, "run.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
  try {
    const record: unknown = JSON.parse(text);
    if (isRunRecord(record)) return record;
  } catch {
    // falls through to the same message
  }
  throw new MicrotomeError(
    "corrupt-file",
    `${path} is not a run record of format 1 (found ${text.length} bytes of something else); remove it or choose another --out.`,
    { file: path },
  );
}

function isRunRecord(value: unknown): value is RunRecord {
  const record = value as Partial<RunRecord> | null;
  return (
    record?.format === 1 &&
    // Its beginning becomes part of the names of files: it must not choose another folder.
    typeof record.key === "string" &&
    /^[\w-]+$/.test(record.key) &&
    typeof record.state === "string" &&
    typeof record.task === "string" &&
    typeof record.slide?.name === "string" &&
    typeof record.slide.path === "string" &&
    typeof record.slide.fingerprint === "string" &&
    typeof record.patches?.planned === "number" &&
    Array.isArray(record.files)
  );
}

/** An open run folder: held by one process at a time through its lock file. */
export class RunFolder {
  readonly path: string;
  readonly ledger: Ledger;

  private constructor(path: string, ledger: Ledger) {
    this.path = path;
    this.ledger = ledger;
  }

  /**
   * Opens `<out>/<slide stem>.<task>/` for a run.
   *
   * Throws `output-unwritable` where the folder cannot be written, and `run-mismatch` where another
   * process holds it or an unfinished run would be lost.
   */
  static async open(path: string, key: string, options: RunFolderOptions): Promise<RunFolder> {
    try {
      await makeFolder(path);
      await lockFolder(path);
    } catch (error) {
      if (error instanceof MicrotomeError) throw error;
      throw new MicrotomeError(
        "output-unwritable",
        `cannot write to ${path}: ${(error as Error).message}; choose a folder you may write to with --out.`,
        { path },
        error,
      );
    }
    try {
      const ledgerPath = join(path, "ledger.ndjson");
      const before = await readRunRecord(path);
      if (options.resume) {
        const ledger = await Ledger.resume(ledgerPath, key);
        if (ledger) return new RunFolder(path, ledger);
      }
      if (before && before.slide.fingerprint !== options.fingerprint && !options.overwrite) {
        throw new MicrotomeError(
          "run-mismatch",
          `${path} holds the run of another slide file named ${before.slide.name}; choose another --out, or replace it with --overwrite.`,
          { path, name: before.slide.name },
        );
      }
      // A start that failed before its first patch (a model that is refused) has left nothing to lose.
      const holdsWork = before !== null && (await Ledger.hasPatches(ledgerPath));
      if (holdsWork && !options.overwrite && !(before.state === "done" && before.key === key)) {
        throw wouldLose(path, before, key);
      }
      // Objects of other parameters must not be taken for this run's while it is under way.
      if (before && before.key !== key) {
        for (const file of before.files) await rm(join(path, basename(file)), { force: true });
      }
      return new RunFolder(path, await Ledger.create(ledgerPath, key));
    } catch (error) {
      await unlockFolder(path);
      throw error;
    }
  }

  /** Absolute path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Replaces run.json in one step. */
  async writeRecord(record: RunRecord): Promise<void> {
    await writeFileAtomically(this.file("run.json"), `${JSON.stringify(record, null, 2)}\n`);
  }

  async close(): Promise<void> {
    try {
      await this.ledger.close();
    } finally {
      await unlockFolder(this.path);
    }
  }
}

function wouldLose(path: string, before: RunRecord, key: string): MicrotomeError {
  const finished = before.state === "done";
  const what = finished
    ? "a finished run"
    : `an unfinished run (${before.patches.done} of ${before.patches.planned - before.patches.skipped} patches)`;
  const why =
    before.key === key
      ? "go on with it (--resume)"
      : "its model, version or parameters (in its run.json) are others than these";
  return new MicrotomeError(
    "run-mismatch",
    before.key === key
      ? `${path} holds ${what}; ${why}, replace it (--overwrite), or choose another --out.`
      : `${path} holds ${what}, and ${why}; replace it (--overwrite), or choose another --out.`,
    { path, state: before.state },
  );
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns where a file system
 * answers ENOENT for a folder whose parent exists, as /proc does.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || (await exists(parent))) throw error;
    await makeFolder(parent);
    await mkdir(path);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
