import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paintCoarse } from "../../samples/painter/paint-coarse.ts";
import { type Painting, paintRegion } from "../../samples/painter/paint-region.ts";
import { labelRegions } from "../../samples/painter/region-labels.ts";
import { makeSlideWorld } from "../../samples/painter/slide-world.ts";
import { chooseView } from "../../samples/painter/training-picture.ts";
import type { Box } from "../../src/geometry.ts";
import { partSizes } from "./truth.ts";

const MPP = 0.25;
const WIDTH_UM = 1024;
const HEIGHT_UM = 768;

function world(seed = 4) {
  return makeSlideWorld(seed, WIDTH_UM, HEIGHT_UM);
}

/** The name of the nucleus at every pixel: numbers differ from cut to cut, names do not. */
function names(painting: Painting): string[] {
  return Array.from(painting.labels, (label) => {
    if (label === 0) return "";
    const { nucleus } = painting.nuclei[label - 1]!;
    return `${nucleus.column},${nucleus.row},${nucleus.index}`;
  });
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("paintRegion", () => {
  it("paints the same bytes from the same seed, others from another", () => {
    const box: Box = { x: 900, y: 700, width: 160, height: 120 };
    const once = paintRegion(world(), box, MPP);
    const again = paintRegion(world(), box, MPP);
    expect(digest(again.rgb)).toBe(digest(once.rgb));
    expect(again.labels).toEqual(once.labels);
    expect(digest(paintRegion(world(5), box, MPP).rgb)).not.toBe(digest(once.rgb));
  });

  it("gives a box the same pixels and nuclei however it is cut out", () => {
    const whole: Box = { x: 760, y: 260, width: 300, height: 240 };
    const reference = paintRegion(world(), whole, MPP);
    const referenceNames = names(reference);
    const box = fc
      .record({
        x: fc.integer({ min: 0, max: 230 }),
        y: fc.integer({ min: 0, max: 180 }),
        width: fc.integer({ min: 1, max: 70 }),
        height: fc.integer({ min: 1, max: 60 }),
      })
      .map((b) => ({ ...b, x: whole.x + b.x, y: whole.y + b.y }));
    fc.assert(
      fc.property(box, (part) => {
        // A world of its own: nothing may hang on what was painted before.
        const painting = paintRegion(world(), part, MPP);
        const partNames = names(painting);
        for (let row = 0; row < part.height; row++) {
          for (let column = 0; column < part.width; column++) {
            const i = row * part.width + column;
            const j = (part.y - whole.y + row) * whole.width + (part.x - whole.x + column);
            expect(partNames[i]).toBe(referenceNames[j]);
            for (let c = 0; c < 3; c++) {
              expect(painting.rgb[i * 3 + c]).toBe(reference.rgb[j * 3 + c]);
            }
          }
        }
      }),
      { numRuns: 12, seed: 20 },
    );
  });

  it("puts nuclei on the seams of patches", () => {
    // Tumour on the sample: a column of pixels cut by several nuclei on both sides.
    const painting = paintRegion(world(), { x: 896, y: 200, width: 256, height: 256 }, MPP);
    const crossing = new Set<number>();
    for (let row = 0; row < 256; row++) {
      const left = painting.labels[row * 256 + 127]!;
      if (left !== 0 && left === painting.labels[row * 256 + 128]) crossing.add(left);
    }
    expect(crossing.size).toBeGreaterThanOrEqual(3);
  });

  it("darkens nuclei in the red, as hematoxylin does", () => {
    const painting = paintRegion(world(), { x: 800, y: 100, width: 400, height: 400 }, MPP);
    const sum = [0, 0];
    const count = [0, 0];
    painting.labels.forEach((label, i) => {
      const where = label === 0 ? 0 : 1;
      sum[where]! += painting.rgb[i * 3]!;
      count[where]!++;
    });
    expect(sum[1]! / count[1]!).toBeLessThan(sum[0]! / count[0]! - 50);
  });

  it("leaves glass bare: bright, and no nuclei", () => {
    const painting = paintRegion(world(), { x: 3900, y: 2900, width: 128, height: 128 }, MPP);
    expect(painting.nuclei).toHaveLength(0);
    expect(Math.min(...painting.rgb)).toBeGreaterThan(215);
  });
});

describe("training views", () => {
  // Ten pictures are enough to meet every kind of tissue, and few enough to be quick.
  const paintings = Array.from({ length: 10 }, (_, i) => {
    const view = chooseView(11, i, 320, MPP);
    return paintRegion(view.world, view.box, MPP);
  });

  it("holds each nucleus in one 4-connected blob unless the border cuts it", () => {
    for (const painting of paintings) {
      const { labels, width, height } = painting;
      const cut = new Set<number>();
      for (let i = 0; i < labels.length; i++) {
        const column = i % width;
        const row = (i - column) / width;
        if (column === 0 || row === 0 || column === width - 1 || row === height - 1) {
          cut.add(labels[i]!);
        }
      }
      for (let label = 1; label <= painting.nuclei.length; label++) {
        const sizes = partSizes(labels, width, label);
        expect(sizes.length).toBeGreaterThanOrEqual(1);
        if (cut.has(label)) continue;
        expect(sizes).toEqual([painting.nuclei[label - 1]!.area]);
      }
    }
  });

  it("has nuclei of plausible number and size, and pictures that differ", () => {
    const areas = paintings.flatMap((p) => p.nuclei.map((n) => n.area * MPP * MPP));
    areas.sort((a, b) => a - b);
    const at = (share: number): number => areas[Math.floor(share * (areas.length - 1))]!;
    // A lymphocyte of 6 µm covers 28 µm², a large tumour nucleus of 18 µm 250 µm².
    expect(at(0.5)).toBeGreaterThan(22);
    expect(at(0.5)).toBeLessThan(110);
    expect(at(0)).toBeGreaterThanOrEqual(5);
    expect(at(1)).toBeLessThan(500);
    const perMm2 = areas.length / (paintings.length * (320 * MPP * 0.001) ** 2);
    expect(perMm2).toBeGreaterThan(1000);
    expect(perMm2).toBeLessThan(12_000);
    expect(new Set(paintings.map((p) => digest(p.rgb))).size).toBe(paintings.length);
  });
});

describe("coarse scales", () => {
  it("averages down to what finer painting shows", () => {
    const w = world();
    const coarse = paintCoarse(w, { x: 100, y: 60, width: 40, height: 40 }, 2);
    const fine = paintRegion(w, { x: 200, y: 120, width: 80, height: 80 }, 1).rgb;
    const mean = (fine[0]! + fine[3]! + fine[80 * 3]! + fine[81 * 3]!) / 4;
    expect(coarse[0]).toBe(Math.floor(mean + 0.5));
  });

  it.each([
    { mpp: 2, kind: "structures" },
    { mpp: 8, kind: "pieces" },
  ] as const)("labels $kind at $mpp µm/px, each one 4-connected region", ({ mpp, kind }) => {
    const size = 256;
    const view = chooseView(4, kind === "pieces" ? 1 : 3, size, mpp);
    const { labels, count } = labelRegions(view.world, view.box, mpp, kind);
    expect(count).toBeGreaterThanOrEqual(2);
    for (let label = 1; label <= count; label++) {
      expect(partSizes(labels, size, label)).toHaveLength(1);
    }
  });

  it("paints tissue darker than the glass between its pieces", () => {
    const view = chooseView(4, 1, 128, 16);
    const rgb = paintCoarse(view.world, view.box, 16);
    const { labels } = labelRegions(view.world, view.box, 16, "pieces");
    const sum = [0, 0];
    const count = [0, 0];
    labels.forEach((label, i) => {
      const where = label === 0 ? 0 : 1;
      sum[where]! += rgb[i * 3 + 1]!;
      count[where]!++;
    });
    expect(count[0]).toBeGreaterThan(0);
    expect(count[1]).toBeGreaterThan(0);
    expect(sum[1]! / count[1]!).toBeLessThan(sum[0]! / count[0]! - 15);
  });
});
