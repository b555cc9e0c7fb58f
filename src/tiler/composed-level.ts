import type { BlockCache } from "../block-cache.ts";
import { type Box, intersectBoxes, type Size } from "../geometry.ts";
import { type LevelSource, VIRTUAL_TILE } from "./level-source.ts";
import { MAX_BLOCK_PIXELS } from "./limits.ts";
import type { RgbImage } from "./slide.ts";

/** A part of a stored picture, and where on the canvas it lies. */
export interface Part {
  readonly source: LevelSource;
  /** The part, in the source's own pixels. */
  readonly from: Box;
  /** Its upper left corner on the canvas, px. */
  readonly x: number;
  readonly y: number;
}

/**
 * A level whose pictures lie anywhere on a white canvas, overlapping or not; later parts lie over
 * earlier ones. Its blocks are virtual; the stored blocks they are made of are kept in `cache`.
 */
export class ComposedLevel implements LevelSource {
  readonly size: Size;
  readonly block = VIRTUAL_TILE;
  readonly tileSize = VIRTUAL_TILE;
  readonly #parts: readonly Part[];
  readonly #cache: BlockCache<RgbImage>;
  /** For the cache's keys: sources are numbered in the order met. */
  readonly #numbers = new Map<LevelSource, number>();
  readonly #name: string;
  #turn: Promise<unknown> = Promise.resolve();

  /** `name` tells this level's blocks in the cache from other levels'. */
  constructor(name: string, size: Size, parts: readonly Part[], cache: BlockCache<RgbImage>) {
    this.size = size;
    this.#name = name;
    this.#parts = parts;
    this.#cache = cache;
    for (const { source } of parts) {
      if (!this.#numbers.has(source)) this.#numbers.set(source, this.#numbers.size);
    }
  }

  async readBlock(column: number, row: number): Promise<RgbImage | null> {
    const { width, height } = this.block;
    const box: Box = { x: column * width, y: row * height, width, height };
    let canvas: RgbImage | null = null;
    for (const part of this.#parts) {
      // The four comparisons first: a slide may have 100,000 parts.
      if (part.x >= box.x + width || part.x + part.from.width <= box.x) continue;
      if (part.y >= box.y + height || part.y + part.from.height <= box.y) continue;
      canvas ??= { data: new Uint8Array(width * height * 3).fill(255), width, height };
      await this.#draw(part, box, canvas);
    }
    return canvas;
  }

  async readRawTile(): Promise<null> {
    return null;
  }

  async #draw(part: Part, box: Box, canvas: RgbImage): Promise<void> {
    const { source, from } = part;
    // From canvas to source pixels.
    const [dx, dy] = [from.x - part.x, from.y - part.y];
    const wanted = intersectBoxes({ ...box, x: box.x + dx, y: box.y + dy }, from);
    if (!wanted) return;
    const { width, height } = source.block;
    for (let row = Math.floor(wanted.y / height); row * height < wanted.y + wanted.height; row++) {
      for (
        let column = Math.floor(wanted.x / width);
        column * width < wanted.x + wanted.width;
        column++
      ) {
        const stored = { x: column * width, y: row * height, width, height };
        const piece = intersectBoxes(stored, wanted);
        if (!piece) continue;
        const pixels = await this.#stored(source, column, row);
        if (pixels === NOTHING_STORED) continue;
        for (let y = piece.y; y < piece.y + piece.height; y++) {
          const at = ((y - stored.y) * pixels.width + piece.x - stored.x) * 3;
          const to = ((y - dy - box.y) * canvas.width + piece.x - dx - box.x) * 3;
          canvas.data.set(pixels.data.subarray(at, at + piece.width * 3), to);
        }
      }
    }
  }

  #stored(source: LevelSource, column: number, row: number): RgbImage | Promise<RgbImage> {
    const key = `${this.#name}/${this.#numbers.get(source)}/${column}/${row}`;
    return this.#cache.get(key, () => {
      const read = async () => (await source.readBlock(column, row)) ?? NOTHING_STORED;
      if (source.block.width * source.block.height <= LARGE_BLOCK_PIXELS) return read();
      const turn = this.#turn.then(read);
      this.#turn = turn.catch(() => undefined);
      return turn;
    });
  }
}

/** Stored blocks above this are decoded one at a time: several virtual blocks are composed at once. */
const LARGE_BLOCK_PIXELS = MAX_BLOCK_PIXELS / 8;

/** Stands in the cache for a block that the file does not store: what lies below it shows. */
const NOTHING_STORED: RgbImage = { data: new Uint8Array(0), width: 0, height: 0 };
