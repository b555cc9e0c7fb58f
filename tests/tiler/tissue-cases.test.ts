import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { paintTissueCases, type TissueCase } from "../../samples/tissue-cases.ts";
import { scoreTissue } from "../../samples/tissue-score.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { detectTissue } from "../../src/tiler/tissue.ts";
import { scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();

/** What may be lost at most; docs/tissue.md has the figures. */
const LEAST: Readonly<Record<string, { iou: number; recall: number }>> = {
  clean: { iou: 0.98, recall: 0.999 },
  // Painted walls are thinner than a pixel, and broken: the plan bridges what the outline does not.
  fat: { iou: 0.5, recall: 0.9 },
  "all tissue": { iou: 0.94, recall: 0.99 },
  "no tissue": { iou: 1, recall: 1 },
  pale: { iou: 0.86, recall: 0.98 },
  // Tissue under opaque ink is not to be seen.
  "red pen": { iou: 0.85, recall: 0.99 },
  "green pen": { iou: 0.88, recall: 0.99 },
  "blue pen": { iou: 0.97, recall: 0.99 },
  "black pen": { iou: 0.78, recall: 0.99 },
  "scanner border": { iou: 0.98, recall: 0.999 },
  "coverslip, bubble, dust": { iou: 0.96, recall: 0.999 },
  "unscanned, tinted glass": { iou: 0.98, recall: 0.999 },
  DAB: { iou: 0.97, recall: 0.99 },
};

describe("painted slides with exact truth", () => {
  const cases = paintTissueCases();

  it("are the ones with a bound", () => {
    expect(cases.map(({ name }) => name).sort()).toEqual(Object.keys(LEAST).sort());
  });

  it.each(cases.map((painted) => [painted.name, painted] as const))("%s", async (name, painted) => {
    const figures = scoreTissue(await detect(painted), painted);
    expect(figures.iou).toBeGreaterThanOrEqual(LEAST[name]!.iou);
    expect(figures.recall).toBeGreaterThanOrEqual(LEAST[name]!.recall);
    if (figures.inkKept !== null) {
      expect(figures.inkKept).toBeLessThan(name === "black pen" ? 0.25 : 0.05);
    }
  });
});

async function detect({ rgb, width, height, mpp }: TissueCase) {
  const path = join(folder, "case.png");
  await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  const slide = await openSlide(path, { mpp });
  try {
    return await detectTissue(slide);
  } finally {
    await slide.close();
  }
}
