import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { sha256Of } from "./file-hash.ts";
import { ModelChecksumError, ModelDownloadError } from "./model-errors.ts";

/** A file to bring here, and what is known of it. */
export interface Download {
  readonly url: string;
  /** Where it ends up; its folder is made. */
  readonly path: string;
  /** Hex, or null where nobody verified one. */
  readonly sha256: string | null;
  readonly bytes: number | null;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Told now and then: bytes here, bytes in all where the server says. */
  readonly onProgress?: (done: number, total: number | null) => void;
}

/** A server that says nothing for this long is given up, ms. */
const SILENCE_MS = 60_000;

/**
 * Downloads a file, and goes on where an earlier start ended; returns its SHA-256 and bytes.
 *
 * The bytes go to `<path>.part`; the name is moved over only once size and SHA-256 are right. A part is
 * gone on with only if the server says, by its ETag, that the file is still the same. HTTP(S)_PROXY and
 * NO_PROXY are heeded. Throws ModelDownloadError, ModelChecksumError (the part is then removed), and
 * the signal's reason.
 */
export async function downloadFile(
  file: Download,
  options: DownloadOptions = {},
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const part = `${file.path}.part`;
  await mkdir(dirname(file.path), { recursive: true });
  const agent = new EnvHttpProxyAgent({ headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS });
  try {
    const have = await heldPart(part);
    const response = await request(file, have, agent, options.signal);
    const from = response.status === 206 && have !== null ? have.bytes : 0;
    const tag = response.headers.get("etag");
    if (from === 0) await rm(part, { force: true });
    // A weak or missing tag cannot vouch for a range: such a part starts again.
    if (tag?.startsWith('"')) await writeFile(`${part}.etag`, tag);
    else await rm(`${part}.etag`, { force: true });
    await receive(file, response, part, from, options);
  } finally {
    await agent.close();
  }
  const found = await checkWhole(file, part);
  await rename(part, file.path);
  await rm(`${part}.etag`, { force: true });
  return found;
}

/** What an earlier start left, if the server can be asked to go on from it. */
async function heldPart(
  part: string,
): Promise<{ readonly bytes: number; readonly tag: string } | null> {
  const info = await stat(part).catch(() => null);
  const tag = await readFile(`${part}.etag`, "utf8").catch(() => null);
  return info !== null && info.size > 0 && tag !== null ? { bytes: info.size, tag } : null;
}

async function request(
  { url }: Download,
  have: { readonly bytes: number; readonly tag: string } | null,
  dispatcher: EnvHttpProxyAgent,
  signal: AbortSignal | undefined,
): Promise<Response> {
  // Compressed in transit, sizes and ranges would not be the file's.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (have !== null) {
    headers.range = `bytes=${have.bytes}-`;
    headers["if-range"] = have.tag;
  }
  let response: Response;
  try {
    response = await fetch(url, {
      headers,
      dispatcher,
      redirect: "follow",
      signal: signal ?? null,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ModelDownloadError(
      `${url}: cannot be reached (${reasonOf(cause)}); check the connection, set HTTPS_PROXY if there is a proxy, or fetch the files elsewhere and give their folder with --from`,
      { url },
      cause,
    );
  }
  if (url.startsWith("https:") && !response.url.startsWith("https:")) {
    throw new ModelDownloadError(
      `${url}: was redirected to ${response.url}, which is not https; expected a secure address`,
      { url, found: response.url },
    );
  }
  if (response.status === 416) {
    // The part is longer than the file: it is of another one.
    await response.body?.cancel();
    return await request({ url, path: "", sha256: null, bytes: null }, null, dispatcher, signal);
  }
  const partial = response.status === 206 && have !== null;
  if (response.status === 200 || partial) return response;
  await response.body?.cancel();
  throw new ModelDownloadError(
    `${response.url || url}: the server answered ${response.status} ${response.statusText}, expected the file; the address may have changed: get it from the model's authors and use \`microtome models add\``,
    { url, found: response.status },
  );
}

async function receive(
  file: Download,
  response: Response,
  part: string,
  from: number,
  { signal, onProgress }: DownloadOptions,
): Promise<void> {
  const length = response.headers.get("content-length");
  const total = length === null ? file.bytes : from + Number(length);
  if (file.bytes !== null && total !== null && total !== file.bytes) {
    await response.body?.cancel();
    throw new ModelDownloadError(
      `${file.url}: the server offers ${total} bytes, expected ${file.bytes}; the file has changed or a sign-in page stands in its place`,
      { url: file.url, found: total, expected: file.bytes },
    );
  }
  let done = from;
  // Chunk by chunk: a pipeline would drop what it has not written yet when the connection breaks.
  const handle = await open(part, from > 0 ? "a" : "w");
  try {
    for await (const chunk of response.body ?? []) {
      await handle.appendFile(chunk as Uint8Array);
      done += (chunk as Uint8Array).length;
      onProgress?.(done, total);
      signal?.throwIfAborted();
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ModelDownloadError(
      `${file.url}: the connection ended after ${done}${total === null ? "" : ` of ${total}`} bytes (${reasonOf(cause)}); run the command again to go on from there`,
      { url: file.url, found: done, expected: total },
      cause,
    );
  } finally {
    await handle.close();
  }
}

async function checkWhole(
  file: Download,
  part: string,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const { size } = await stat(part);
  if (file.bytes !== null && size < file.bytes) {
    throw new ModelDownloadError(
      `${file.url}: ${size} bytes came, expected ${file.bytes}; run the command again to go on from there`,
      { url: file.url, found: size, expected: file.bytes },
    );
  }
  const sha256 = await sha256Of(part);
  if (file.sha256 === null || file.sha256 === sha256) return { sha256, bytes: size };
  await rm(part, { force: true });
  await rm(`${part}.etag`, { force: true });
  throw new ModelChecksumError(
    `${file.url}: found SHA-256 ${sha256} (${size} bytes), expected ${file.sha256}; what came was removed: the file at that address is not the one that was checked`,
    { url: file.url, found: sha256, expected: file.sha256 },
  );
}

/** The innermost reason: undici wraps a refused connection twice. */
function reasonOf(error: unknown): string {
  let reason = error instanceof Error ? error.message : String(error);
  for (let at = error; at instanceof Error; at = at.cause) reason = at.message || reason;
  return reason;
}
