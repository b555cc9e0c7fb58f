import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelGrid } from "../../../src/export/labels/label-grid.ts";
import { labelTiles, levelSizes } from "../../../src/export/labels/label-pyramid.ts";
import type { Size } from "../../../src/geometry.ts";
import { partPolygon } from "../../../src/merge/contour.ts";
import { connectedParts } from "../../../src/merge/span-sets.ts";
import type { InstanceSource } from "../../../src/store/instance-source.ts";
import { bitmaps, pixelsOf, spansFrom } from "../../merge/shapes.ts";
import { memorySource } from "../memory-source.ts";
import { squareInstance } from "../objects.ts";
import {
  golden,
  goldenLabels,
  goldenMpp,
  goldenSlide,
  goldenSource,
  halved,
  pictureKey,
} from "./goldens.ts";

/** All levels, put together of their tiles. */
async function drawLevels(
  source: InstanceSource,
  slide: { readonly size: Size; readonly mpp: number },
  mpp: number,
  side: number,
) {
  const grid = labelGrid(slide, mpp, side);
  const levels = levelSizes(grid, side).map((size) => ({
    size,
    labels: new Uint32Array(size.width * size.height),
  }));
  const order: string[] = [];
  let strays = 0;
  for await (const { level, column, row, labels } of labelTiles(source, grid, side)) {
    const { size, labels: into } = levels[level]!;
    order.push(`${level}/${column}/${row}`);
    expect(labels.some((label) => label !== 0)).toBe(true);
    labels.forEach((label, i) => {
      const x = column * side + (i % side);
      const y = row * side + Math.floor(i / side);
      if (x < size.width && y < size.height) into[y * size.width + x] = label;
      else if (label !== 0) strays++;
    });
  }
  expect(strays).toBe(0);
  return { levels, order };
}

describe("labelTiles", () => {
  it.each([8, 64, 512])("draws what GEOS and scikit-image draw, tiles of %i px", async (side) => {
    const { levels } = await drawLevels(goldenSource, goldenSlide, goldenMpp, side);
    expect(levels[0]!.size).toEqual(golden.size);
    expect(levels[0]!.labels).toEqual(goldenLabels());
    for (let i = 1; i < levels.length; i++) {
      const { labels, size } = levels[i - 1]!;
      expect(pictureKey(levels[i]!)).toBe(pictureKey(halved(labels, size)));
    }
    expect(Math.max(...Object.values(levels.at(-1)!.size))).toBeLessThanOrEqual(side);
  });

  it("gives finer tiles before the one made of them, and no tile twice", async () => {
    const { order } = await drawLevels(goldenSource, goldenSlide, goldenMpp, 64);
    expect(new Set(order).size).toBe(order.length);
    expect(order.slice(0, 5)).toEqual(["0/0/0", "0/1/0", "0/0/1", "0/1/1", "1/0/0"]);
    expect(order.at(-1)).toBe("2/0/0");
  });

  it("gives back the masks of outlines that were not simplified, on any grid", async () => {
    const downsamples = fc.constantFrom(0.5, 0.502, 1, 1.013, 3.9987);
    await fc.assert(
      fc.asyncProperty(bitmaps, downsamples, fc.nat(40), async (rows, downsample, place) => {
        const spans = spansFrom(rows, place, place);
        if (spans === null) return;
        const parts = connectedParts(spans);
        const level0 = (ring: readonly number[]) =>
          ring.map((value) => Math.round(value * downsample * 100) / 100);
        const source = memorySource(
          parts.map((part, n) => {
            const { outer, holes } = partPolygon(part);
            return squareInstance(n, {
              polygon: { outer: level0(outer), holes: holes.map(level0) },
            });
          }),
        );
        const side = Math.ceil(120 * downsample);
        const slide = { size: { width: side, height: side }, mpp: 0.25 };
        const { levels } = await drawLevels(source, slide, 0.25 * downsample, 32);
        const { labels, size } = levels[0]!;
        const drawn = parts.map(() => new Set<string>());
        labels.forEach((label, i) => {
          if (label > 0) drawn[label - 1]!.add(`${i % size.width},${Math.floor(i / size.width)}`);
        });
        expect(drawn).toEqual(parts.map(pixelsOf));
      }),
      { numRuns: 60 },
    );
  });

  it("refuses more objects than labels, and an image that no reader counts", async () => {
    const many = memorySource([], 2 ** 32);
    const grid = labelGrid(goldenSlide, goldenMpp, 64);
    await expect(labelTiles(many, grid, 64).next()).rejects.toMatchObject({ code: "usage" });
    const huge = { size: { width: 2 ** 22, height: 2 ** 22 }, mpp: 0.25 };
    expect(() => labelGrid(huge, 0.01, 512)).toThrow(/coarser --mpp/);
  });
});
