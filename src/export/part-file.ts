import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { unwritable } from "../unwritable.ts";

/** A file under construction that is written at its end, and mended further up. */
export interface PartFile {
  /** Bytes so far. */
  readonly length: number;
  /** Returns where the bytes now lie. */
  append(bytes: Uint8Array): Promise<number>;
  /** Overwrites bytes that are there. */
  patch(bytes: Uint8Array, at: number): Promise<void>;
}

/** Small pieces are gathered to about this many bytes. */
const GATHER = 1 << 20;

/**
 * Lets `write` fill a file that appears under its name only when it is complete.
 *
 * Meanwhile it is `<path>.part`, which is gone again where `write` fails. Throws MicrotomeError
 * `output-unwritable`; what else `write` throws goes through.
 */
export async function writePart<T>(
  path: string,
  write: (file: PartFile) => Promise<T>,
): Promise<{ readonly bytes: number; readonly result: T }> {
  const part = `${path}.part`;
  const handle = await orUnwritable(path, open(part, "w"));
  try {
    const file = new GatheredFile(handle, path);
    const result = await write(file);
    await file.flush();
    // A rename must not become durable before the bytes it names.
    await orUnwritable(path, handle.sync());
    await handle.close();
    await orUnwritable(path, rename(part, path));
    return { bytes: file.length, result };
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** What a file operation gives, its failure as `output-unwritable`. */
export async function orUnwritable<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw unwritable(path, error);
  }
}

class GatheredFile implements PartFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #waiting: Uint8Array[] = [];
  #gathered = 0;
  #written = 0;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  get length(): number {
    return this.#written + this.#gathered;
  }

  async append(bytes: Uint8Array): Promise<number> {
    const at = this.length;
    this.#waiting.push(bytes);
    this.#gathered += bytes.length;
    if (this.#gathered >= GATHER) await this.flush();
    return at;
  }

  async patch(bytes: Uint8Array, at: number): Promise<void> {
    await this.flush();
    await orUnwritable(this.#path, writeAll(this.#handle, bytes, at));
  }

  async flush(): Promise<void> {
    const bytes = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#gathered = 0;
    await orUnwritable(this.#path, writeAll(this.#handle, bytes, this.#written));
    this.#written += bytes.length;
  }
}

/** A write may take fewer bytes than it was given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}
