import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { encodePng, readTileJpeg } from "../../src/tiler/tiles.ts";
import { DATA, hasData } from "../shared-data.ts";
import { paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
/** Smooth, so that JPEG keeps it within a few grey levels. */
const smooth = (x: number, y: number) => [x % 200, y % 200, 120] as const;

describe("readTileJpeg", () => {
  let stored: Slide;
  let plain: Slide;

  beforeAll(async () => {
    const pixels = paint(180, 150, smooth);
    const options = { tile: true, tileWidth: 128, tileHeight: 128, compression: "jpeg" } as const;
    await rgb(pixels, 180, 150).tiff(options).toFile(join(folder, "stored.tif"));
    await rgb(pixels, 180, 150).png().toFile(join(folder, "plain.png"));
    stored = await openSlide(join(folder, "stored.tif"));
    plain = await openSlide(join(folder, "plain.png"));
  });

  afterAll(async () => {
    await stored.close();
    await plain.close();
  });

  it("passes stored JPEG through, whole at the edge too", async () => {
    const tile = await readTileJpeg(stored, 0, 1, 1);
    expect(tile).toMatchObject({ mime: "image/jpeg", passedThrough: true });
    const { data, info } = await sharp(tile.data).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 128, height: 128, channels: 3 });
    const region = await stored.readRegion(0, { x: 128, y: 128, width: 52, height: 22 });
    for (let y = 0; y < 22; y++) {
      const row = data.subarray(y * 128 * 3, (y * 128 + 52) * 3);
      expect(row.equals(region.data.subarray(y * 52 * 3, (y + 1) * 52 * 3))).toBe(true);
    }
  });

  it("encodes what is stored otherwise, padded white", async () => {
    const tile = await readTileJpeg(plain, 0, 0, 0);
    expect(tile.passedThrough).toBe(false);
    const { data, info } = await sharp(tile.data).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 512, height: 512 });
    const at = (x: number, y: number) => [
      ...data.subarray((y * 512 + x) * 3, (y * 512 + x) * 3 + 3),
    ];
    for (const [x, y, expected] of [
      [50, 60, smooth(50, 60)],
      [400, 400, [255, 255, 255]],
    ] as const) {
      at(x, y).forEach((value, c) => {
        expect(Math.abs(value - expected[c]!)).toBeLessThanOrEqual(6);
      });
    }
  });

  it("says which tiles there are", async () => {
    for (const [level, column, row] of [
      [0, 2, 0],
      [0, 0, -1],
      [1, 0, 0],
      [0, 0.5, 0],
    ] as const) {
      const asked = readTileJpeg(stored, level, column, row);
      await expect(asked).rejects.toMatchObject({ code: "not-found" });
    }
  });

  it("encodePng loses nothing", async () => {
    const data = paint(31, 17, (x, y) => [x * 8, y * 15, (x * y) % 256]);
    const png = await encodePng({ data, width: 31, height: 17 });
    expect((await sharp(png).raw().toBuffer()).equals(data)).toBe(true);
  });
});

const CMU = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";

it.skipIf(!hasData(CMU))("an Aperio RGB tile keeps its colours in any decoder", async () => {
  const slide = await openSlide(join(DATA, CMU));
  const tile = await readTileJpeg(slide, 0, 4, 5);
  expect(tile.passedThrough).toBe(true);
  const decoded = await sharp(tile.data).raw().toBuffer();
  const region = await slide.readRegion(0, { x: 960, y: 1200, width: 240, height: 240 });
  expect(decoded.equals(region.data)).toBe(true);
  // Nothing but tables, frame and scan: no comment or application segment except Adobe's.
  expect(Buffer.from(tile.data).subarray(2, 4).toString("hex")).toBe("ffee");
  await slide.close();
});
