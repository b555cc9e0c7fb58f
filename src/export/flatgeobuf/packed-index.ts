import type { Box } from "../../geometry.ts";

/** Entries of a node, FlatGeobuf's own default. */
export const NODE_SIZE = 16;

/** minX, minY, maxX, maxY as float64, and an offset as uint64. */
const ENTRY = 40;

/**
 * FlatGeobuf's packed R-tree: the root first, the leaves last and in the order of the features.
 *
 * Holds 43 bytes an object, the size it has in the file. Source: FlatGeobuf's specification and its
 * `packedrtree.h`.
 */
export class PackedIndex {
  readonly bytes: Buffer;
  readonly #view: DataView;
  /** Number of the first entry of each level, leaves first, and after them the root's. */
  readonly #levels: readonly { readonly first: number; readonly end: number }[];
  #leaves = 0;

  /** For so many features, at least one. */
  constructor(count: number) {
    const sizes = [count];
    do sizes.push(Math.ceil(sizes.at(-1)! / NODE_SIZE));
    while (sizes.at(-1)! > 1);
    let end = sizes.reduce((sum, size) => sum + size, 0);
    this.bytes = Buffer.alloc(end * ENTRY);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.#levels = sizes.map((size) => {
      const level = { first: end - size, end };
      end -= size;
      return level;
    });
  }

  /** Adds the next feature's box; `offset` is where the feature begins, from the first feature on. */
  add({ x, y, width, height }: Box, offset: number): void {
    const { first, end } = this.#levels[0]!;
    const entry = first + this.#leaves++;
    if (entry >= end) throw new RangeError(`found more than ${end - first} features`);
    this.#put(entry, x, y, x + width, y + height, offset);
  }

  /** Makes the levels above the leaves. */
  finish(): void {
    for (let level = 0; level + 1 < this.#levels.length; level++) {
      const { first, end } = this.#levels[level]!;
      let parent = this.#levels[level + 1]!.first;
      for (let child = first; child < end; child += NODE_SIZE) {
        let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
        for (let i = child; i < Math.min(child + NODE_SIZE, end); i++) {
          const at = i * ENTRY;
          minX = Math.min(minX, this.#view.getFloat64(at, true));
          minY = Math.min(minY, this.#view.getFloat64(at + 8, true));
          maxX = Math.max(maxX, this.#view.getFloat64(at + 16, true));
          maxY = Math.max(maxY, this.#view.getFloat64(at + 24, true));
        }
        this.#put(parent++, minX, minY, maxX, maxY, child);
      }
    }
  }

  #put(
    entry: number,
    minX: number,
    minY: number,
    maxX: number,
    maxY: number,
    offset: number,
  ): void {
    const at = entry * ENTRY;
    this.#view.setFloat64(at, minX, true);
    this.#view.setFloat64(at + 8, minY, true);
    this.#view.setFloat64(at + 16, maxX, true);
    this.#view.setFloat64(at + 24, maxY, true);
    this.#view.setUint32(at + 32, offset % 2 ** 32, true);
    this.#view.setUint32(at + 36, Math.floor(offset / 2 ** 32), true);
  }
}
