import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp, { type TiffOptions } from "sharp";
import { describe, expect, it } from "vitest";
import type { Box } from "../../src/geometry.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { RgbImage, Slide } from "../../src/tiler/slide.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
const [WIDTH, HEIGHT] = [301, 233];
const pixels = paint(WIDTH, HEIGHT, busy);

async function write(name: string, options: TiffOptions): Promise<string> {
  const path = join(folder, name);
  await rgb(pixels, WIDTH, HEIGHT).tiff(options).toFile(path);
  return path;
}

async function withSlide<T>(path: string, use: (slide: Slide) => Promise<T>): Promise<T> {
  const slide = await openSlide(path);
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

/** The part of a picture that a box covers, white outside: what readRegion must give. */
function cut(image: RgbImage, box: Box): Uint8Array {
  return paint(box.width, box.height, (i, j) => {
    const [x, y] = [box.x + i, box.y + j];
    if (x < 0 || y < 0 || x >= image.width || y >= image.height) return [255, 255, 255];
    const o = (y * image.width + x) * 3;
    return [image.data[o]!, image.data[o + 1]!, image.data[o + 2]!];
  });
}

const boxes: readonly Box[] = [
  { x: 0, y: 0, width: WIDTH, height: HEIGHT },
  { x: 60, y: 61, width: 70, height: 70 },
  { x: -5, y: -9, width: 30, height: 30 },
  { x: WIDTH - 4, y: HEIGHT - 6, width: 40, height: 40 },
  { x: WIDTH + 1, y: 0, width: 3, height: 3 },
];

describe("layouts of TIFF, against what was written", () => {
  const tile = { tile: true, tileWidth: 64, tileHeight: 64 } as const;
  const layouts: Record<string, TiffOptions> = {
    "uncompressed tiles": { ...tile, compression: "none" },
    "deflate, predictor": { ...tile, compression: "deflate", predictor: "horizontal" },
    "LZW, no predictor": { ...tile, compression: "lzw", predictor: "none" },
    "PackBits strips": { compression: "packbits" },
    "deflate strips": { compression: "deflate" },
    "BigTIFF, LZW": { ...tile, compression: "lzw", bigtiff: true },
  };
  for (const [name, options] of Object.entries(layouts)) {
    it(`${name}: every byte`, async () => {
      const path = await write(`${name.replace(/\W+/g, "-")}.tif`, options);
      await withSlide(path, async (slide) => {
        expect(slide.size).toEqual({ width: WIDTH, height: HEIGHT });
        for (const box of boxes) {
          const region = await slide.readRegion(0, box);
          expect(region).toMatchObject({ width: box.width, height: box.height });
          expect(Buffer.from(region.data).equals(cut({ data: pixels, ...slide.size }, box))).toBe(
            true,
          );
        }
      });
    });
  }

  it("grey is repeated over the channels", async () => {
    const path = join(folder, "grey.tif");
    const grey = Uint8Array.from({ length: 40 * 30 }, (_, i) => (i * 7) % 256);
    await sharp(grey, { raw: { width: 40, height: 30, channels: 1 } })
      .toColourspace("b-w")
      .tiff({ ...tile, compression: "deflate" })
      .toFile(path);
    await withSlide(path, async (slide) => {
      const { data } = await slide.readRegion(0, { x: 0, y: 0, width: 40, height: 30 });
      expect([...data]).toEqual([...grey].flatMap((value) => [value, value, value]));
    });
  });
});

describe("a JPEG pyramid", () => {
  for (const bigtiff of [false, true]) {
    it(`equals libvips' own reading of every level (BigTIFF ${bigtiff})`, async () => {
      const path = await write(`pyramid-${bigtiff}.tif`, {
        tile: true,
        tileWidth: 64,
        tileHeight: 64,
        pyramid: true,
        compression: "jpeg",
        quality: 80,
        bigtiff,
        resolutionUnit: "cm",
        xres: 4000,
        yres: 4000,
      });
      await withSlide(path, async (slide) => {
        // sharp writes pixels per mm: 4000 a mm is 0.25 µm/px.
        expect(slide.mpp?.x).toBeCloseTo(0.25, 6);
        expect(slide.mpp?.source).toBe("tiff-resolution");
        expect(slide.levels.length).toBeGreaterThan(1);
        for (const { index, size, downsample } of slide.levels) {
          const { data, info } = await sharp(path, { page: index })
            .raw()
            .toBuffer({ resolveWithObject: true });
          expect(size).toEqual({ width: info.width, height: info.height });
          expect(downsample).toBeCloseTo((WIDTH / size.width + HEIGHT / size.height) / 2, 9);
          const whole = await slide.readRegion(index, { x: 0, y: 0, ...size });
          expect(Buffer.from(whole.data).equals(data)).toBe(true);
        }
      });
    });
  }

  it("gives raw tiles that any JPEG decoder reads as the slide's own pixels", async () => {
    const path = await write("raw.tif", {
      tile: true,
      tileWidth: 64,
      tileHeight: 64,
      compression: "jpeg",
    });
    await withSlide(path, async (slide) => {
      const raw = await slide.readRawTile(0, 1, 2);
      const decoded = await sharp(raw!.data).raw().toBuffer();
      const region = await slide.readRegion(0, { x: 64, y: 128, width: 64, height: 64 });
      expect(Buffer.from(region.data).equals(decoded)).toBe(true);
      expect(await slide.readRawTile(0, 99, 0)).toBeNull();
    });
  });
});

describe("µm/px", () => {
  const tile = { tile: true, tileWidth: 64, tileHeight: 64, compression: "deflate" } as const;

  it("is the override before all else", async () => {
    const path = await write("override.tif", { ...tile, xres: 2000, yres: 2000 });
    const slide = await openSlide(path, { mpp: 0.31 });
    expect(slide.mpp).toEqual({ x: 0.31, y: 0.31, source: "override" });
    await slide.close();
  });

  it("is not the resolution of a screen or a printer", async () => {
    for (const dpi of [72, 96, 300]) {
      const path = await write(`dpi-${dpi}.tif`, {
        ...tile,
        xres: dpi / 25.4,
        yres: dpi / 25.4,
        resolutionUnit: "inch",
      });
      expect(await withSlide(path, async (slide) => slide.mpp)).toBeNull();
    }
  });

  it("keeps the axes apart", async () => {
    const path = await write("anisotropic.tif", {
      ...tile,
      xres: 2000,
      yres: 4000,
      resolutionUnit: "cm",
    });
    await withSlide(path, async ({ mpp }) => {
      expect(mpp?.x).toBeCloseTo(0.5, 6);
      expect(mpp?.y).toBeCloseTo(0.25, 6);
    });
  });
});

describe("a plain picture", () => {
  it("is one level of virtual tiles, its pixels as stored", async () => {
    const png = join(folder, "plain.png");
    await rgb(pixels, WIDTH, HEIGHT).png().toFile(png);
    await withSlide(png, async (slide) => {
      expect(slide).toMatchObject({ vendor: "plain", mpp: null, objectivePower: null });
      expect(slide.levels).toHaveLength(1);
      expect(slide.levels[0]!.tileSize).toEqual({ width: 512, height: 512 });
      for (const box of boxes) {
        const { data } = await slide.readRegion(0, box);
        expect(Buffer.from(data).equals(cut({ data: pixels, ...slide.size }, box))).toBe(true);
      }
      expect(await slide.readRawTile(0, 0, 0)).toBeNull();
    });
  });

  it("is not turned by EXIF, and its alpha lies over white", async () => {
    const turned = join(folder, "turned.jpg");
    await rgb(pixels, WIDTH, HEIGHT).withMetadata({ orientation: 6 }).jpeg().toFile(turned);
    expect(await withSlide(turned, async (slide) => slide.size)).toEqual({
      width: WIDTH,
      height: HEIGHT,
    });
    const clear = join(folder, "clear.png");
    const rgba = Uint8Array.of(10, 20, 30, 255, 10, 20, 30, 0);
    await sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toFile(clear);
    await withSlide(clear, async (slide) => {
      const { data } = await slide.readRegion(0, { x: 0, y: 0, width: 2, height: 1 });
      expect([...data]).toEqual([10, 20, 30, 255, 255, 255]);
    });
  });
});

describe("a sparse slide", () => {
  it("is white where no tile is stored", async () => {
    // One directory, 32 × 16 px in two 16 px tiles, the first of them not stored.
    const tags: [number, number, number[]][] = [
      [256, 4, [32]],
      [257, 4, [16]],
      [258, 3, [8, 8, 8]],
      [259, 3, [1]],
      [262, 3, [2]],
      [277, 3, [3]],
      [322, 4, [16]],
      [323, 4, [16]],
      [324, 4, [0, 400]],
      [325, 4, [0, 768]],
    ];
    const file = Buffer.alloc(400 + 768, 77);
    file.write("II*\0\b\0\0\0", 0, "latin1");
    file.writeUInt16LE(tags.length, 8);
    let extra = 200;
    tags.forEach(([tag, type, values], i) => {
      const at = 10 + i * 12;
      file.writeUInt16LE(tag, at);
      file.writeUInt16LE(type, at + 2);
      file.writeUInt32LE(values.length, at + 4);
      const bytes = type === 3 ? 2 : 4;
      const far = bytes * values.length > 4;
      if (far) file.writeUInt32LE(extra, at + 8);
      else file.fill(0, at + 8, at + 12);
      values.forEach((value, k) => {
        const to = (far ? extra : at + 8) + k * bytes;
        if (type === 3) file.writeUInt16LE(value, to);
        else file.writeUInt32LE(value, to);
      });
      if (far) extra += bytes * values.length;
    });
    file.writeUInt32LE(0, 10 + tags.length * 12);
    const path = join(folder, "sparse.tif");
    await writeFile(path, file);
    await withSlide(path, async (slide) => {
      const { data } = await slide.readRegion(0, { x: 15, y: 0, width: 2, height: 1 });
      expect([...data]).toEqual([255, 255, 255, 77, 77, 77]);
    });
  });
});

describe("reading", () => {
  it("refuses an absurd region, a level that is not there, and stops on abort", async () => {
    const path = join(folder, "plain.png");
    await withSlide(path, async (slide) => {
      const box = { x: 0, y: 0, width: 4, height: 4 };
      await expect(slide.readRegion(3, box)).rejects.toMatchObject({ code: "usage" });
      await expect(slide.readRegion(0, { ...box, width: 1e9 })).rejects.toMatchObject({
        code: "usage",
      });
      await expect(slide.readRegion(0, { ...box, x: 0.5 })).rejects.toMatchObject({
        code: "usage",
      });
      await expect(slide.readRegion(0, box, AbortSignal.abort())).rejects.toThrow(/abort/i);
    });
  });
});
