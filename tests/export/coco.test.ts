import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { columnRle } from "../../src/export/coco/column-rle.ts";
import { writeCoco } from "../../src/export/coco/write-coco.ts";
import { polygonArea, type Ring, ringBox } from "../../src/geometry.ts";
import { forEachSpan } from "../../src/row-spans.ts";
import goldens from "../cases/coco/goldens.json" with { type: "json" };
import { squareInstance, strewn, subjectOf } from "./objects.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-coco-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Coco {
  readonly info: Readonly<Record<string, unknown>>;
  readonly images: readonly object[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
  readonly annotations: readonly {
    readonly id: number;
    readonly category_id: number;
    readonly bbox: readonly number[];
    readonly area: number;
    readonly uuid: string;
    readonly segmentation: { readonly counts: string; readonly size: number[] } | number[][];
  }[];
}

async function written(...[subject, target]: Parameters<typeof writeCoco>): Promise<Coco> {
  await writeCoco(subject, target);
  return JSON.parse(readFileSync(target.path, "utf8"));
}

describe("columnRle", () => {
  it.each(goldens)("is what pycocotools makes of $rectangles in $width × $height", (golden) => {
    const rings = golden.rectangles.map(([x, y, w, h]): Ring => {
      return [x!, y!, x! + w!, y!, x! + w!, y! + h!, x!, y! + h!];
    });
    const { counts, pixels } = columnRle(rings, golden.width, golden.height);
    expect({ counts, pixels }).toEqual({ counts: golden.counts, pixels: golden.pixels });
  });

  it("covers as many pixels as the rows of an outline do", () => {
    for (const { polygon } of strewn(200, 300)) {
      // No centre of a pixel lies on an edge: there, rows and columns may take it otherwise.
      const rings = [polygon.outer, ...polygon.holes].map((ring) =>
        ring.map((value, i) => value + (i % 2 === 0 ? 0.00317 : 0.00071)),
      );
      let expected = 0;
      forEachSpan(rings, { x: 0, y: 0, width: 250, height: 280 }, (_, x0, x1) => {
        expected += x1 - x0;
      });
      const { pixels } = columnRle(rings, 250, 280);
      expect(pixels).toBe(expected);
    }
  });
});

describe("writeCoco", () => {
  it("writes an annotation an object with mask, box, area and class", async () => {
    const objects = [squareInstance(0, { classification: "Stromal" }), squareInstance(1)];
    const path = join(folder, "coco.json");
    const { info, images, categories, annotations } = await written(subjectOf(objects), { path });
    expect(info).toMatchObject({ notice: "for research use only", model: "m1" });
    expect(images).toEqual([
      { id: 1, file_name: "slide.svs", width: 4000, height: 3000, micrometers_per_pixel: 0.25 },
    ]);
    expect(categories).toEqual([
      { id: 1, name: "Stromal", supercategory: "nuclei" },
      { id: 2, name: "Nucleus", supercategory: "nuclei" },
    ]);
    expect(annotations.map(({ category_id }) => category_id)).toEqual([1, 2]);
    expect(annotations[1]).toMatchObject({
      id: 2,
      image_id: 1,
      iscrowd: 0,
      bbox: [20.25, 0, 10, 10],
      area: 96,
      score: 0.91,
      uuid: objects[1]!.id,
      segmentation: { size: [3000, 4000] },
    });
  });

  it("draws on a coarser picture where asked to", async () => {
    const path = join(folder, "half.json");
    const target = { path, mpp: 0.5 };
    const { images, annotations } = await written(subjectOf([squareInstance(2)]), target);
    expect(images[0]).toMatchObject({ width: 2000, height: 1500, micrometers_per_pixel: 0.5 });
    expect(annotations[0]).toMatchObject({ bbox: [20.13, 0, 5, 5], area: 24 });
  });

  it("writes polygons where pycocotools cannot count the picture's pixels", async () => {
    const path = join(folder, "large.json");
    const objects = strewn(30);
    const subject = subjectOf(objects, { width: 70_000, height: 65_000 });
    const { annotations } = await written(subject, { path });
    for (const [i, { segmentation, area }] of annotations.entries()) {
      const { polygon } = objects[i]!;
      const [ring] = segmentation as number[][];
      expect(area).toBeCloseTo(polygonArea(polygon), 1);
      // Holes run the other way round, so that the slit ring has the polygon's own area.
      expect(polygonArea({ outer: ring!, holes: [] })).toBeCloseTo(polygonArea(polygon), 6);
      expect(ringBox(ring!)).toEqual(ringBox(polygon.outer));
    }
  });
});
