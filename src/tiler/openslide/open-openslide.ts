import { CorruptSlideError, MicrotomeError, UnsupportedSlideError } from "../../errors.ts";
import { type Box, intersectBoxes, type Size } from "../../geometry.ts";
import { refuseChannel } from "../channels.ts";
import { VIRTUAL_TILE } from "../level-source.ts";
import { DEFAULT_CACHE_BYTES, MAX_SIDE } from "../limits.ts";
import { requireReadable } from "../region-box.ts";
import { decideMpp, parseDecimal, plausibleResolution } from "../resolution.ts";
import type { Level, Mpp, OpenOptions, RgbImage, Slide } from "../slide.ts";
import { OPENSLIDE_SCRIPT } from "./child-process.ts";
import { INSTALL_KOFFI, INSTALL_OPENSLIDE } from "./install-help.ts";
import type { OpenSlideAnswer, OpenSlideFacts } from "./protocol.ts";
import { OpenSlideSession, type SessionOptions } from "./session.ts";

/** A request that takes longer than this is cut off: a hang in the library, not a large read, ms. */
const TIMEOUT_MS = 30_000;

/** Side of what is asked of OpenSlide at once, px: 4 MiB of its pixels. */
const BLOCK = 1024;

/** Thrown where OpenSlide cannot be asked, because it or koffi is not there. */
export class OpenSlideAbsentError extends UnsupportedSlideError {
  /** What is missing and how it is installed, for another sentence about the file. */
  readonly missing: string;
  constructor(path: string, missing: string) {
    super(`${path} was to be read by OpenSlide, but ${missing}.`, { path });
    this.missing = missing;
  }
}

/**
 * Opens a slide with libopenslide, in a process of its own.
 *
 * Pixels are OpenSlide's over white. Throws OpenSlideAbsentError where it is not installed, saying
 * how to; UnsupportedSlideError where it knows no such format; CorruptSlideError for what it
 * reports, a crash and a hang of the library included.
 */
export async function openWithOpenSlide(
  path: string,
  options: OpenOptions,
  process: Partial<SessionOptions> = {},
): Promise<Slide> {
  const found = await OpenSlideSession.open(path, {
    script: OPENSLIDE_SCRIPT,
    timeoutMs: TIMEOUT_MS,
    cacheBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES,
    ...process,
  });
  if (!found.session) throw refusalError(path, found.refusal);
  const { session, facts } = found;
  try {
    requireSound(path, facts);
    return makeSlide(session, facts, options);
  } catch (error) {
    await session.close();
    throw error;
  }
}

function refusalError(
  path: string,
  { fault, message, version }: Extract<OpenSlideAnswer, { readonly ok: false }>,
): MicrotomeError {
  switch (fault) {
    case "no-koffi":
      return new OpenSlideAbsentError(
        path,
        `the package koffi, through which it is called, cannot be loaded (${message}); ${INSTALL_KOFFI}`,
      );
    case "no-library":
      return new OpenSlideAbsentError(
        path,
        `libopenslide cannot be loaded (${message}); ${INSTALL_OPENSLIDE}`,
      );
    case "not-recognised":
      return new UnsupportedSlideError(
        `${path} is in no format that OpenSlide ${version} knows${hintFor(path, version)}.`,
        { path, openslide: version },
      );
    case "openslide-error": {
      const Kind = /unsupported|not supported|unimplemented/i.test(message)
        ? UnsupportedSlideError
        : CorruptSlideError;
      return new Kind(
        `${path} cannot be opened by OpenSlide ${version} (${message}); copy it again from where it came from, with every file and folder that belongs to it.`,
        { path, openslide: version },
      );
    }
  }
}

function hintFor(path: string, version: string | null): string {
  if (/\.mrxs$/i.test(path)) {
    return "; a MIRAX slide is this file and, beside it, the folder of the same name with Slidedat.ini and Data*.dat: see that it is there, and whole";
  }
  return Number.parseInt(version ?? "", 10) < 4 ? "; OpenSlide 4 knows more" : "";
}

/** What the library says of a hostile file is not taken on trust. */
function requireSound(path: string, { levels, version }: OpenSlideFacts): void {
  const sound = levels.every(({ size, downsample }) => isSide(size) && downsample >= 1);
  if (levels.length > 0 && sound) return;
  const sizes = levels.map(({ size }) => `${size.width}×${size.height}`).join(", ") || "none";
  throw new CorruptSlideError(
    `${path}: OpenSlide ${version} gives its levels as ${sizes}; expected at least one, of 1 to ${MAX_SIDE} px a side.`,
    { path },
  );
}

function isSide({ width, height }: Size): boolean {
  return [width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE);
}

function makeSlide(session: OpenSlideSession, facts: OpenSlideFacts, options: OpenOptions): Slide {
  const { path } = session;
  refuseChannel(path, options.channel);
  const levels = facts.levels.map((level, index) => ({
    index,
    size: level.size,
    downsample: level.downsample,
    tileSize: level.tileSize ?? VIRTUAL_TILE,
  }));
  const levelAt = (index: number): Level => {
    const level = levels[index];
    if (level) return level;
    throw new MicrotomeError(
      "usage",
      `${path} has no level ${index}; its levels are 0 to ${levels.length - 1}.`,
      { path, level: index },
    );
  };
  return {
    path,
    vendor: facts.vendor,
    size: levels[0]!.size,
    mpp: mppOf(facts, options),
    objectivePower: parseDecimal(facts.objectivePower ?? undefined),
    levels,
    associated: facts.associated,
    backend: `openslide ${facts.version}`,
    bounds: partOf(facts.bounds, levels[0]!.size),
    iccProfile: facts.iccProfile,
    channels: null,
    async readRegion(index, levelBox, signal) {
      requireReadable(path, levelBox);
      return readRegion(session, levelAt(index), levelBox, signal);
    },
    async readRawTile(index) {
      levelAt(index);
      return null;
    },
    close: () => session.close(),
  };
}

/** Bounds that leave something of the slide out, or null. */
function partOf(bounds: Box | null, size: Size): Box | null {
  const inside = bounds && intersectBoxes(bounds, { x: 0, y: 0, ...size });
  return inside && inside.width * inside.height < size.width * size.height ? inside : null;
}

/** Of a plain TIFF, OpenSlide's µm/px are the resolution tags', a screen's or a printer's included. */
function mppOf(facts: OpenSlideFacts, options: OpenOptions): Mpp | null {
  const x = parseDecimal(facts.mppX ?? undefined);
  const y = parseDecimal(facts.mppY ?? undefined);
  const size = x === null || y === null ? null : { x, y };
  return facts.vendor === "generic-tiff"
    ? decideMpp(options, null, size && plausibleResolution(size))
    : decideMpp(options, size, null);
}

async function readRegion(
  session: OpenSlideSession,
  level: Level,
  box: Box,
  signal: AbortSignal | undefined,
): Promise<RgbImage> {
  signal?.throwIfAborted();
  const { width, height } = box;
  const image = { data: new Uint8Array(width * height * 3), width, height };
  const inside = intersectBoxes(box, { x: 0, y: 0, ...level.size });
  if (!inside || inside.width * inside.height < width * height) image.data.fill(255);
  if (!inside) return image;
  const parts: Box[] = [];
  for (let y = inside.y; y < inside.y + inside.height; y += BLOCK) {
    for (let x = inside.x; x < inside.x + inside.width; x += BLOCK) {
      parts.push(intersectBoxes({ x, y, width: BLOCK, height: BLOCK }, inside)!);
    }
  }
  let next = 0;
  // Two lanes, as many as the session has in flight: no more pixels wait than are being read.
  const lane = async (): Promise<void> => {
    while (next < parts.length) {
      signal?.throwIfAborted();
      const part = parts[next++]!;
      const pixels = await session.read({
        kind: "read",
        level: level.index,
        // OpenSlide takes the corner in level-0 px.
        x: Math.round(part.x * level.downsample),
        y: Math.round(part.y * level.downsample),
        width: part.width,
        height: part.height,
      });
      copyPart(pixels, part, image, box);
    }
  };
  await Promise.all([lane(), lane()]);
  return image;
}

function copyPart(pixels: Uint8Array, part: Box, image: RgbImage, box: Box): void {
  const rowBytes = part.width * 3;
  for (let row = 0; row < part.height; row++) {
    const to = ((part.y - box.y + row) * image.width + part.x - box.x) * 3;
    image.data.set(pixels.subarray(row * rowBytes, (row + 1) * rowBytes), to);
  }
}
