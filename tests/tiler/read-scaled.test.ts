import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Box } from "../../src/geometry.ts";
import type { Scale } from "../../src/scales/scale.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { readScaled } from "../../src/tiler/read-scaled.ts";
import type { RgbImage, Slide } from "../../src/tiler/slide.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

interface Goldens {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly {
    readonly resample: number;
    readonly box: [number, number, number, number];
    readonly pixels: readonly number[];
  }[];
}

const folder = scratchFolder();
const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, "../cases/resample/goldens.json"), "utf8"),
) as Goldens;

function scaleOf(resample: number): Scale {
  return { level: 0, mpp: 1, resample, gridDownsample: 1 / resample, upsampled: resample > 1 };
}

function pixel(image: RgbImage, x: number, y: number): number[] {
  return [...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3)];
}

describe("readScaled", () => {
  let small: Slide;
  let tiled: Slide;
  let grey: Slide;

  beforeAll(async () => {
    const { width, height } = goldens;
    await rgb(paint(width, height, busy), width, height)
      .png()
      .toFile(join(folder, "small.png"));
    await rgb(paint(300, 260, busy), 300, 260)
      .tiff({ tile: true, tileWidth: 64, tileHeight: 64, compression: "deflate" })
      .toFile(join(folder, "tiled.tif"));
    await rgb(
      paint(50, 40, () => [90, 90, 90]),
      50,
      40,
    )
      .png()
      .toFile(join(folder, "grey.png"));
    small = await openSlide(join(folder, "small.png"));
    tiled = await openSlide(join(folder, "tiled.tif"));
    grey = await openSlide(join(folder, "grey.png"));
  });

  afterAll(async () => {
    for (const slide of [small, tiled, grey]) await slide.close();
  });

  for (const golden of goldens.cases) {
    it(`equals Pillow at resample ${golden.resample}, box ${golden.box}`, async () => {
      const [x, y, width, height] = golden.box;
      const image = await readScaled(small, scaleOf(golden.resample), { x, y, width, height });
      const worst = golden.pixels.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - image.data[i]!)),
        0,
      );
      expect(worst).toBeLessThanOrEqual(1);
    });
  }

  it("gives overlapping boxes the same pixels, wherever they are cut", async () => {
    const boxes = (limit: number) =>
      fc.record({
        x: fc.integer({ min: -20, max: limit }),
        y: fc.integer({ min: -20, max: limit }),
        width: fc.integer({ min: 1, max: 90 }),
        height: fc.integer({ min: 1, max: 90 }),
      });
    const property = fc.asyncProperty(
      fc.double({ min: 0.1, max: 4, noNaN: true }),
      boxes(200),
      fc.integer({ min: -60, max: 60 }),
      fc.integer({ min: -60, max: 60 }),
      async (resample, a, dx, dy) => {
        const b: Box = { ...a, x: a.x + dx, y: a.y + dy };
        const scale = scaleOf(resample);
        const [first, second] = [
          await readScaled(tiled, scale, a),
          await readScaled(tiled, scale, b),
        ];
        for (let y = Math.max(a.y, b.y); y < Math.min(a.y, b.y) + a.height; y++) {
          for (let x = Math.max(a.x, b.x); x < Math.min(a.x, b.x) + a.width; x++) {
            expect(pixel(first, x - a.x, y - a.y)).toEqual(pixel(second, x - b.x, y - b.y));
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("copies at resample 1", async () => {
    const box = { x: -3, y: 250, width: 70, height: 20 };
    const scaled = await readScaled(tiled, scaleOf(1), box);
    expect(scaled).toEqual(await tiled.readRegion(0, box));
    expect(pixel(scaled, 5, 2)).toEqual([...busy(2, 252)]);
  });

  it("lets no white bleed in at the edge, and is white beyond it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.15, max: 5, noNaN: true }), async (resample) => {
        const box = { x: -4, y: -4, width: 280, height: 280 };
        const image = await readScaled(grey, scaleOf(resample), box);
        for (const [gx, gy] of [
          [0, 0],
          [-1, 0],
          [0, -1],
          [100, 100],
          [260, 3],
        ] as const) {
          const inside = (g: number, side: number) => g >= 0 && (g + 0.5) / resample < side;
          const expected = inside(gx, 50) && inside(gy, 40) ? 90 : 255;
          expect(pixel(image, gx + 4, gy + 4)).toEqual([expected, expected, expected]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("stops when its signal aborts", async () => {
    const box = { x: 0, y: 0, width: 10, height: 10 };
    await expect(readScaled(tiled, scaleOf(0.5), box, AbortSignal.abort())).rejects.toThrow(
      /abort/i,
    );
  });

  it("refuses a box of no size or of parts of pixels", async () => {
    for (const box of [
      { x: 0, y: 0, width: 0, height: 5 },
      { x: 0.5, y: 0, width: 5, height: 5 },
      { x: 0, y: 0, width: 1e6, height: 1e6 },
    ]) {
      await expect(readScaled(tiled, scaleOf(0.5), box)).rejects.toMatchObject({ code: "usage" });
    }
  });
});
