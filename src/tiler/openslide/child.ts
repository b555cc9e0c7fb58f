/**
 * The process that holds libopenslide: a fault of the C library ends it, and not the program.
 *
 * Started by `Child` with an IPC channel; ends itself when its parent has gone.
 */
import { libraryCandidates, OpenSlideFailure, OpenSlideLibrary } from "./library.ts";
import type { Numbered, OpenSlideAnswer, OpenSlideRequest } from "./protocol.ts";

type Handle = Awaited<ReturnType<OpenSlideLibrary["open"]>>;

let library: OpenSlideLibrary | null = null;
let opened: { readonly path: string; readonly cacheBytes: number } | null = null;
let handle: Handle | null = null;
let reading = 0;
let broken = false;

async function open(path: string, cacheBytes: number): Promise<OpenSlideAnswer> {
  library ??= await OpenSlideLibrary.load(libraryCandidates(process.env.OPENSLIDE_PATH));
  handle = await library.open(path, cacheBytes);
  opened = { path, cacheBytes };
  return { ok: true, kind: "facts", facts: library.facts(handle) };
}

async function read(
  request: Extract<OpenSlideRequest, { readonly kind: "read" }>,
): Promise<OpenSlideAnswer> {
  const { level, x, y, width, height } = request;
  if (!library || !opened) throw new Error("a region was asked for before a slide was opened");
  // A handle that has reported an error reads nothing more: another one is needed.
  if (broken && reading === 0 && handle) {
    library.close(handle);
    handle = null;
    handle = await library.open(opened.path, opened.cacheBytes);
    broken = false;
  }
  if (!handle) throw new OpenSlideFailure("openslide-error", "the slide could not be opened again");
  reading++;
  try {
    const argb = await library.readRegion(handle, level, { x, y }, { width, height });
    return { ok: true, kind: "pixels", data: overWhite(argb) };
  } catch (error) {
    broken = true;
    throw error;
  } finally {
    reading--;
  }
}

/** Premultiplied ARGB laid over white, as RGB. */
function overWhite(argb: Uint32Array): Uint8Array {
  const rgb = new Uint8Array(argb.length * 3);
  for (let i = 0, o = 0; i < argb.length; i++, o += 3) {
    const pixel = argb[i]!;
    const white = 255 - (pixel >>> 24);
    rgb[o] = ((pixel >>> 16) & 255) + white;
    rgb[o + 1] = ((pixel >>> 8) & 255) + white;
    rgb[o + 2] = (pixel & 255) + white;
  }
  return rgb;
}

async function answer(request: OpenSlideRequest): Promise<OpenSlideAnswer> {
  try {
    return request.kind === "open"
      ? await open(request.path, request.cacheBytes)
      : await read(request);
  } catch (error) {
    const known = error instanceof OpenSlideFailure;
    return {
      ok: false,
      fault: known ? error.fault : "openslide-error",
      message: error instanceof Error ? error.message : String(error),
      version: (known ? error.version : null) ?? library?.version ?? null,
    };
  }
}

process.on("message", async ({ id, body }: Numbered<OpenSlideRequest>) => {
  const reply: Numbered<OpenSlideAnswer> = { id, body: await answer(body) };
  process.send?.(reply);
});

// At once, whatever a thread is still reading: an ordinary exit would wait for it.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
