import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillLevels } from "../../src/tiler/fill-levels.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
const [WIDTH, HEIGHT] = [2501, 1403];

/** Blocks of 64 px, each of one colour: a mean of any part of one is that colour. */
function blocks(x: number, y: number): readonly [number, number, number] {
  return [((x >> 6) * 37) % 256, ((y >> 6) * 53) % 256, ((x >> 6) + (y >> 6)) % 2 ? 255 : 0];
}

describe("fillLevels", () => {
  let plain: Slide;

  beforeAll(async () => {
    const picture = rgb(paint(WIDTH, HEIGHT, blocks), WIDTH, HEIGHT);
    await picture.clone().png({ compressionLevel: 1 }).toFile(join(folder, "plain.png"));
    await picture
      .tiff({ tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: "deflate" })
      .toFile(join(folder, "pyramid.tif"));
    ({ slide: plain } = fillLevels(await openSlide(join(folder, "plain.png"))));
  });

  afterAll(async () => {
    await plain?.close();
  });

  it("leaves a slide without gaps as it is", async () => {
    const slide = await openSlide(join(folder, "pyramid.tif"));
    expect(fillLevels(slide).slide).toBe(slide);
    await slide.close();
  });

  it("adds halves down to a screen's size", () => {
    expect(plain.levels.map(({ index, size }) => [index, size.width, size.height])).toEqual([
      [0, 2501, 1403],
      [1, 1251, 702],
      [2, 626, 351],
    ]);
    expect(plain.levels[2]!.downsample).toBeCloseTo(4, 1);
  });

  it("fills a gap between two levels of the file, and keeps both", async () => {
    const inner = await openSlide(join(folder, "pyramid.tif"));
    const gap = [inner.levels[0]!, { ...inner.levels.at(-1)!, index: 1 }];
    const asked: number[] = [];
    const { slide: filled } = fillLevels({
      ...inner,
      levels: gap,
      readRegion(level, box, signal) {
        asked.push(level);
        return inner.readRegion(level === 1 ? inner.levels.length - 1 : level, box, signal);
      },
    });
    expect(filled.levels.map(({ size }) => size.width)).toEqual([2501, 1251, 626, 156]);
    await filled.readRegion(3, { x: 0, y: 0, width: 8, height: 8 });
    expect(asked).toEqual([1]);
    await filled.close();
  });

  it("gives each pixel its place: the middles of blocks keep their colour", async () => {
    for (const level of [1, 2]) {
      const scale = 2 ** level;
      const box = { x: 40, y: 24, width: 300, height: 200 };
      const region = await plain.readRegion(level, box);
      let compared = 0;
      for (let y = 0; y < box.height; y++) {
        for (let x = 0; x < box.width; x++) {
          const [fullX, fullY] = [(box.x + x) * scale, (box.y + y) * scale];
          if (fullX % 64 < 16 || fullX % 64 > 44 || fullY % 64 < 16 || fullY % 64 > 44) continue;
          const at = (y * box.width + x) * 3;
          expect([...region.data.subarray(at, at + 3)]).toEqual([...blocks(fullX, fullY)]);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(1000);
    }
  });

  it("is white outside the level, as any slide", async () => {
    const { size } = plain.levels[2]!;
    const region = await plain.readRegion(2, { x: size.width - 1, y: 0, width: 3, height: 1 });
    expect([...region.data.subarray(3)]).toEqual([255, 255, 255, 255, 255, 255]);
    const corner = [...blocks(WIDTH - 1, 0)];
    expect([...region.data.subarray(0, 3)]).toEqual(corner);
    const beside = await plain.readRegion(2, { x: -5, y: -5, width: 5, height: 5 });
    expect(beside.data.every((value) => value === 255)).toBe(true);
  });

  it("makes a level once however many ask, and again after a failure", async () => {
    const inner = await openSlide(join(folder, "plain.png"));
    let reads = 0;
    let broken = true;
    const { slide: filled } = fillLevels({
      ...inner,
      readRegion(level, box, signal) {
        reads++;
        return broken ? Promise.reject(new Error("gone")) : inner.readRegion(level, box, signal);
      },
    });
    const box = { x: 0, y: 0, width: 10, height: 10 };
    await expect(filled.readRegion(2, box)).rejects.toThrow("gone");
    broken = false;
    reads = 0;
    await Promise.all(Array.from({ length: 6 }, () => filled.readRegion(2, box)));
    // The whole is read once, in bands.
    expect(reads).toBe(1);
    await filled.close();
  });

  it("has no stored tiles where it made the level", async () => {
    expect(await plain.readRawTile(1, 0, 0)).toBeNull();
    expect(await plain.readRawTile(9, 0, 0)).toBeNull();
  });
});
