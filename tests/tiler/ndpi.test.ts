import { stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Box } from "../../src/geometry.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { type NdpiPicture, type WrittenPicture, writeNdpi } from "./write-ndpi.ts";
import { scratchFolder } from "./write-slides.ts";
import { LONG, SHORT } from "./write-tiff.ts";

const folder = scratchFolder();
let files = 0;

async function written(
  pictures: readonly NdpiPicture[],
  base?: number,
): Promise<{ path: string; pixels: WrittenPicture[] }> {
  const path = join(folder, `${files++}.ndpi`);
  return { path, pixels: await writeNdpi(path, pictures, base) };
}

async function withSlide<T>(path: string, use: (slide: Slide) => Promise<T>): Promise<T> {
  const slide = await openSlide(path, { backend: "native" });
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

async function expectPixels(slide: Slide, level: number, expected: WrittenPicture): Promise<void> {
  const whole = { x: 0, y: 0, width: expected.width, height: expected.height };
  const across: Box = { x: 37, y: 5, width: Math.min(70, expected.width - 37), height: 15 };
  for (const box of [whole, across]) {
    const region = await slide.readRegion(level, box);
    const rows: Uint8Array[] = [];
    for (let y = box.y; y < box.y + box.height; y++) {
      const from = (y * expected.width + box.x) * 3;
      rows.push(expected.data.subarray(from, from + box.width * 3));
    }
    expect(Buffer.from(region.data).equals(Buffer.concat(rows))).toBe(true);
  }
}

describe("an NDPI of several levels", () => {
  const level: NdpiPicture = {
    size: { width: 184, height: 75 },
    lens: 20,
    piece: { width: 8 * 23, height: 8 },
  };
  const smaller: NdpiPicture = { size: { width: 92, height: 37 }, lens: 10 };
  const pictures: readonly NdpiPicture[] = [
    { ...level, plane: -2000, shade: 90 },
    level,
    { ...level, plane: 2000, shade: 45 },
    smaller,
    { size: { width: 60, height: 30 }, lens: -1 },
    { size: { width: 24, height: 16 }, lens: -2, tags: { 259: [SHORT, [1]] } },
  ];

  it("gives the levels of focal plane 0, µm/px, objective, and names what it does not serve", async () => {
    const { path, pixels } = await written(pictures);
    await withSlide(path, async (slide) => {
      expect(slide).toMatchObject({
        vendor: "hamamatsu",
        objectivePower: 20,
        mpp: { x: 0.5, y: 0.5, source: "tiff-resolution" },
        associated: ["focal plane at -2000 nm", "focal plane at 2000 nm", "macro", "map"],
      });
      expect(slide.levels.map(({ size }) => size)).toEqual([level.size, smaller.size]);
      await expectPixels(slide, 0, pixels[1]!);
      await expectPixels(slide, 1, pixels[3]!);
    });
  });

  it("is read beyond 4 GiB, where every offset needs its high word", async () => {
    const { path, pixels } = await written(
      [{ ...level, tags: { 65432: [LONG, new Array(10).fill(0)] } }, smaller],
      2 ** 32 + 4096,
    );
    expect((await stat(path)).size).toBeGreaterThan(2 ** 32);
    await withSlide(path, async (slide) => {
      await expectPixels(slide, 0, pixels[0]!);
      await expectPixels(slide, 1, pixels[1]!);
    });
    await truncate(path, 0);
  });
});

describe("restart intervals", () => {
  const size = { width: 240, height: 61 };
  const layouts: Record<string, NdpiPicture> = {
    "of part of a row": { size, lens: 40, piece: { width: 48, height: 8 } },
    "of a single MCU": {
      size: { width: 72, height: 20 },
      lens: 40,
      piece: { width: 8, height: 8 },
    },
    "of several rows": { size, lens: 40, piece: { width: 240, height: 24 } },
    "listed wrongly": { size, lens: 40, piece: { width: 48, height: 8 }, starts: "wrong" },
    "not listed": { size, lens: 40, piece: { width: 80, height: 8 }, starts: "absent" },
    absent: { size, lens: 40 },
  };
  for (const [name, picture] of Object.entries(layouts)) {
    it(`${name}: every byte`, async () => {
      const { path, pixels } = await written([picture]);
      await withSlide(path, (slide) => expectPixels(slide, 0, pixels[0]!));
    });
  }

  it("with halved colours: as the whole stream decodes, but for two columns where blocks meet", async () => {
    const { path, pixels } = await written([
      {
        size: { width: 640, height: 48 },
        lens: 40,
        piece: { width: 128, height: 16 },
        halved: true,
      },
    ]);
    const { data: whole } = await sharp(pixels[0]!.jpeg)
      .raw()
      .toBuffer({ resolveWithObject: true });
    await withSlide(path, async (slide) => {
      const { data } = await slide.readRegion(0, { x: 0, y: 0, width: 640, height: 48 });
      const columns = new Set<number>();
      data.forEach((value, i) => {
        if (value !== whole[i]) columns.add(Math.floor(i / 3) % 640);
      });
      expect([...columns].filter((x) => x !== 511 && x !== 512)).toEqual([]);
    });
  });

  it("wider than a JPEG can say", async () => {
    const { path, pixels } = await written([
      {
        size: { width: 66_000, height: 13 },
        lens: 40,
        piece: { width: 6000, height: 8 },
        claims: { width: 0, height: 13 },
      },
    ]);
    await withSlide(path, async (slide) => {
      expect(slide.size).toEqual({ width: 66_000, height: 13 });
      const box = { x: 59_990, y: 2, width: 6010, height: 11 };
      const region = await slide.readRegion(0, box);
      for (let row = 0; row < box.height; row++) {
        const from = ((box.y + row) * 66_000 + box.x) * 3;
        const expected = pixels[0]!.data.subarray(from, from + box.width * 3);
        const found = region.data.subarray(row * box.width * 3, (row + 1) * box.width * 3);
        expect(Buffer.from(found).equals(Buffer.from(expected))).toBe(true);
      }
    });
  });

  it("make tiles that a browser can take as they are, none at the edges", async () => {
    const { path, pixels } = await written([
      { size: { width: 1200, height: 520 }, lens: 40, piece: { width: 240, height: 8 } },
    ]);
    await withSlide(path, async (slide) => {
      const { tileSize } = slide.levels[0]!;
      expect(tileSize).toEqual({ width: 480, height: 512 });
      const tile = await slide.readRawTile(0, 1, 0);
      const { data, info } = await sharp(tile!.data).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 480, height: 512 });
      const row = 480 * 3;
      expect(data.subarray(0, row).equals(pixels[0]!.data.subarray(row, row * 2))).toBe(true);
      expect(await slide.readRawTile(0, 2, 0)).toBeNull();
      expect(await slide.readRawTile(0, 0, 1)).toBeNull();
    });
  });
});

describe("an NDPI that cannot be read", () => {
  const size = { width: 64, height: 32 };
  const huge = { 256: [LONG, [60_000]], 257: [LONG, [40_000]] } as const;

  it("is refused by name where a huge level has no restart markers", async () => {
    const { path } = await written([
      { size, lens: 40, tags: huge, claims: { width: 60_000, height: 40_000 } },
    ]);
    await expect(openSlide(path, { backend: "native" })).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringMatching(/60000×40000 px are one JPEG without restart.*bfconvert/),
    });
  });

  it("leaves out a coarser level of that kind", async () => {
    const { path } = await written([
      {
        size: { width: 66_000, height: 8 },
        lens: 40,
        piece: { width: 6000, height: 8 },
        claims: { width: 0, height: 8 },
      },
      { size, lens: 20, tags: huge, claims: { width: 60_000, height: 40_000 } },
    ]);
    await withSlide(path, async (slide) => expect(slide.levels).toHaveLength(1));
  });

  it("is refused where its samples are not 8-bit JPEG, or one size comes twice", async () => {
    const xr = await written([{ size, lens: 40, tags: { 259: [SHORT, [22_610]] } }]);
    await expect(openSlide(xr.path, { backend: "native" })).rejects.toMatchObject({
      code: "unsupported-slide",
    });
    const twice = await written([
      { size, lens: 40 },
      { size, lens: 40 },
    ]);
    await expect(openSlide(twice.path, { backend: "native" })).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringContaining("channels"),
    });
  });

  it("is damaged where its JPEG says another size, is none, or lies beyond the end", async () => {
    for (const [picture, says] of [
      [{ size, lens: 40, claims: { width: 200, height: 32 } }, "its JPEG 200×32"],
      [{ size, lens: 40, tags: { 273: [LONG, [0]] } }, "no JPEG stream"],
      [{ size, lens: 40, tags: { 279: [LONG, [1_000_000]] } }, "needs bytes"],
      [{ size, lens: -1 }, "no directory is a level"],
    ] as const) {
      const { path } = await written([picture]);
      await expect(openSlide(path, { backend: "native" })).rejects.toMatchObject({
        code: "corrupt-slide",
        message: expect.stringContaining(says),
      });
    }
  });

  it("says so where the markers that its header promises are missing", async () => {
    const { path } = await written([
      {
        size,
        lens: 40,
        piece: { width: 32, height: 8 },
        starts: "absent",
        tags: { 256: [LONG, [64]], 257: [LONG, [512]] },
        claims: { width: 64, height: 512 },
      },
    ]);
    await withSlide(path, async (slide) => {
      await expect(
        slide.readRegion(0, { x: 0, y: 500, width: 8, height: 8 }),
      ).rejects.toMatchObject({
        code: "corrupt-slide",
        message: expect.stringContaining("restart markers are not there"),
      });
    });
  });
});
