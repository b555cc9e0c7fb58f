import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { levelDownsample, planResize, readResized } from "../../src/tiler/read-resized.ts";
import type { RgbImage, Slide } from "../../src/tiler/slide.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
const [WIDTH, HEIGHT] = [603, 401];

describe("readResized", () => {
  let slide: Slide;

  beforeAll(async () => {
    await rgb(paint(WIDTH, HEIGHT, busy), WIDTH, HEIGHT)
      .tiff({ tile: true, tileWidth: 64, tileHeight: 64, pyramid: true, compression: "deflate" })
      .toFile(join(folder, "slide.tif"));
    slide = await openSlide(join(folder, "slide.tif"));
  });

  afterAll(async () => {
    await slide?.close();
  });

  it("takes whole downsamples where they explain a level's size", () => {
    expect(slide.levels.map((level) => levelDownsample(slide, level))).toEqual(
      slide.levels.map((_, i) => ({ x: 2 ** i, y: 2 ** i })),
    );
    const odd = { ...slide.levels[1]!, size: { width: 402, height: 267 } };
    expect(levelDownsample(slide, odd)).toEqual({ x: 603 / 402, y: 401 / 267 });
  });

  it("copies a level's own pixels", async () => {
    const asked = await readResized(
      slide,
      { x: 32, y: 16, width: 200, height: 120 },
      { width: 50, height: 30 },
    );
    const own = await slide.readRegion(2, { x: 8, y: 4, width: 50, height: 30 });
    expect(asked.data).toEqual(own.data);
  });

  it("reads the coarsest level that is fine enough on both axes", () => {
    const plan = (width: number, height: number) =>
      planResize(slide, { x: 0, y: 0, width: 400, height: 400 }, { width, height });
    expect(plan(100, 100)).toEqual({ level: 2, across: 1, down: 1, cost: 100 * 100 });
    expect(plan(101, 99)).toMatchObject({ level: 1, cost: 200 * 200 });
    expect(plan(100, 400)).toMatchObject({ level: 0, across: 0.25, down: 1 });
    expect(plan(1, 1)).toMatchObject({ level: slide.levels.length - 1 });
  });

  it("tiles of a size between levels meet without a seam", async () => {
    const whole = await readResized(
      slide,
      { x: 0, y: 0, width: 600, height: 300 },
      { width: 200, height: 100 },
    );
    for (const [x, y] of [
      [0, 0],
      [100, 50],
    ] as const) {
      const part = await readResized(
        slide,
        { x: x * 3, y: y * 3, width: 300, height: 150 },
        { width: 100, height: 50 },
      );
      for (let row = 0; row < 50; row++) {
        expect(line(part, row, 0, 100)).toEqual(line(whole, y + row, x, 100));
      }
    }
  });

  it("repeats the edge where the box sticks out", async () => {
    const out = await readResized(
      slide,
      { x: WIDTH - 3, y: 0, width: 8, height: 1 },
      { width: 8, height: 1 },
    );
    const last = [...busy(WIDTH - 1, 0)];
    expect([...out.data.subarray(6)]).toEqual([0, 1, 2, 3, 4, 5].flatMap(() => last));
    const dot = await readResized(
      slide,
      { x: 0, y: 0, width: 1024, height: 1024 },
      { width: 1, height: 1 },
    );
    expect(Math.min(...dot.data)).toBeGreaterThan(60);
    expect(Math.max(...dot.data)).toBeLessThan(200);
  });

  it.each([
    [
      { x: 0.5, y: 0, width: 8, height: 8 },
      { width: 8, height: 8 },
    ],
    [
      { x: -1, y: 0, width: 8, height: 8 },
      { width: 8, height: 8 },
    ],
    [
      { x: 0, y: 0, width: 0, height: 8 },
      { width: 8, height: 8 },
    ],
    [
      { x: 0, y: 0, width: 8, height: 8 },
      { width: 2 ** 20, height: 2 ** 20 },
    ],
  ])("refuses %o at %o", async (box, size) => {
    await expect(readResized(slide, box, size)).rejects.toMatchObject({ code: "usage" });
  });
});

function line(image: RgbImage, row: number, from: number, width: number): number[] {
  const at = (row * image.width + from) * 3;
  return [...image.data.subarray(at, at + width * 3)];
}
