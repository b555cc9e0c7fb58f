import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Random } from "../../samples/painter/random.ts";
import { openFileSource } from "../../src/tiler/byte-source.ts";
import { fetchRanges } from "../../src/tiler/fetch-ranges.ts";
import { isBatchable, tilesPerBatch } from "../../src/tiler/jpeg-batch.ts";
import type { LevelSource } from "../../src/tiler/level-source.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";
import { readPatches } from "../../src/tiler/read-patches.ts";
import { readBlockIndex, readTiffImage } from "../../src/tiler/tiff/image.ts";
import { openTiffLevel } from "../../src/tiler/tiff/level.ts";
import { Tiff } from "../../src/tiler/tiff/structure.ts";
import { DATA, hasData } from "../shared-data.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
const TILE = { width: 64, height: 64 };

async function writePyramid(name: string, quality: number): Promise<string> {
  const path = join(folder, name);
  const picture = paint(600, 450, (x, y) => [x % 256, (x * y) % 251, busy(x, y)[2]]);
  // libvips writes 4:2:0 below quality 90, 4:4:4 from there on.
  await rgb(picture, 600, 450)
    .tiff({ tile: true, tileWidth: 64, tileHeight: 64, compression: "jpeg", quality })
    .toFile(path);
  return path;
}

async function openLevel(path: string, damage?: (bytes: Uint8Array, offset: number) => void) {
  const file = await openFileSource(path);
  const source = {
    path,
    size: file.size,
    close: () => file.close(),
    async fetch(offset: number, length: number) {
      const bytes = await file.fetch(offset, length);
      damage?.(bytes, offset);
      return bytes;
    },
  };
  const tiff = await Tiff.read(source);
  const image = await readTiffImage(tiff, tiff.directories[0]!);
  const { offsets, counts } = await readBlockIndex(tiff, image);
  const first = Math.min(...offsets);
  const end = Math.max(...offsets.map((offset, i) => offset + counts[i]!));
  return { level: await openTiffLevel(tiff, image), source, stored: { first, end } };
}

/** What became of each block: its pixels, or what the error says of it. */
async function outcomes(level: LevelSource, together: boolean): Promise<unknown[]> {
  const places = Array.from({ length: 16 }, (_, i) => ({ column: i % 8, row: Math.floor(i / 8) }));
  const reads = together
    ? level.batches!.read(places)
    : places.map(({ column, row }) => level.readBlock(column, row));
  return (await Promise.allSettled(reads)).map((read) =>
    read.status === "fulfilled"
      ? Buffer.from(read.value!.data).toString("base64")
      : // libvips' reasons are one list for all threads: whose they are cannot be told.
        (read.reason as Error).message.split("(")[0],
  );
}

describe("JPEG tiles decoded in one call", () => {
  it.each([
    { layout: "4:2:0", quality: 80 },
    { layout: "4:4:4", quality: 95 },
  ])("have the pixels of each decoded on its own, $layout", async ({ quality }) => {
    const { level, source } = await openLevel(await writePyramid(`q${quality}.tif`, quality));
    const alone = await outcomes(level, false);
    expect(await outcomes(level, true)).toEqual(alone);
    expect(new Set(alone).size).toBe(16);
    await source.close();
  });

  it("fare as each does on its own where bytes are damaged, and no tile spoils another", async () => {
    const path = await writePyramid("sound.tif", 80);
    const random = new Random(7);
    let failed = 0;
    for (let round = 0; round < 25; round++) {
      const sound = await openLevel(path);
      await sound.source.close();
      const { first, end } = sound.stored;
      const seed = random.bits();
      const { level, source } = await openLevel(path, (bytes, offset) => {
        // Damage is a matter of the place in the file, not of how much is fetched at once.
        for (let i = 0; i < bytes.length; i++) {
          const at = offset + i;
          const hit = Math.imul(at ^ seed, 0x9e3779b1) >>> 0 < 2 ** 32 / 4000;
          if (hit && at >= first && at < end) bytes[i] = (at * 31) & 0xff;
        }
      });
      const alone = await outcomes(level, false);
      expect(await outcomes(level, true)).toEqual(alone);
      failed += alone.filter((text) => String(text).includes("cannot be decoded")).length;
      await source.close();
    }
    expect(failed).toBeGreaterThan(0);
  });

  it("must be whole, and of the tile's own size", async () => {
    const data = paint(64, 64, busy);
    const jpeg = await rgb(data, 64, 64).jpeg().toBuffer();
    const progressive = await rgb(data, 64, 64).jpeg({ progressive: true }).toBuffer();
    const grey = await rgb(data, 64, 64).toColourspace("b-w").jpeg().toBuffer();
    expect(isBatchable(jpeg, TILE)).toBe(true);
    expect(isBatchable(jpeg, { width: 64, height: 80 })).toBe(false);
    expect(isBatchable(jpeg.subarray(0, -9), TILE)).toBe(false);
    expect(isBatchable(progressive, TILE)).toBe(false);
    expect(isBatchable(grey, TILE)).toBe(false);
    expect(isBatchable(Buffer.alloc(100), TILE)).toBe(false);
  });

  it("are fewer the larger they are", () => {
    const sides = [64, 256, 512, 1024, 2048, 4096];
    expect(sides.map((side) => tilesPerBatch({ width: side, height: side }))).toEqual([
      32, 32, 8, 2, 1, 1,
    ]);
  });
});

it("fetchRanges reads neighbours at once and gives each its own bytes", async () => {
  const bytes = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7) & 0xff);
  const fetched: number[] = [];
  const source = {
    path: "memory",
    size: bytes.length,
    close: async () => {},
    fetch: async (offset: number, length: number) => {
      fetched.push(length);
      return bytes.slice(offset, offset + length);
    },
  };
  const ranges = [
    { offset: 40_000, length: 10 },
    { offset: 100, length: 50 },
    { offset: 150, length: 25 },
    { offset: 160, length: 5 },
    { offset: 0, length: 0 },
  ];
  const found = await fetchRanges(source, ranges);
  expect(found.map((part) => [...part])).toEqual(
    ranges.map(({ offset, length }) => [...bytes.slice(offset, offset + length)]),
  );
  expect(fetched.sort((a, b) => a - b)).toEqual([10, 175]);
});

it.skipIf(!hasData("slides/aperio-svs-jpeg/CMU-1-Small-Region.svs"))(
  "readPatches gives every patch in order, with the pixels that readRegion reads",
  async () => {
    const path = join(DATA, "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs");
    const [slide, other] = [await openSlide(path), await openSlide(path)];
    const scale = { level: 0, mpp: 0.499, resample: 1, gridDownsample: 1, upsampled: false };
    const request = { size: slide.size, scale, patchSize: 512, overlap: 128 };
    const { patches } = planPatches({ ...request, region: null, tissue: null });
    const seen: string[] = [];
    for await (const { id, image, gridBox } of readPatches(slide, scale, patches)) {
      seen.push(id);
      const { data } = await other.readRegion(0, gridBox);
      expect(Buffer.from(image.data).equals(Buffer.from(data))).toBe(true);
    }
    expect(seen).toEqual(patches.map(({ id }) => id));
    // Left early, nothing hangs and the slide closes.
    for await (const { id } of readPatches(slide, scale, patches)) if (id === seen[2]) break;
    await Promise.all([slide.close(), other.close()]);
  },
);
