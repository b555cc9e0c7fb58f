import { type FileHandle, open } from "node:fs/promises";
import { type ErrorRecord, MicrotomeError } from "../errors.ts";
import type { PatchMask } from "../segment/mask.ts";
import { encodeLine, type LedgerEntry, packEntry, parseLine, unpackEntry } from "./ledger-line.ts";

interface Slot {
  readonly offset: number;
  readonly length: number;
  readonly ok: boolean;
  readonly masks: number;
  readonly prompts: number;
}

const READ_CHUNK = 4 * 1024 * 1024;
const SYNC_AFTER_MS = 2000;

/**
 * The append-only record of a run's patches: one line a patch, `crc32 json`.
 *
 * Opening it again keeps every whole line and cuts the file where a crash tore it, so what was
 * written before a kill is never lost and never half-read. Only line positions are held in memory;
 * masks are read back one patch at a time. The first line is a header with the run's key.
 */
export class Ledger {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #slots = new Map<number, Slot>();
  #end: number;
  #lastSync = Date.now();
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, path: string, end: number) {
    this.#file = file;
    this.#path = path;
    this.#end = end;
  }

  /** Starts an empty ledger for a run key, replacing what was there. */
  static async create(path: string, key: string): Promise<Ledger> {
    const ledger = new Ledger(await open(path, "w+"), path, 0);
    await ledger.#writeLine(JSON.stringify({ format: 1, key }));
    return ledger;
  }

  /**
   * Opens the ledger of an earlier run, or null when there is none for this key: the file is
   * absent, its header is torn, or it belongs to other parameters.
   */
  static async resume(path: string, key: string): Promise<Ledger | null> {
    let file: FileHandle;
    try {
      file = await open(path, "r+");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    const ledger = new Ledger(file, path, 0);
    let isOurs = false;
    try {
      isOurs = await ledger.#scan(key);
    } finally {
      if (!isOurs) await file.close();
    }
    return isOurs ? ledger : null;
  }

  /** Whether a ledger holds more than its header, whoever's run it is. */
  static async hasPatches(path: string): Promise<boolean> {
    const file = await open(path, "r").catch(() => null);
    if (!file) return false;
    try {
      const head = Buffer.alloc(1024);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const newline = head.subarray(0, bytesRead).indexOf(10);
      return newline >= 0 && newline + 1 < (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  /** Patches that are settled; a failed one counts only until it is tried again. */
  has(patch: number): boolean {
    return this.#slots.get(patch)?.ok === true;
  }

  /** Patches recorded as done and as failed, masks and prompts in all. */
  get counts(): {
    readonly done: number;
    readonly failed: number;
    readonly masks: number;
    readonly prompts: number;
  } {
    let [done, failed, masks, prompts] = [0, 0, 0, 0];
    for (const slot of this.#slots.values()) {
      if (slot.ok) done++;
      else failed++;
      masks += slot.masks;
      prompts += slot.prompts;
    }
    return { done, failed, masks, prompts };
  }

  /** Records a patch; the latest record of a patch is the one that counts. */
  async append(entry: LedgerEntry): Promise<void> {
    const json = packEntry(entry);
    const work = this.#writing.then(async () => {
      const slot = await this.#writeLine(json);
      const masks = entry.ok ? entry.masks.length : 0;
      const prompts = entry.ok ? entry.prompts : 0;
      this.#slots.set(entry.patch, { ...slot, ok: entry.ok, masks, prompts });
      if (Date.now() - this.#lastSync > SYNC_AFTER_MS) {
        await this.#file.datasync();
        this.#lastSync = Date.now();
      }
    });
    this.#writing = work.catch(() => undefined);
    await work;
  }

  /** The masks of a patch, patch px; none for a patch that failed or was not recorded. */
  async masksOf(patch: number): Promise<readonly PatchMask[]> {
    const entry = await this.#read(patch);
    return entry?.ok ? entry.masks : [];
  }

  /** Every failure on record, in patch order. */
  async failures(): Promise<readonly { readonly patch: number; readonly error: ErrorRecord }[]> {
    const failed = [...this.#slots].filter(([, slot]) => !slot.ok).map(([patch]) => patch);
    const found: { patch: number; error: ErrorRecord }[] = [];
    for (const patch of failed.sort((a, b) => a - b)) {
      const entry = await this.#read(patch);
      if (entry && !entry.ok) found.push({ patch, error: entry.error });
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file.datasync();
    await this.#file.close();
  }

  async #writeLine(json: string): Promise<{ offset: number; length: number }> {
    const line = encodeLine(json);
    const offset = this.#end;
    try {
      for (let done = 0; done < line.length; ) {
        // A nearly full disk takes less than it is given.
        const rest = line.length - done;
        const { bytesWritten } = await this.#file.write(line, done, rest, offset + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw new MicrotomeError(
        "output-unwritable",
        `cannot write to ${this.#path}: ${(error as Error).message}; what was done is kept: make room and use --resume.`,
        { path: this.#path },
        error,
      );
    }
    this.#end += line.length;
    return { offset, length: line.length };
  }

  async #read(patch: number): Promise<LedgerEntry | null> {
    const slot = this.#slots.get(patch);
    if (!slot) return null;
    const line = Buffer.alloc(slot.length);
    await this.#file.read(line, 0, slot.length, slot.offset);
    const entry = parseLine(line.subarray(0, slot.length - 1));
    if (!entry || !("patch" in entry)) {
      throw new MicrotomeError(
        "corrupt-file",
        `${this.#path}: the record of patch ${patch} no longer matches its checksum; the disk or another program changed it. Start the run again with --overwrite.`,
        { file: this.#path, patch },
      );
    }
    return unpackEntry(entry);
  }

  /** Reads line by line, keeps positions, and cuts the file after the last whole line. */
  async #scan(key: string): Promise<boolean> {
    let carry: Buffer = Buffer.alloc(0);
    let position = 0;
    let first = true;
    const chunk = Buffer.alloc(READ_CHUNK);
    for (;;) {
      const { bytesRead } = await this.#file.read(chunk, 0, READ_CHUNK, position + carry.length);
      if (bytesRead === 0) break;
      const data = Buffer.concat([carry, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (;;) {
        const newline = data.indexOf(10, start);
        if (newline < 0) break;
        const record = parseLine(data.subarray(start, newline));
        if (!record) return this.#cut(position + start, !first);
        if (first) {
          if (!("key" in record) || record.key !== key) return false;
          first = false;
        } else if ("patch" in record) {
          const length = newline + 1 - start;
          const ok = "masks" in record;
          const masks = "masks" in record ? record.masks.length : 0;
          const prompts = "masks" in record ? record.prompts : 0;
          this.#slots.set(record.patch, { offset: position + start, length, ok, masks, prompts });
        }
        start = newline + 1;
      }
      position += start;
      carry = Buffer.from(data.subarray(start));
    }
    return this.#cut(position, !first);
  }

  async #cut(end: number, hasHeader: boolean): Promise<boolean> {
    if (!hasHeader) return false;
    await this.#file.truncate(end);
    this.#end = end;
    return true;
  }
}
