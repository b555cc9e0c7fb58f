import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { MicrotomeError } from "../errors.ts";
import { FeatureSplitter } from "./feature-splitter.ts";

/** A value of a GeoJSON file and its position among the features. */
export interface FileFeature {
  /** From 0. */
  readonly index: number;
  readonly value: unknown;
}

/**
 * Reads the features of a GeoJSON file one by one: a FeatureCollection, an array, or a single
 * Feature or bare geometry, plain or gzip (told by its first bytes).
 *
 * Of a key that is there twice, as QuPath writes `metadata`, the last one counts. Memory holds one
 * feature at a time. Throws MicrotomeError `input-not-found` and `corrupt-file`.
 */
export async function* readFeatures(path: string): AsyncGenerator<FileFeature, void, void> {
  const splitter = new FeatureSplitter();
  let index = 0;
  for await (const text of textOf(path)) {
    for (const element of splitter.push(text)) {
      yield { index, value: parse(element, `feature ${index} of ${path}`, path) };
      index++;
    }
  }
  const { shell, complete } = splitter.end();
  if (!complete) {
    throw corrupt(
      path,
      `${path} ${shell.trim() === "" ? "is empty" : "ends in the middle of a value"}; expected GeoJSON. Export it again.`,
    );
  }
  const root = parse(shell, path, path);
  if (Array.isArray(root) || isObject(root, "FeatureCollection")) return;
  yield { index: 0, value: root };
}

function isObject(value: unknown, type: string): boolean {
  return typeof value === "object" && value !== null && (value as { type?: unknown }).type === type;
}

function parse(text: string, what: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw corrupt(
      path,
      `${what} is not JSON (${reason}); expected GeoJSON. Export it again.`,
      error,
    );
  }
}

function corrupt(path: string, message: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError("corrupt-file", message, { path }, cause);
}

/** The text of a GeoJSON file, plain or gzip, in pieces. Throws as {@link readFeatures}. */
export async function* textOf(path: string): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let file: ReadStream | undefined;
  try {
    const packed = await isGzip(path);
    file = createReadStream(path, { highWaterMark: 1 << 18 });
    if (packed) {
      const gunzip = createGunzip();
      // The pipeline's own promise would reject unheard: its error comes out of gunzip as well.
      pipeline(file, gunzip).catch(() => undefined);
      for await (const bytes of gunzip) yield decoder.decode(bytes as Buffer, { stream: true });
    } else {
      for await (const bytes of file) yield decoder.decode(bytes as Buffer, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    throw readingError(path, error);
  } finally {
    file?.destroy();
  }
}

async function isGzip(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function readingError(path: string, error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === "ENOENT" || code === "EISDIR" || code === "EACCES") {
    return new MicrotomeError(
      "input-not-found",
      `${path} cannot be read (${code}); expected a GeoJSON file. Check the path.`,
      { path, reason: code },
      error,
    );
  }
  if (code?.startsWith("Z_") || code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
    const found = code.startsWith("Z_") ? "is a damaged gzip file" : "is not UTF-8 text";
    return corrupt(path, `${path} ${found} (${code}); expected GeoJSON. Export it again.`, error);
  }
  return error;
}
