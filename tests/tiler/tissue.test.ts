import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { areaMm2, detectTissue, type FoundTissue } from "../../src/tiler/tissue.ts";
import { DATA, hasData } from "../shared-data.ts";
import { paint, rgb, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();
type Color = readonly [number, number, number];
const GLASS: Color = [242, 241, 243];
const EOSIN: Color = [226, 170, 200];
const NUCLEUS: Color = [110, 70, 150];

/** A little noise, the same each time. */
const noisy = (color: Color, x: number, y: number): Color => {
  const n = ((x * 7919 + y * 104729) % 13) - 6;
  return [color[0] + n, color[1] + n, color[2] + n].map((v) =>
    Math.min(255, Math.max(0, v)),
  ) as unknown as Color;
};

async function tissueOf(
  name: string,
  width: number,
  height: number,
  at: (x: number, y: number) => Color,
): Promise<FoundTissue> {
  const path = join(folder, `${name}.png`);
  await rgb(
    paint(width, height, (x, y) => noisy(at(x, y), x, y)),
    width,
    height,
  )
    .png()
    .toFile(path);
  const slide = await openSlide(path, { mpp: 2 });
  try {
    return await detectTissue(slide);
  } finally {
    await slide.close();
  }
}

const share = (mask: FoundTissue) =>
  mask.data.reduce((sum, cell) => sum + cell, 0) / mask.data.length;

/** Whether the cell that holds a level-0 pixel is tissue. */
const isTissue = (mask: FoundTissue, x: number, y: number) =>
  mask.data[Math.floor(y / mask.downsampleY) * mask.width + Math.floor(x / mask.downsampleX)] === 1;

describe("detectTissue", () => {
  it("finds nothing on bare glass, tinted or shaded", async () => {
    expect(share(await tissueOf("glass", 600, 400, () => GLASS))).toBe(0);
    expect(share(await tissueOf("tinted", 600, 400, () => [238, 230, 244]))).toBe(0);
    const shaded = await tissueOf("shaded", 600, 400, (x) => [
      242 - x / 30,
      241 - x / 30,
      243 - x / 30,
    ]);
    expect(share(shaded)).toBe(0);
  });

  it("takes a field without glass for tissue, dark or pale", async () => {
    expect(share(await tissueOf("stroma", 600, 400, () => EOSIN))).toBe(1);
    const dense = (x: number, y: number) => (((x >> 3) + (y >> 3)) % 2 ? NUCLEUS : EOSIN);
    expect(share(await tissueOf("dense", 600, 400, dense))).toBe(1);
  });

  it("covers a piece and a margin, fills its lumen, and leaves dust and border out", async () => {
    // At 2 µm/px a disc of 300 µm radius, a lumen of 40 µm radius, dust of 4 px, a black border.
    const mask = await tissueOf("piece", 800, 600, (x, y) => {
      const r = Math.hypot(x - 400, y - 300);
      if (x < 20) return [4, 4, 4];
      if (Math.hypot(x - 700, y - 60) < 2) return NUCLEUS;
      return r < 150 && r > 20 ? EOSIN : GLASS;
    });
    for (const [x, y, expected] of [
      [400, 300, true],
      [300, 300, true],
      [400 + 152, 300, true],
      [400 + 190, 300, false],
      [700, 60, false],
      [5, 300, false],
      [100, 100, false],
    ] as const) {
      expect(isTissue(mask, x, y), `${x},${y}`).toBe(expected);
    }
    expect(mask.width * mask.downsampleX).toBeCloseTo(800, 9);
    expect(mask.height * mask.downsampleY).toBeCloseTo(600, 9);
    // π · 0.3² mm², and a margin of 16 µm or a little more.
    const area = areaMm2(mask.areaPx, 2);
    expect(area).toBeGreaterThan(Math.PI * 0.3 ** 2);
    expect(area).toBeLessThan(Math.PI * 0.335 ** 2);
  });

  it("leaves solid pen out", async () => {
    const mask = await tissueOf("pen", 600, 400, (x) => {
      if (x < 100) return [20, 110, 90];
      if (x < 200) return [205, 25, 30];
      if (x < 300) return [40, 110, 215];
      return x < 400 ? GLASS : EOSIN;
    });
    for (const [x, expected] of [
      [50, false],
      [150, false],
      [250, false],
      [350, false],
      [500, true],
    ] as const) {
      expect(isTissue(mask, x, 200), `${x}`).toBe(expected);
    }
  });

  it("is the same from a pyramid's low level as from level 0", async () => {
    const at = (x: number, y: number) => (Math.hypot(x - 900, y - 700) < 500 ? EOSIN : GLASS);
    const pixels = paint(1800, 1400, at);
    const options = {
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      compression: "deflate",
    } as const;
    await rgb(pixels, 1800, 1400).tiff(options).toFile(join(folder, "flat.tif"));
    await rgb(pixels, 1800, 1400)
      .tiff({ ...options, pyramid: true })
      .toFile(join(folder, "deep.tif"));
    const [flat, deep] = [
      await openSlide(join(folder, "flat.tif"), { mpp: 0.5 }),
      await openSlide(join(folder, "deep.tif"), { mpp: 0.5 }),
    ];
    expect(deep.levels.length).toBeGreaterThan(2);
    const [a, b] = [await detectTissue(flat), await detectTissue(deep)];
    await flat.close();
    await deep.close();
    expect([b.width, b.height]).toEqual([a.width, a.height]);
    const differing = a.data.reduce((sum, cell, i) => sum + Math.abs(cell - b.data[i]!), 0);
    expect(differing / a.data.length).toBeLessThan(0.01);
  });
});

const FIELDS = "test/nuclei-monuseg-train13/images";

it.skipIf(!hasData(FIELDS))("H&E fields that fill the picture are tissue throughout", async () => {
  for (const name of readdirSync(join(DATA, FIELDS))) {
    const slide = await openSlide(join(DATA, FIELDS, name), { mpp: 0.25 });
    expect(share(await detectTissue(slide)), name).toBeGreaterThan(0.99);
    await slide.close();
  }
});

const CMU = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";

it.skipIf(!hasData(CMU))("CMU-1-Small-Region: skin on both sides of much glass", async () => {
  const slide = await openSlide(join(DATA, CMU));
  const mask = await detectTissue(slide);
  await slide.close();
  for (const [x, y, expected] of [
    [1200, 1500, true],
    [900, 2800, true],
    [100, 1400, false],
    [2000, 300, false],
    [400, 2500, false],
  ] as const) {
    expect(isTissue(mask, x, y), `${x},${y}`).toBe(expected);
  }
});
