import { type FileHandle, open, stat } from "node:fs/promises";
import { CorruptSlideError, MicrotomeError, UnsupportedSlideError } from "../errors.ts";

/** How a fetch may be called off. */
export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Where a slide's bytes come from: the only way any format reads. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  /** Bytes in all. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`. Throws CorruptSlideError beyond the end. */
  fetch(offset: number, length: number, options?: FetchOptions): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Throws CorruptSlideError unless the range lies in the source. */
export function requireRange(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
): void {
  const end = offset + length;
  if (offset >= 0 && length >= 0 && Number.isSafeInteger(end) && end <= source.size) return;
  throw new CorruptSlideError(
    `${source.path} is damaged or cut short: ${what} needs bytes ${offset} to ${end}, but the file has ${source.size}; copy it again from where it came from.`,
    { path: source.path, offset, length, size: source.size },
  );
}

class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;
  #closed = false;

  constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  async fetch(offset: number, length: number, options: FetchOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    requireRange(this, offset, length, "a read");
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) {
        throw new CorruptSlideError(
          `${this.path} became shorter while it was read: byte ${offset + done} is gone.`,
          { path: this.path, offset: offset + done, size: this.size },
        );
      }
      done += bytesRead;
    }
    options.signal?.throwIfAborted();
    return bytes;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Opens a file for reading. Throws `input-not-found`, or UnsupportedSlideError for a folder or an empty file. */
export async function openFileSource(path: string): Promise<ByteSource> {
  // A FIFO would block open() for ever: look first.
  const facts = await stat(path).catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  if (!facts.isFile()) {
    throw new UnsupportedSlideError(
      `${path} is ${facts.isDirectory() ? "a folder" : "not a regular file"}; expected one slide file.`,
      { path },
    );
  }
  if (facts.size === 0) {
    throw new UnsupportedSlideError(
      `${path} is empty (0 bytes); expected a slide: copy it again from where it came from.`,
      { path, size: 0 },
    );
  }
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw notReadable(path, cause);
  });
  return new FileSource(path, facts.size, handle);
}

function notReadable(path: string, cause: unknown): MicrotomeError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
  return new MicrotomeError(
    "input-not-found",
    `${path} ${why}; give the path of a slide file.`,
    { path },
    cause,
  );
}
