import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { estimateMacenko } from "../../src/tiler/estimate-macenko.ts";
import { estimateReinhard } from "../../src/tiler/estimate-reinhard.ts";
import { estimateStain } from "../../src/tiler/estimate-stain.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { decodePicture } from "../../src/tiler/picture.ts";
import { detectTissue } from "../../src/tiler/tissue.ts";
import { paint, rgb, scratchFolder } from "./write-slides.ts";

const CASES = resolve(import.meta.dirname, "../cases/stain");
const goldens = JSON.parse(readFileSync(join(CASES, "goldens.json"), "utf8"));
const SAMPLE = resolve(import.meta.dirname, "../../samples/sample.tif");
const folder = scratchFolder();

const expectNear = (found: readonly number[], golden: readonly number[]) =>
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(golden[i]!, 5);
  });

describe("against numpy (make-goldens.py)", async () => {
  const { data } = await decodePicture(join(CASES, "input.png"));

  it("estimates Macenko's vectors and percentiles", () => {
    const found = estimateMacenko(data, goldens.white);
    if (typeof found === "string") throw new Error(found);
    expect(found.pixels).toBe(goldens.macenko.pixels);
    expectNear(found.hematoxylin, goldens.macenko.hematoxylin);
    expectNear(found.eosin, goldens.macenko.eosin);
    expectNear(found.most, goldens.macenko.most);
  });

  it("estimates Reinhard's means and deviations", () => {
    const found = estimateReinhard(data);
    if (typeof found === "string") throw new Error(found);
    expectNear(found.mean, goldens.reinhard.mean);
    expectNear(found.deviation, goldens.reinhard.deviation);
  });
});

async function estimateOf(path: string, method: "macenko" | "reinhard", mpp?: number) {
  const slide = await openSlide(path, mpp === undefined ? {} : { mpp });
  try {
    return await estimateStain(slide, await detectTissue(slide), method);
  } finally {
    await slide.close();
  }
}

async function painted(name: string, at: (x: number, y: number) => [number, number, number]) {
  const path = join(folder, `${name}.png`);
  await rgb(paint(400, 300, at), 400, 300)
    .png()
    .toFile(path);
  return path;
}

describe("a slide's stains", () => {
  it("are the same each time, hematoxylin the one that takes more red", async () => {
    const first = await estimateOf(SAMPLE, "macenko");
    expect(await estimateOf(SAMPLE, "macenko")).toEqual(first);
    if (typeof first === "string" || first.method !== "macenko") throw new Error("no estimate");
    expect(first.hematoxylin[0]).toBeGreaterThan(first.eosin[0] + 0.2);
    for (const vector of [first.hematoxylin, first.eosin]) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });

  it("take no glass in", async () => {
    const found = await estimateOf(SAMPLE, "reinhard");
    if (typeof found === "string" || found.method !== "reinhard") throw new Error("no estimate");
    // l of glass at 243 is 9.51.
    expect(found.mean[0]).toBeLessThan(9.2);
  });

  it("are not guessed on bare glass, nor from one stain", async () => {
    const glass = await painted("glass", () => [240, 240, 242]);
    expect(await estimateOf(glass, "macenko", 1)).toBe("0 stained pixels, expected at least 2000");
    expect(await estimateOf(glass, "reinhard", 1)).toBe("0 tissue pixels, expected at least 2000");
    const one = await painted("one", (x, y) => {
      const amount = 0.3 + ((x * 31 + y * 17) % 100) / 100;
      return [0.3, 0.8, 0.5].map((v) => Math.round(240 * Math.exp(-amount * v))) as [
        number,
        number,
        number,
      ];
    });
    expect(await estimateOf(one, "macenko", 1)).toContain("one stain only");
  });
});
