import { statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { paintRegion } from "../../samples/painter/paint-region.ts";
import { makeSlideWorld } from "../../samples/painter/slide-world.ts";
import { nucleusTruth } from "../../samples/truth-outlines.ts";
import { type Box, polygonArea, ringBox } from "../../src/geometry.ts";
import { polygonFault } from "../../src/polygon-validity.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { drawTruth, polygonOf, readTruth, type TruthRecord } from "./truth.ts";

const SAMPLES = join(import.meta.dirname, "../../samples");
const SEED = 4;
const MPP = 0.25;
const SIZE = { width: 4096, height: 3072 };

function near(records: readonly TruthRecord[], box: Box): TruthRecord[] {
  return records.filter((record) => {
    const b = ringBox(polygonOf(record).outer);
    return (
      b.x < box.x + box.width &&
      b.y < box.y + box.height &&
      b.x + b.width > box.x &&
      b.y + b.height > box.y
    );
  });
}

describe("the committed sample", () => {
  let nuclei: TruthRecord[] = [];
  const world = makeSlideWorld(SEED, SIZE.width * MPP, SIZE.height * MPP);

  beforeAll(() => {
    nuclei = readTruth(join(SAMPLES, "sample.nuclei.geojson.gz"));
  });

  it("is under 4 MB, truth included, and says its µm/px", async () => {
    const bytes = ["tif", "nuclei.geojson.gz", "regions.geojson.gz", "tissue.geojson.gz"]
      .map((end) => statSync(join(SAMPLES, `sample.${end}`)).size)
      .reduce((a, b) => a + b);
    expect(bytes).toBeLessThan(4_000_000);
    const slide = await openSlide(join(SAMPLES, "sample.tif"));
    expect(slide.size).toEqual(SIZE);
    expect(slide.mpp?.x).toBeCloseTo(MPP, 6);
    expect(slide.mpp?.y).toBeCloseTo(MPP, 6);
    expect(slide.levels.map((level) => level.downsample)).toEqual([1, 2, 4, 8]);
    await slide.close();
  });

  it("has valid outlines on whole pixels whose area is their number of pixels", () => {
    for (const record of nuclei) {
      const polygon = polygonOf(record);
      expect(record.objectType).toBe("detection");
      expect(record.id).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(polygon.outer.every(Number.isInteger)).toBe(true);
      expect(polygonFault(polygon)).toBeNull();
      expect(Math.abs(polygonArea(polygon) * MPP * MPP - record.areaUm2)).toBeLessThan(0.0051);
    }
    expect(new Set(nuclei.map((record) => record.id)).size).toBe(nuclei.length);
  });

  it("has every kind of nucleus, in plausible number", () => {
    const classes = new Map<string, number>();
    for (const { className } of nuclei) classes.set(className, (classes.get(className) ?? 0) + 1);
    for (const name of ["Tumor", "Immune cells", "Stroma", "Epithelium"]) {
      expect(classes.get(name)).toBeGreaterThan(150);
    }
    expect(nuclei.length).toBeGreaterThan(1500);
    expect(nuclei.length).toBeLessThan(6000);
  });

  // Tumour, gland and fat, lymphocytes with a seam of 512-px patches in the middle, the slide's left border, its top.
  it.each([
    { x: 800, y: 60, width: 300, height: 260 },
    { x: 1900, y: 1100, width: 300, height: 260 },
    { x: 2450, y: 380, width: 260, height: 260 },
    { x: 1300, y: 0, width: 200, height: 120 },
  ])("is what the painter paints, at $x, $y", (box) => {
    const painting = paintRegion(world, box, MPP);
    const records = near(nuclei, box);
    const drawn = drawTruth(records, box);
    expect(painting.nuclei.length).toBeGreaterThan(0);
    // Names, not numbers: which nucleus is at each pixel.
    const byName = new Map<string, number>();
    let wrong = 0;
    for (let i = 0; i < drawn.length; i++) {
      const [a, b] = [painting.labels[i]!, drawn[i]!];
      if (a === 0 || b === 0) {
        if (a !== b) wrong++;
        continue;
      }
      const pair = byName.get(String(a));
      if (pair === undefined) byName.set(String(a), b);
      else if (pair !== b) wrong++;
    }
    expect(wrong).toBe(0);
    expect(new Set(byName.values()).size).toBe(byName.size);
    expect(byName.size).toBe(painting.nuclei.length);
  });

  it("is what its seed gives, nucleus by nucleus", () => {
    // The first rows of cells are enough: the rest follows by the same way.
    const slide = { width: SIZE.width, height: 256 };
    const made = [...nucleusTruth(world, slide, MPP)].filter((object) => {
      const box = ringBox(object.polygon.outer);
      return box.y + box.height < 200;
    });
    const known = new Map(nuclei.map((record) => [record.id, record]));
    expect(made.length).toBeGreaterThan(80);
    for (const object of made) {
      const record = known.get(object.id);
      expect(record).toBeDefined();
      expect(polygonOf(record!)).toEqual(object.polygon);
      expect(record!.className).toBe(object.className);
    }
  });

  it("shows in its pixels what the painter paints there", async () => {
    const box: Box = { x: 800, y: 60, width: 256, height: 256 };
    const slide = await openSlide(join(SAMPLES, "sample.tif"));
    const stored = await slide.readRegion(0, box);
    await slide.close();
    const { rgb } = paintRegion(world, box, MPP);
    let sum = 0;
    for (let i = 0; i < rgb.length; i++) sum += Math.abs(rgb[i]! - stored.data[i]!);
    // JPEG's own loss, nothing more.
    expect(sum / rgb.length).toBeLessThan(5);
  });

  it("has about a quarter or more of bare glass, and its regions inside the tissue", () => {
    const tissue = readTruth(join(SAMPLES, "sample.tissue.geojson.gz"));
    const regions = readTruth(join(SAMPLES, "sample.regions.geojson.gz"));
    const covered = tissue.reduce((sum, r) => sum + polygonArea(polygonOf(r)), 0);
    const share = covered / (SIZE.width * SIZE.height);
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.8);
    expect(regions.filter((r) => r.className === "Tumor").length).toBeGreaterThan(2);
    expect(regions.filter((r) => r.className === "Epithelium").length).toBeGreaterThan(5);
    for (const region of [...tissue, ...regions]) {
      expect(region.objectType).toBe("annotation");
      expect(polygonFault(polygonOf(region))).toBeNull();
    }
  });
});
