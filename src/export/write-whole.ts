import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { MicrotomeError } from "../errors.ts";

/** Text is handed on in pieces of about this many characters. */
const PIECE = 1 << 16;

/**
 * Writes text to a file that appears under its name only when it is complete; returns its bytes.
 *
 * A path that ends in `.gz` is compressed; the gzip header holds no time, so the same text gives
 * the same bytes. The text is written to `<path>.part` meanwhile, as slowly as the disk takes it.
 * Throws MicrotomeError `output-unwritable`; what the text itself throws goes through.
 */
export async function writeWhole(path: string, text: AsyncIterable<string>): Promise<number> {
  const part = `${path}.part`;
  const source = Readable.from(pieces(text), { objectMode: true, highWaterMark: 2 });
  try {
    // flush: a rename must not become durable before the bytes it names.
    const sink = createWriteStream(part, { flush: true });
    if (path.endsWith(".gz")) await pipeline(source, createGzip({ level: 6 }), sink);
    else await pipeline(source, sink);
    await rename(part, path);
    return (await stat(path)).size;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw isFileError(error, part) ? unwritable(path, error) : error;
  }
}

async function* pieces(text: AsyncIterable<string>): AsyncGenerator<Buffer, void, void> {
  let waiting: string[] = [];
  let length = 0;
  for await (const item of text) {
    waiting.push(item);
    length += item.length;
    if (length < PIECE) continue;
    yield Buffer.from(waiting.join(""), "utf8");
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.from(waiting.join(""), "utf8");
}

function isFileError(error: unknown, part: string): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false;
  const { syscall, path } = error as NodeJS.ErrnoException;
  return syscall !== undefined && (path === part || path === undefined);
}

function unwritable(path: string, error: NodeJS.ErrnoException): MicrotomeError {
  return new MicrotomeError(
    "output-unwritable",
    `${path} cannot be written (${error.code ?? error.message}); expected a folder that exists, may be written and has room. Give another path.`,
    { path, reason: error.code ?? error.message },
    error,
  );
}
