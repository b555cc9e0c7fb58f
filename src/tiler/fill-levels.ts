import type { Box, Size } from "../geometry.ts";
import { intersectBoxes } from "../geometry.ts";
import { plain } from "./formats/plain.ts";
import { VIRTUAL_TILE } from "./level-source.ts";
import { DEFAULT_CACHE_BYTES } from "./limits.ts";
import { resampleLevel } from "./read-scaled.ts";
import { makeTaps } from "./resample-taps.ts";
import type { Level, RgbImage, Slide } from "./slide.ts";

/** Levels that lie farther apart than this get others between them: scanners' own steps are 2 and 4. */
const MOST_STEP = 4.5;
/** Longest side of the coarsest level: about a screen, so that the whole slide is a few tiles. */
const COARSEST_SIDE = 1024;
/** Pixels of a made level that is kept in memory: 2^24, 48 MiB. Those above it add a third at most. */
const HELD_PIXELS = 2 ** 24;

/** A level of the filled pyramid: one of the file's own, or one that is made by shrinking another. */
type Filled = Stored | Made;

interface Stored {
  /** Index in the file's own pyramid. */
  readonly own: number;
  readonly size: Size;
}

interface Made {
  readonly own: null;
  readonly size: Size;
  /** Index of the level that it is made from, in the filled pyramid. */
  readonly from: number;
  /** Pixels of that level to one of this. */
  readonly factor: number;
  /** True where it is made once and kept. */
  readonly held: boolean;
}

/** A slide without gaps. */
export interface FilledSlide {
  readonly slide: Slide;
  /** Pixels of the file decoded for a pixel of each level: 1 where it is stored, or made once and kept. */
  readonly costs: readonly number[];
  /** What it may come to hold in memory, bytes: decoded blocks, and the levels that are kept. */
  readonly bytes: number;
}

/**
 * A slide whose pyramid has no gaps: levels are made where the file stores none.
 *
 * A picture, or a scan saved without a pyramid, would have to be read whole for each look at all of
 * it. Levels of half the size are put in until no step is above {@link MOST_STEP} and the coarsest
 * is about a screen. Those of up to {@link HELD_PIXELS} are made when first asked for and kept until the
 * slide is closed; finer ones are made a region at a time. A slide without gaps comes back as it is.
 * The returned slide owns the given one.
 */
export function fillLevels(slide: Slide): FilledSlide {
  const plan = planLevels(slide.levels);
  const costs = plan.map((level) =>
    level.own !== null || level.held ? 1 : level.factor * level.factor,
  );
  const keptPixels = plan.reduce(
    (sum, { own, size }, i) => (own === null && costs[i] === 1 ? sum + area(size) : sum),
    0,
  );
  // A picture is one block, kept whole whatever the cache's limit.
  const pictureBytes = slide.vendor === plain.vendor ? 3 * area(slide.size) : 0;
  const bytes = Math.max(DEFAULT_CACHE_BYTES, pictureBytes) + 3 * keptPixels;
  if (plan.length === slide.levels.length) return { slide, costs, bytes };
  const held = new Map<number, Promise<RgbImage>>();
  const { size } = slide;
  const levels: readonly Level[] = plan.map((level, index) => ({
    index,
    size: level.size,
    downsample: (size.width / level.size.width + size.height / level.size.height) / 2,
    tileSize: level.own === null ? VIRTUAL_TILE : slide.levels[level.own]!.tileSize,
  }));

  const make = (level: Made, box: Box, signal?: AbortSignal): Promise<RgbImage> => {
    const from = plan[level.from]!.size;
    return resampleLevel(
      filled,
      level.from,
      makeTaps(box.x, box.width, 1 / level.factor, from.width, "edge"),
      makeTaps(box.y, box.height, 1 / level.factor, from.height, "edge"),
      signal,
    );
  };

  const whole = (index: number, level: Made): Promise<RgbImage> => {
    const known = held.get(index);
    if (known) return known;
    // Not the asker's signal: others may wait for the same level.
    const making = make(level, { x: 0, y: 0, ...level.size });
    held.set(index, making);
    making.catch(() => held.delete(index));
    return making;
  };

  const filled: Slide = {
    path: slide.path,
    vendor: slide.vendor,
    size,
    mpp: slide.mpp,
    objectivePower: slide.objectivePower,
    levels,
    associated: slide.associated,
    backend: slide.backend,
    bounds: slide.bounds,
    iccProfile: slide.iccProfile,
    channels: slide.channels,
    async readRegion(index, box, signal) {
      const level = plan[index];
      if (!level) return slide.readRegion(index, box, signal);
      if (level.own !== null) return slide.readRegion(level.own, box, signal);
      const inside = intersectBoxes(box, { x: 0, y: 0, ...level.size });
      if (level.held) return cut(await whole(index, level), { x: 0, y: 0 }, inside, box);
      if (!inside) return cut(null, box, null, box);
      return cut(await make(level, inside, signal), inside, inside, box);
    },
    announceReads(index, boxes) {
      const own = plan[index]?.own ?? null;
      const nothing = { end: () => {} };
      return own === null ? nothing : (slide.announceReads?.(own, boxes) ?? nothing);
    },
    async readRawTile(index, column, row) {
      const own = plan[index]?.own;
      return own === null || own === undefined ? null : slide.readRawTile(own, column, row);
    },
    async close() {
      held.clear();
      await slide.close();
    },
  };
  return { slide: filled, costs, bytes };
}

function area({ width, height }: Size): number {
  return width * height;
}

function planLevels(own: readonly Level[]): readonly Filled[] {
  const plan: Filled[] = [];
  for (const [i, level] of own.entries()) {
    plan.push({ own: i, size: level.size });
    const next = own[i + 1];
    const enough = (size: Size) =>
      next
        ? Math.max(size.width / next.size.width, size.height / next.size.height) <= MOST_STEP
        : Math.max(size.width, size.height) <= COARSEST_SIDE;
    while (!enough(plan.at(-1)!.size)) plan.push(halved(plan));
  }
  return plan;
}

/** The level after the last: half its size, made from it unless it would first have to be made itself. */
function halved(plan: readonly Filled[]): Made {
  const last = plan.at(-1)!;
  const size = { width: Math.ceil(last.size.width / 2), height: Math.ceil(last.size.height / 2) };
  const passing = last.own === null && !last.held;
  return {
    own: null,
    size,
    from: passing ? last.from : plan.length - 1,
    factor: passing ? last.factor * 2 : 2,
    held: area(size) <= HELD_PIXELS,
  };
}

/** The `box` of a picture whose corner is at `at`; white outside of `inside`. Frame: the level's pixels. */
function cut(
  picture: RgbImage | null,
  at: { readonly x: number; readonly y: number },
  inside: Box | null,
  box: Box,
): RgbImage {
  const data = new Uint8Array(box.width * box.height * 3).fill(255);
  if (picture && inside) {
    for (let y = inside.y; y < inside.y + inside.height; y++) {
      const from = ((y - at.y) * picture.width + inside.x - at.x) * 3;
      const to = ((y - box.y) * box.width + inside.x - box.x) * 3;
      data.set(picture.data.subarray(from, from + inside.width * 3), to);
    }
  }
  return { data, width: box.width, height: box.height };
}
