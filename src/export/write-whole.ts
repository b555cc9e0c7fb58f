import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { unwritable } from "../unwritable.ts";
import { gzipChunks } from "./gzip-chunks.ts";

/**
 * How many chunks are in use at once: who yields them must leave each as it is until so many more
 * have been asked for, and may then write into it again.
 */
export const CHUNKS_IN_USE = 4;

/**
 * Writes bytes to a file that appears under its name only when it is complete; returns its size.
 *
 * A path that ends in `.gz` is compressed (see {@link gzipChunks}): the same chunks give the same
 * bytes. They go to `<path>.part` meanwhile, as fast as the disk takes them: one is written while the
 * next is made. Throws MicrotomeError `output-unwritable`; what the chunks themselves throw goes through.
 */
export async function writeWhole(path: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, "w").catch((error) => {
    throw unwritable(path, error);
  });
  try {
    const writer = new ChunkWriter(file, path);
    for await (const chunk of path.endsWith(".gz") ? gzipChunks(chunks) : chunks) {
      await writer.write(chunk);
    }
    const bytes = await writer.finish();
    await file.close();
    await rename(part, path).catch((error) => {
      throw unwritable(path, error);
    });
    return bytes;
  } catch (error) {
    // Waits for a write or a sync that is still under way.
    await file.close().catch(() => undefined);
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** After so many bytes the disk is set to work: else all of it begins with the sync at the end. */
const SYNC_BYTES = 32 << 20;

/** Writes one chunk while the next is made. */
class ChunkWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  #pending: Promise<unknown> = Promise.resolve();
  #syncing: Promise<unknown> | null = null;
  #syncFailure: unknown = null;
  #bytes = 0;
  #synced = 0;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Returns when the chunk before this one is written. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.#settle();
    this.#bytes += chunk.length;
    this.#pending = this.#file.writeFile(chunk);
    // Heard in #settle; a chunk that cannot be made must not leave it unheard.
    this.#pending.catch(() => undefined);
    if (this.#bytes - this.#synced >= SYNC_BYTES && !this.#syncing) this.#sync();
  }

  /** Returns when everything is on the disk. */
  async finish(): Promise<number> {
    await this.#settle();
    await this.#syncing;
    // A rename must not become durable before the bytes it names.
    this.#pending = this.#file.sync();
    await this.#settle();
    return this.#bytes;
  }

  /** Waits for nothing that is still on its way to the disk, but hears of what failed on it. */
  async #settle(): Promise<void> {
    try {
      await this.#pending;
      if (this.#syncFailure !== null) throw this.#syncFailure;
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  #sync(): void {
    this.#synced = this.#bytes;
    this.#syncing = this.#file.datasync().then(
      () => {
        this.#syncing = null;
      },
      (error) => {
        this.#syncFailure = error;
      },
    );
  }
}
