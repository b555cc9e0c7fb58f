import Flatbush from "flatbush";
import type { Refuse } from "./byte-reader.ts";

const NODE_SIZE = 16;

/** The packed Hilbert R-tree over boxes (minX, minY, maxX, maxY of each), as Flatbush 3 lays it out; nothing for no boxes. */
export function encodeBlockIndex(boxes: readonly number[]): Uint8Array {
  if (boxes.length === 0) return new Uint8Array(0);
  const tree = new Flatbush(boxes.length / 4, NODE_SIZE, Float64Array);
  for (let i = 0; i < boxes.length; i += 4) {
    tree.add(boxes[i]!, boxes[i + 1]!, boxes[i + 2]!, boxes[i + 3]!);
  }
  tree.finish();
  return new Uint8Array(tree.data);
}

/** The tree again, and the boxes in the order in which they were given. */
export interface BlockIndex {
  readonly tree: Flatbush | null;
  readonly boxes: Float64Array;
}

/**
 * Reads a tree over `count` boxes back. Flatbush follows a tree's positions unseen, so every one is
 * compared with where packing puts it: a forged tree cannot lead a search in circles.
 */
export function decodeBlockIndex(bytes: Uint8Array, count: number, refuse: Refuse): BlockIndex {
  const boxes = new Float64Array(4 * count);
  if (count === 0) {
    return bytes.length === 0 ? { tree: null, boxes } : refuse("an index over no blocks");
  }
  const levels = levelsOf(count);
  const nodes = levels.at(-1)!;
  const wide = nodes >= 1 << 14;
  const expected = 8 + nodes * (32 + (wide ? 4 : 2));
  // A copy of its own is aligned for numbers of eight bytes.
  const data = bytes.slice().buffer as ArrayBuffer;
  if (data.byteLength !== expected) refuse(`an index of ${data.byteLength} bytes, not ${expected}`);
  const head = new DataView(data);
  const [magic, kind] = [head.getUint8(0), head.getUint8(1)];
  const [size, items] = [head.getUint16(2, true), head.getUint32(4, true)];
  if (magic !== 0xfb || kind !== 0x38 || size !== NODE_SIZE || items !== count) {
    refuse(`an index that is no Flatbush 3 of ${count} boxes`);
  }
  const corners = new Float64Array(data, 8, 4 * nodes);
  const places = new (wide ? Uint32Array : Uint16Array)(data, 8 + 32 * nodes, nodes);
  const seen = new Uint8Array(count);
  for (let leaf = 0; leaf < count; leaf++) {
    const block = places[leaf]!;
    if (block >= count || seen[block] === 1) refuse(`an index that names block ${block} wrongly`);
    seen[block] = 1;
    boxes.set(corners.subarray(4 * leaf, 4 * leaf + 4), 4 * block);
  }
  for (let level = 1; level < levels.length; level++) {
    const below = level === 1 ? 0 : levels[level - 2]!;
    for (let node = levels[level - 1]!, i = 0; node < levels[level]!; node++, i++) {
      if (places[node] !== 4 * (below + NODE_SIZE * i))
        refuse("an index whose nodes are not packed");
    }
  }
  if (corners.some(Number.isNaN)) refuse("an index with boxes that are none");
  return { tree: Flatbush.from(data), boxes };
}

/** Where each level of a packed tree ends, in nodes. */
function levelsOf(count: number): number[] {
  const ends = [count];
  for (let n = count; ends.length === 1 || n > 1; ) {
    n = Math.ceil(n / NODE_SIZE);
    ends.push(ends.at(-1)! + n);
  }
  return ends;
}
