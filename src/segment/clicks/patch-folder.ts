import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KeptPatch, openKeptPatch } from "./kept-patch.ts";

const ENDING = ".mtpatch";
const OWN = /^[0-9a-f]{64}\.mtpatch$/;
/** What a process that was ended may have left half written. */
const UNFINISHED = /^[0-9a-f]{64}\.[0-9a-f]{16}\.part$/;
/** No model's patch is larger, bytes: SAM's of 1024² px take 7 to 20 MiB. What is, was put there by someone else. */
const MOST_PATCH = 256 * 2 ** 20;
const ABANDONED_MS = 60_000;

/**
 * Kept patches in a folder of at most `limit` bytes: the least recently used go first. Any number of
 * processes may share it. Files whose names are not its own are left alone.
 *
 * Nothing depends on it: what cannot be read or written is as if it were not there. Files are for
 * their owner alone, as a patch shows a part of somebody's slide.
 */
export class PatchFolder {
  readonly #folder: string;
  readonly #limit: number;

  /** `limit` in bytes. */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** The patch under `key` (64 hex digits), or null; a file that is not whole is taken away. */
  async get(key: string): Promise<KeptPatch | null> {
    const path = join(this.#folder, key + ENDING);
    const bytes = await readAtMost(path, Math.min(MOST_PATCH, this.#limit));
    if (bytes === null) return null;
    const patch = openKeptPatch(key, bytes);
    const now = new Date();
    // By this time the oldest are found.
    await (patch ? utimes(path, now, now) : rm(path, { force: true })).catch(() => {});
    return patch;
  }

  /** Stores a patch: whole or not at all. */
  async put(key: string, { data }: KeptPatch): Promise<void> {
    if (data.byteLength > Math.min(MOST_PATCH, this.#limit)) return;
    const part = join(this.#folder, `${key}.${randomBytes(8).toString("hex")}.part`);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(part, data, { flag: "wx", mode: 0o600 });
      await rename(part, join(this.#folder, key + ENDING));
      await this.#makeRoom();
    } catch {
      await rm(part, { force: true }).catch(() => {});
    }
  }

  /** Forgets a patch that turned out to be of no use. */
  async drop(key: string): Promise<void> {
    await rm(join(this.#folder, key + ENDING), { force: true }).catch(() => {});
  }

  async #makeRoom(): Promise<void> {
    const names = await readdir(this.#folder);
    const files: { readonly path: string; readonly bytes: number; readonly used: number }[] = [];
    for (const name of names) {
      const path = join(this.#folder, name);
      const info =
        OWN.test(name) || UNFINISHED.test(name) ? await stat(path).catch(() => null) : null;
      if (!info?.isFile()) continue;
      if (OWN.test(name)) files.push({ path, bytes: info.size, used: info.mtimeMs });
      else if (Date.now() - info.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files.sort((a, b) => a.used - b.used)) {
      if (bytes <= this.#limit) return;
      await rm(file.path, { force: true });
      bytes -= file.bytes;
    }
  }
}

/** A regular file of at most `most` bytes, or null. */
async function readAtMost(path: string, most: number): Promise<Buffer | null> {
  // Without waiting: a pipe of that name would be opened only once somebody writes to it.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch(() => null);
  if (file === null) return null;
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size > most) return null;
    return await file.readFile();
  } catch {
    return null;
  } finally {
    await file.close();
  }
}
