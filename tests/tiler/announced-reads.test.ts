import { describe, expect, it } from "vitest";
import type { Box } from "../../src/geometry.ts";
import type { BlockPlace, LevelSource } from "../../src/tiler/level-source.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";
import { RegionReader } from "../../src/tiler/region-reader.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { busy, paint } from "./write-slides.ts";

const BLOCK = 16;
const SIZE = { width: 500, height: 350 };

/** A level whose blocks are painted when asked for, and counted. */
function countedLevel(most: number | null): {
  readonly level: LevelSource;
  readonly decoded: Map<string, number>;
} {
  const decoded = new Map<string, number>();
  const readBlock = async (column: number, row: number): Promise<RgbImage> => {
    const key = `${column}/${row}`;
    decoded.set(key, (decoded.get(key) ?? 0) + 1);
    await new Promise((resolve) => setImmediate(resolve));
    const [x, y] = [column * BLOCK, row * BLOCK];
    const data = paint(BLOCK, BLOCK, (dx, dy) => busy(x + dx, y + dy));
    return { data, width: BLOCK, height: BLOCK };
  };
  const block = { width: BLOCK, height: BLOCK };
  const level: LevelSource = {
    size: SIZE,
    block,
    tileSize: block,
    readBlock,
    batches:
      most === null
        ? undefined
        : {
            most,
            read: (places: readonly BlockPlace[]) => {
              expect(places.length).toBeLessThanOrEqual(most);
              return places.map(({ column, row }) => readBlock(column, row));
            },
          },
    readRawTile: async () => null,
  };
  return { level, decoded };
}

/** 128 px patches that overlap by 32, as a run plans them. */
function patchBoxes(): readonly Box[] {
  const scale = { level: 0, mpp: 1, resample: 1, gridDownsample: 1, upsampled: false };
  const request = { size: SIZE, scale, patchSize: 128, overlap: 32, region: null, tissue: null };
  return planPatches(request).patches.map(({ gridBox }) => gridBox);
}

function expectPainted(image: RgbImage, box: Box): void {
  const expected = paint(box.width, box.height, (dx, dy) => {
    const [x, y] = [box.x + dx, box.y + dy];
    return x < SIZE.width && y < SIZE.height ? busy(x, y) : [255, 255, 255];
  });
  expect(Buffer.from(image.data).equals(Buffer.from(expected))).toBe(true);
}

const BLOCK_BYTES = BLOCK * BLOCK * 3;
const COLUMNS = Math.ceil(SIZE.width / BLOCK);

describe.each([
  { how: "one by one", most: null },
  { how: "five at a time", most: 5 },
])("blocks decoded $how", ({ most }) => {
  it("are decoded once in a pass over announced patches, and let go with their last", async () => {
    const { level, decoded } = countedLevel(most);
    // Two rows of blocks that two rows of patches share, and columns that neighbours in flight share.
    const limit = 4 * COLUMNS * BLOCK_BYTES;
    const reader = new RegionReader([level], limit);
    const boxes = patchBoxes();
    const reads = reader.announce(0, boxes);
    const lanes = [0, 1, 2].map(async (lane) => {
      for (let i = lane; i < boxes.length; i += 3) {
        expectPainted(await reader.read(0, boxes[i]!, undefined), boxes[i]!);
        expect(reader.heldBytes).toBeLessThanOrEqual(limit);
      }
    });
    await Promise.all(lanes);
    expect(decoded.size).toBe(COLUMNS * Math.ceil(SIZE.height / BLOCK));
    expect([...decoded.values()].filter((times) => times !== 1)).toEqual([]);
    expect(reader.heldBytes).toBe(0);
    reads.end();
  });

  it("stay within the limit where it is too small to keep all that comes again", async () => {
    const { level, decoded } = countedLevel(most);
    const limit = COLUMNS * BLOCK_BYTES;
    const reader = new RegionReader([level], limit);
    const boxes = patchBoxes();
    reader.announce(0, boxes);
    for (const box of boxes) {
      expectPainted(await reader.read(0, box, undefined), box);
      expect(reader.heldBytes).toBeLessThanOrEqual(limit);
    }
    const unannounced = countedLevel(most);
    const plain = new RegionReader([unannounced.level], limit);
    for (const box of boxes) await plain.read(0, box, undefined);
    const times = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);
    expect(times(decoded)).toBeLessThan(times(unannounced.decoded));
  });

  it("that were announced but never read are no longer kept after the end", async () => {
    const { level } = countedLevel(most);
    const limit = 8 * BLOCK_BYTES;
    const reader = new RegionReader([level], limit);
    const box = { x: 0, y: 0, width: BLOCK * 4, height: BLOCK * 2 };
    const reads = reader.announce(0, [box, box]);
    await reader.read(0, box, undefined);
    expect(reader.heldBytes).toBe(limit);
    reads.end();
    const other = { ...box, x: 160 };
    await reader.read(0, other, undefined);
    expectPainted(await reader.read(0, other, undefined), other);
    expect(reader.heldBytes).toBeLessThanOrEqual(limit);
  });
});

it("fails the region, not the process, where one of its blocks cannot be decoded", async () => {
  const { level } = countedLevel(4);
  const batches = {
    most: 4,
    read: (places: readonly BlockPlace[]) =>
      places.map(({ column, row }) =>
        column === 2 && row === 1
          ? Promise.reject(new Error("damaged"))
          : level.readBlock(column, row),
      ),
  };
  const reader = new RegionReader([{ ...level, batches }], 10 * BLOCK_BYTES);
  const box = { x: 0, y: 0, width: 100, height: 100 };
  const both = [reader.read(0, box, undefined), reader.read(0, box, undefined)];
  for (const read of both) await expect(read).rejects.toThrow("damaged");
  const beside = { x: 0, y: 32, width: 100, height: 50 };
  expectPainted(await reader.read(0, beside, undefined), beside);
});
