import { MicrotomeError } from "../errors.ts";
import { type Box, intersectBoxes } from "../geometry.ts";
import { BlockCache } from "./block-cache.ts";
import type { ByteSource } from "./byte-source.ts";
import type { LevelSource } from "./level-source.ts";
import { DEFAULT_CACHE_BYTES } from "./limits.ts";
import { requireReadable } from "./region-box.ts";
import type { Level, Mpp, OpenOptions, RawTile, RgbImage, Slide } from "./slide.ts";

/** What a format found out about a slide. */
export interface SlideFacts {
  readonly vendor: string;
  readonly mpp: Mpp | null;
  readonly objectivePower: number | null;
  readonly associated: readonly string[];
  /** See Slide; null or left out where the file says nothing. */
  readonly bounds?: Box | null;
  /** See Slide; null or left out where the file holds none. */
  readonly iccProfile?: Uint8Array | null;
  /** Finest first. */
  readonly levels: readonly LevelSource[];
}

/** Blocks fetched and decoded at once within one region: enough to keep the decoding threads busy. */
const BLOCKS_IN_FLIGHT = 8;

/** Makes a Slide of levels that come in blocks: regions assembled, blocks cached, pixels outside white. */
export function makeBlockedSlide(
  source: Pick<ByteSource, "path" | "close">,
  facts: SlideFacts,
  options: OpenOptions,
): Slide {
  const cache = new BlockCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  const finest = facts.levels[0]!;
  const levels: readonly Level[] = facts.levels.map((level, index) => ({
    index,
    size: level.size,
    downsample: (finest.size.width / level.size.width + finest.size.height / level.size.height) / 2,
    tileSize: level.tileSize,
  }));
  const levelAt = (index: number): LevelSource => {
    const level = facts.levels[index];
    if (level) return level;
    throw new MicrotomeError(
      "usage",
      `${source.path} has no level ${index}; its levels are 0 to ${levels.length - 1}.`,
      { path: source.path, level: index },
    );
  };
  return {
    path: source.path,
    vendor: facts.vendor,
    size: finest.size,
    mpp: facts.mpp,
    objectivePower: facts.objectivePower,
    levels,
    associated: facts.associated,
    backend: "native",
    bounds: facts.bounds ?? null,
    iccProfile: facts.iccProfile ?? null,
    async readRegion(index, levelBox, signal) {
      const level = levelAt(index);
      requireReadable(source.path, levelBox);
      return readRegion(level, index, levelBox, cache, signal);
    },
    async readRawTile(index, column, row): Promise<RawTile | null> {
      const data = await levelAt(index).readRawTile(column, row);
      return data && { mime: "image/jpeg", data };
    },
    async close() {
      cache.clear();
      await source.close();
    },
  };
}

async function readRegion(
  level: LevelSource,
  index: number,
  box: Box,
  cache: BlockCache,
  signal: AbortSignal | undefined,
): Promise<RgbImage> {
  signal?.throwIfAborted();
  const image = { data: new Uint8Array(box.width * box.height * 3), ...sizeOf(box) };
  const inside = intersectBoxes(box, { x: 0, y: 0, ...level.size });
  // White first only where no block will be copied over it.
  if (!inside || inside.width * inside.height < box.width * box.height) image.data.fill(255);
  if (!inside) return image;
  const { block } = level;
  const firstColumn = Math.floor(inside.x / block.width);
  const lastColumn = Math.floor((inside.x + inside.width - 1) / block.width);
  const firstRow = Math.floor(inside.y / block.height);
  const lastRow = Math.floor((inside.y + inside.height - 1) / block.height);
  const across = lastColumn - firstColumn + 1;
  const total = across * (lastRow - firstRow + 1);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) {
      signal?.throwIfAborted();
      const i = next++;
      const column = firstColumn + (i % across);
      const row = firstRow + Math.floor(i / across);
      const cached = cache.get(`${index}/${column}/${row}`, async () => {
        return (await level.readBlock(column, row)) ?? NOTHING_STORED;
      });
      // A held block costs no turn of the event loop.
      const pixels = cached instanceof Promise ? await cached : cached;
      const at = { x: column * block.width, y: row * block.height, ...block };
      const part = intersectBoxes(at, inside);
      if (part) copyBlock(pixels, at, part, image, box);
    }
  };
  await Promise.all(Array.from({ length: Math.min(BLOCKS_IN_FLIGHT, total) }, lane));
  return image;
}

/** Stands in the cache for a block that the file does not store. */
const NOTHING_STORED: RgbImage = { data: new Uint8Array(0), width: 0, height: 0 };

function copyBlock(pixels: RgbImage, at: Box, part: Box, image: RgbImage, box: Box): void {
  const rowBytes = part.width * 3;
  for (let y = part.y; y < part.y + part.height; y++) {
    const to = ((y - box.y) * image.width + part.x - box.x) * 3;
    if (pixels === NOTHING_STORED) {
      image.data.fill(255, to, to + rowBytes);
      continue;
    }
    const from = ((y - at.y) * pixels.width + part.x - at.x) * 3;
    image.data.set(pixels.data.subarray(from, from + rowBytes), to);
  }
}

function sizeOf(box: Box): { readonly width: number; readonly height: number } {
  return { width: box.width, height: box.height };
}
