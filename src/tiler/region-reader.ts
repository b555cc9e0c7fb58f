import { BlockCache, type Keeping } from "../block-cache.ts";
import { type Box, intersectBoxes } from "../geometry.ts";
import type { BlockPlace, LevelSource } from "./level-source.ts";
import { MAX_BLOCK_PIXELS } from "./limits.ts";
import type { AnnouncedReads, RgbImage } from "./slide.ts";

/** Calls to a level at once within one region: enough to keep the decoding threads busy. */
const BLOCKS_IN_FLIGHT = 8;
const BATCHES_IN_FLIGHT = 4;

interface Announced {
  readonly index: number;
  /** Announced reads still to come, a block each. */
  readonly left: Uint32Array;
}

/** A block of a level by its number: blocks are counted row by row from the level's top left. */
type BlockNumber = number;

/** Reads regions of levels that come in blocks: pixels outside are white, decoded blocks are shared. */
export class RegionReader {
  readonly #levels: readonly LevelSource[];
  readonly #cache: BlockCache<RgbImage>;
  readonly #announced = new Set<Announced>();

  /** `cacheBytes`: decoded blocks kept. */
  constructor(levels: readonly LevelSource[], cacheBytes: number) {
    this.#levels = levels;
    this.#cache = new BlockCache<RgbImage>(cacheBytes);
  }

  /** Bytes of decoded blocks held now. */
  get heldBytes(): number {
    return this.#cache.bytes;
  }

  clear(): void {
    this.#cache.clear();
  }

  /**
   * Says which boxes of a level will be read, each once, in whatever order.
   *
   * A block that several boxes need is then kept from the first to the last and let go at once, so
   * that it is decoded once however far apart they are read, within the cache's limit.
   */
  announce(index: number, boxes: readonly Box[]): AnnouncedReads {
    const level = this.#levels[index]!;
    const reads = { index, left: new Uint32Array(columnsOf(level) * rowsOf(level)) };
    for (const box of boxes) {
      const inside = intersectBoxes(box, { x: 0, y: 0, ...level.size });
      if (inside) for (const block of blocksIn(level, inside)) reads.left[block]!++;
    }
    this.#announced.add(reads);
    return {
      end: () => {
        if (this.#announced.delete(reads)) this.#cache.release();
      },
    };
  }

  /** Reads a box of a level's own pixels. Throws CorruptSlideError; rejects with the signal's reason. */
  async read(index: number, box: Box, signal: AbortSignal | undefined): Promise<RgbImage> {
    signal?.throwIfAborted();
    const level = this.#levels[index]!;
    const { width, height } = box;
    const image = { data: new Uint8Array(width * height * 3), width, height };
    const inside = intersectBoxes(box, { x: 0, y: 0, ...level.size });
    // White first only where no block will be copied over it.
    if (!inside || inside.width * inside.height < width * height) image.data.fill(255);
    if (!inside) return image;
    const blocks = blocksIn(level, inside);
    const copy = (block: BlockNumber, pixels: RgbImage) => {
      const { column, row } = placeOf(level, block);
      const { width, height } = level.block;
      const at = { x: column * width, y: row * height, width, height };
      const part = intersectBoxes(at, inside);
      if (part) copyBlock(pixels, at, part, image, box);
    };
    try {
      await this.#readBlocks(index, blocks, copy, signal);
    } finally {
      for (const block of blocks) this.#release(index, block);
    }
    return image;
  }

  async #readBlocks(
    index: number,
    blocks: readonly BlockNumber[],
    copy: (block: BlockNumber, pixels: RgbImage) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { batches: together, block: blockSize } = this.#levels[index]!;
    const missing: BlockNumber[] = [];
    const coming: Promise<void>[] = [];
    const take = (block: BlockNumber): boolean => {
      const found = this.#cache.find(keyOf(index, block));
      if (!found) return false;
      if (found instanceof Promise) {
        const copied = found.then((pixels) => copy(block, pixels));
        copied.catch(() => {}); // It is awaited below, unless something else fails first.
        coming.push(copied);
      } else {
        copy(block, found); // A held block costs no turn of the event loop.
      }
      return true;
    };
    for (const block of blocks) if (!take(block)) missing.push(block);
    const parts = inParts(missing, together?.most ?? 1);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < parts.length) {
        signal?.throwIfAborted();
        // Another region may have asked for some of it meanwhile.
        const asked = parts[next++]!.filter((block) => !take(block));
        const decoding = this.#load(index, asked);
        await Promise.all(decoding.map(async (pixels, i) => copy(asked[i]!, await pixels)));
      }
    };
    // Together no more than a single block may have: a file may be in blocks of the largest size.
    const few = Math.max(1, Math.floor(MAX_BLOCK_PIXELS / (blockSize.width * blockSize.height)));
    const lanes = Math.min(together ? BATCHES_IN_FLIGHT : BLOCKS_IN_FLIGHT, few, parts.length);
    await Promise.all(Array.from({ length: lanes }, lane));
    await Promise.all(coming);
  }

  /** Starts decoding blocks that are neither held nor on their way. */
  #load(index: number, blocks: readonly BlockNumber[]): Promise<RgbImage>[] {
    const level = this.#levels[index]!;
    const places = blocks.map((block) => placeOf(level, block));
    const decoding = level.batches
      ? level.batches.read(places)
      : places.map(({ column, row }) => level.readBlock(column, row));
    return blocks.map((block, i) =>
      this.#cache.add(
        keyOf(index, block),
        decoding[i]!.then((pixels) => pixels ?? NOTHING_STORED),
        () => this.#keepingOf(index, block),
      ),
    );
  }

  #keepingOf(index: number, block: BlockNumber): Keeping {
    const announced = [...this.#announced].filter((reads) => reads.index === index);
    if (announced.length === 0) return "lru";
    const left = announced.reduce((sum, reads) => sum + reads.left[block]!, 0);
    // The read that had it decoded is among those to come.
    return left > 1 ? "until-dropped" : "none";
  }

  /** One of a block's announced reads is over. */
  #release(index: number, block: BlockNumber): void {
    for (const reads of this.#announced) {
      if (reads.index !== index || reads.left[block] === 0) continue;
      reads.left[block]!--;
      if (reads.left[block] === 0) this.#cache.drop(keyOf(index, block));
    }
  }
}

function keyOf(index: number, block: BlockNumber): string {
  return `${index}/${block}`;
}

function columnsOf(level: LevelSource): number {
  return Math.ceil(level.size.width / level.block.width);
}

function rowsOf(level: LevelSource): number {
  return Math.ceil(level.size.height / level.block.height);
}

function placeOf(level: LevelSource, block: BlockNumber): BlockPlace {
  const columns = columnsOf(level);
  return { column: block % columns, row: Math.floor(block / columns) };
}

/** The blocks that a box inside the level touches, row by row. */
function blocksIn(level: LevelSource, inside: Box): BlockNumber[] {
  const { width, height } = level.block;
  const columns = columnsOf(level);
  const blocks: BlockNumber[] = [];
  const right = Math.floor((inside.x + inside.width - 1) / width);
  const bottom = Math.floor((inside.y + inside.height - 1) / height);
  for (let row = Math.floor(inside.y / height); row <= bottom; row++) {
    for (let column = Math.floor(inside.x / width); column <= right; column++) {
      blocks.push(row * columns + column);
    }
  }
  return blocks;
}

/** Cut into parts of nearly one size, none above `most`. */
function inParts(blocks: readonly BlockNumber[], most: number): BlockNumber[][] {
  const count = Math.ceil(blocks.length / most);
  const cut = (i: number) => Math.round((i * blocks.length) / count);
  return Array.from({ length: count }, (_, i) => blocks.slice(cut(i), cut(i + 1)));
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
