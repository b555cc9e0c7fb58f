import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cropLayers, isNearCropEdge } from "../../src/segment/crop-layers.ts";

describe("cropLayers", () => {
  it("gives the reference's crops (generate_crop_boxes of segment-anything 1.0)", () => {
    const boxes = cropLayers({ width: 1000, height: 700 }, 1, 512 / 1500).map(
      ({ box: { x, y, width, height }, layer }) => [layer, x, y, x + width, y + height],
    );
    expect(boxes).toEqual([
      [0, 0, 0, 1000, 700],
      [1, 0, 0, 619, 469],
      [1, 0, 231, 619, 700],
      [1, 381, 0, 1000, 469],
      [1, 381, 231, 1000, 700],
    ]);
  });

  it("covers the patch in every layer, inside it", () => {
    const side = fc.integer({ min: 64, max: 2000 });
    const ratio = fc.double({ min: 0, max: 0.6, noNaN: true });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 0, max: 3 }), ratio, (width, height, layers, r) => {
        const crops = cropLayers({ width, height }, layers, r);
        expect(crops).toHaveLength((4 ** (layers + 1) - 1) / 3);
        for (let layer = 0; layer <= layers; layer++) {
          const own = crops.filter((crop) => crop.layer === layer).map(({ box }) => box);
          for (const { x, y, width: w, height: h } of own) {
            expect(Math.min(x, y, w - 1, h - 1)).toBeGreaterThanOrEqual(0);
            expect(x + w <= width && y + h <= height).toBe(true);
          }
          for (const [px, py] of [
            [0, 0],
            [width - 1, height - 1],
            [Math.floor(width / 2), Math.floor(height / 3)],
          ] as const) {
            const covered = own.some(
              (b) => px >= b.x && py >= b.y && px < b.x + b.width && py < b.y + b.height,
            );
            expect(covered).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("isNearCropEdge", () => {
  const patch = { width: 1000, height: 700 };
  const crop = { x: 381, y: 0, width: 619, height: 469 };
  it.each([
    ["well inside", { x: 500, y: 100, width: 50, height: 50 }, false],
    ["at the crop's left edge", { x: 401, y: 100, width: 50, height: 50 }, true],
    ["one pixel further in", { x: 402, y: 100, width: 50, height: 50 }, false],
    ["at the patch's own top edge", { x: 500, y: 0, width: 50, height: 50 }, false],
    ["at the patch's own right edge", { x: 950, y: 100, width: 50, height: 50 }, false],
    ["at the crop's lower edge", { x: 500, y: 400, width: 50, height: 50 }, true],
  ])("%s: %o", (_what, box, near) => {
    expect(isNearCropEdge(box, crop, patch)).toBe(near);
  });
});
