import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";
import type { ByteSource } from "./byte-source.ts";
import { refuseChannel } from "./channels.ts";
import type { LevelSource } from "./level-source.ts";
import { DEFAULT_CACHE_BYTES } from "./limits.ts";
import { requireReadable } from "./region-box.ts";
import { RegionReader } from "./region-reader.ts";
import type { Level, Mpp, OpenOptions, RawTile, Slide, SlideChannels } from "./slide.ts";

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
  /** See Slide; null or left out where pixels are a picture's. */
  readonly channels?: SlideChannels | null;
  /** Finest first. */
  readonly levels: readonly LevelSource[];
}

/** Makes a Slide of levels that come in blocks: regions assembled, blocks cached, pixels outside white. */
export function makeBlockedSlide(
  source: Pick<ByteSource, "path" | "close">,
  facts: SlideFacts,
  options: OpenOptions,
): Slide {
  if (!facts.channels) refuseChannel(source.path, options.channel);
  const reader = new RegionReader(facts.levels, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
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
    channels: facts.channels ?? null,
    async readRegion(index, levelBox, signal) {
      levelAt(index);
      requireReadable(source.path, levelBox);
      return reader.read(index, levelBox, signal);
    },
    announceReads(index, levelBoxes) {
      levelAt(index);
      return reader.announce(index, levelBoxes);
    },
    async readRawTile(index, column, row): Promise<RawTile | null> {
      const data = await levelAt(index).readRawTile(column, row);
      return data && { mime: "image/jpeg", data };
    },
    async close() {
      reader.clear();
      await source.close();
    },
  };
}
