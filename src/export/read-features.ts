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

/** What else a reader of features wants to know. */
export interface ReadFeaturesOptions {
  /** Hears the other members of the root, the features left empty, once it is read. */
  readonly onRoot?: (root: Readonly<Record<string, unknown>>) => void;
  /**
   * Hears what cannot be read instead of an error that ends the reading: the position of a feature
   * that is not JSON, or null where the file ends early or what is around the features is no JSON.
   */
  readonly onBroken?: (index: number | null, error: MicrotomeError) => void;
}

/**
 * Reads the features of a GeoJSON file one by one: a FeatureCollection, an array, or a single
 * Feature or bare geometry, plain or gzip (told by its first bytes).
 *
 * Of a key that is there twice, as QuPath writes `metadata`, the last one counts. Memory holds one
 * feature at a time, of LONGEST_ELEMENT characters at most. Throws MicrotomeError `input-not-found`
 * and `corrupt-file`.
 */
export async function* readFeatures(
  path: string,
  options: ReadFeaturesOptions = {},
): AsyncGenerator<FileFeature, void, void> {
  const splitter = new FeatureSplitter();
  const broken = (at: number | null, error: unknown): void => {
    const isCorrupt = error instanceof MicrotomeError && error.code === "corrupt-file";
    if (!isCorrupt || options.onBroken === undefined) throw error;
    options.onBroken(at, error);
  };
  let index = 0;
  const texts = textOf(path);
  try {
    for (;;) {
      let elements: string[];
      try {
        const { done, value } = await texts.next();
        if (done) break;
        elements = push(splitter, value, path);
      } catch (error) {
        broken(null, error);
        return;
      }
      for (const element of elements) {
        let value: unknown;
        try {
          value = parse(element, `feature ${index} of ${path}`, path);
        } catch (error) {
          broken(index++, error);
          continue;
        }
        yield { index, value };
        index++;
      }
    }
  } finally {
    await texts.return();
  }
  const { shell, complete, gaps } = splitter.end();
  if (!complete) {
    const found = shell.trim() === "" ? "is empty" : "ends in the middle of a value";
    broken(null, corrupt(path, `${path} ${found}; expected GeoJSON. Export it again.`));
    return;
  }
  if (gaps > 0) {
    const found = `has ${gaps} empty ${gaps === 1 ? "place" : "places"} between commas`;
    broken(null, corrupt(path, `${path} ${found}; expected a feature in each. Export it again.`));
  }
  let root: unknown;
  try {
    root = parse(shell, path, path);
  } catch (error) {
    broken(null, error);
    return;
  }
  if (Array.isArray(root)) return;
  if (isObject(root, "FeatureCollection")) {
    options.onRoot?.(root as Readonly<Record<string, unknown>>);
    return;
  }
  yield { index: 0, value: root };
}

function push(splitter: FeatureSplitter, text: string, path: string): string[] {
  try {
    return splitter.push(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw corrupt(path, `${path}: ${error.message}; expected smaller features. Split them.`, error);
  }
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
    const start = await firstBytes(path);
    if (start.equals(ZIP)) {
      throw corrupt(path, `${path} is a zip archive; expected GeoJSON or gzip. Unpack it first.`);
    }
    const packed = start[0] === 0x1f && start[1] === 0x8b;
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

const ZIP = Buffer.from("PK\x03\x04", "latin1");

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
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
