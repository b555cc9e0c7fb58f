import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Box, intersectBoxes } from "../../src/geometry.ts";
import type { Scale } from "../../src/scales/scale.ts";
import { allowedCells, planPatches, validBox } from "../../src/tiler/plan-patches.ts";
import type { TissueMask } from "../../src/tiler/tissue.ts";

function scaleOf(gridDownsample: number): Scale {
  return { level: 0, mpp: 1, resample: 1 / gridDownsample, gridDownsample, upsampled: false };
}

const contains = (outer: Box, inner: Box) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

const requests = fc
  .record({
    width: fc.integer({ min: 1, max: 300 }),
    height: fc.integer({ min: 1, max: 300 }),
    factor: fc.double({ min: 0.5, max: 9, noNaN: true }),
    patchSize: fc.integer({ min: 8, max: 120 }),
    share: fc.double({ min: 0, max: 0.9, noNaN: true }),
    region: fc.option(
      fc.record({
        x: fc.double({ min: 0, max: 0.9, noNaN: true }),
        y: fc.double({ min: 0, max: 0.9, noNaN: true }),
        width: fc.double({ min: 0.01, max: 1, noNaN: true }),
        height: fc.double({ min: 0.01, max: 1, noNaN: true }),
      }),
    ),
  })
  .map(({ width, height, factor, patchSize, share, region }) => ({
    size: { width, height },
    scale: scaleOf(factor),
    patchSize,
    overlap: Math.min(patchSize - 4, Math.floor(patchSize * share)),
    region: region && {
      x: region.x * width,
      y: region.y * height,
      width: Math.min(region.width, 1 - region.x) * width,
      height: Math.min(region.height, 1 - region.y) * height,
    },
    tissue: null,
  }));

describe("planPatches", () => {
  it("tiles the region with cores, once each pixel", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { patches, gridRegion, gridSize, planned, blank } = planPatches(request);
        expect(planned).toBe(patches.length + blank);
        expect(contains({ x: 0, y: 0, ...gridSize }, gridRegion)).toBe(true);
        const owners = new Uint8Array(gridRegion.width * gridRegion.height);
        for (const { gridCore, gridBox } of patches) {
          expect(contains(gridBox, gridCore)).toBe(true);
          expect(contains(gridRegion, gridCore)).toBe(true);
          expect(gridCore.width).toBeGreaterThan(0);
          expect(gridCore.height).toBeGreaterThan(0);
          for (let y = gridCore.y; y < gridCore.y + gridCore.height; y++) {
            const row = (y - gridRegion.y) * gridRegion.width - gridRegion.x + gridCore.x;
            for (let x = 0; x < gridCore.width; x++) owners[row + x] = owners[row + x]! + 1;
          }
        }
        expect(owners.every((count) => count === 1)).toBe(true);
      }),
    );
  });

  it("makes patches of one size whose neighbours share exactly the overlap", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { patches } = planPatches(request);
        const byId = new Map(patches.map((patch) => [patch.id, patch]));
        patches.forEach((patch, i) => {
          expect(patch.index).toBe(i);
          expect(patch.gridBox.width).toBe(request.patchSize);
          expect(patch.gridBox.height).toBe(request.patchSize);
          expect(patch.box.x).toBe(patch.gridBox.x * request.scale.gridDownsample);
          const right = byId.get(`${patch.column + 1}_${patch.row}`);
          const below = byId.get(`${patch.column}_${patch.row + 1}`);
          const step = request.patchSize - request.overlap;
          if (right) expect(right.gridBox.x - patch.gridBox.x).toBe(step);
          if (below) expect(below.gridBox.y - patch.gridBox.y).toBe(step);
        });
      }),
    );
  });

  it("sees half an overlap beyond a core wherever the slide goes on", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { patches, gridSize } = planPatches(request);
        const half = Math.floor(request.overlap / 2);
        for (const { gridBox, gridCore } of patches) {
          expect(gridCore.x - gridBox.x).toBeGreaterThanOrEqual(Math.min(half, gridCore.x));
          const end = gridCore.x + gridCore.width;
          expect(gridBox.x + gridBox.width).toBeGreaterThanOrEqual(
            Math.min(gridSize.width, end + half),
          );
        }
      }),
    );
  });

  it("cuts a region into the whole slide's patches whose cores meet it", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { patches, gridRegion } = planPatches(request);
        const whole = planPatches({ ...request, region: null }).patches;
        const expected = whole.flatMap((patch) => {
          const gridCore = intersectBoxes(patch.gridCore, gridRegion);
          return gridCore ? [{ ...patch, gridCore }] : [];
        });
        expect(patches).toEqual(expected.map((patch, index) => ({ ...patch, index })));
      }),
    );
  });

  it("gives a slide smaller than a patch one padded patch", () => {
    const size = { width: 100, height: 60 };
    const plan = planPatches({
      size,
      scale: scaleOf(1),
      patchSize: 256,
      overlap: 32,
      region: null,
      tissue: null,
    });
    expect(plan.patches).toEqual([
      {
        id: "0_0",
        index: 0,
        column: 0,
        row: 0,
        gridBox: { x: 0, y: 0, width: 256, height: 256 },
        gridCore: { x: 0, y: 0, width: 100, height: 60 },
        box: { x: 0, y: 0, width: 256, height: 256 },
      },
    ]);
    expect(validBox(plan.patches[0]!, plan.gridSize)).toEqual({ x: 0, y: 0, ...size });
  });

  it("gives a region in the slide's last half grid pixel that pixel", () => {
    const plan = planPatches({
      size: { width: 4, height: 1 },
      scale: scaleOf(1.6),
      patchSize: 8,
      overlap: 0,
      region: { x: 3.2, y: 0, width: 0.5, height: 1 },
      tissue: null,
    });
    expect(plan.gridSize).toEqual({ width: 2, height: 1 });
    expect(plan.gridRegion).toEqual({ x: 1, y: 0, width: 1, height: 1 });
  });

  it("refuses sizes that cannot tile and a region beside the slide", () => {
    const sound = {
      size: { width: 100, height: 100 },
      scale: scaleOf(1),
      patchSize: 32,
      overlap: 8,
      region: null,
      tissue: null,
    };
    for (const wrong of [
      { patchSize: 0 },
      { overlap: 32 },
      { overlap: -1 },
      { patchSize: 31.5 },
      { region: { x: 100, y: 0, width: 10, height: 10 } },
      { region: { x: 0, y: -30, width: 10, height: 20 } },
    ]) {
      expect(() => planPatches({ ...sound, ...wrong })).toThrow(
        expect.objectContaining({ code: "usage" }),
      );
    }
  });
});

describe("tissue in a plan", () => {
  /** 10 × 10 cells of 10 level-0 px; only the cell at 7, 2 is tissue. */
  const tissue: TissueMask = {
    width: 10,
    height: 10,
    data: Uint8Array.from({ length: 100 }, (_, i) => (i === 27 ? 1 : 0)),
    downsampleX: 10,
    downsampleY: 10,
  };
  const request = {
    size: { width: 100, height: 100 },
    scale: scaleOf(0.5),
    patchSize: 64,
    overlap: 8,
    region: null,
    tissue,
  };

  it("keeps exactly the patches whose core touches a tissue cell", () => {
    const all = planPatches({ ...request, tissue: null });
    const plan = planPatches(request);
    // The cell covers level-0 70–80 × 20–30, which is grid 140–160 × 40–60.
    const touching = all.patches.filter(({ gridCore: core }) => {
      const across = core.x < 160 && core.x + core.width > 140;
      return across && core.y < 60 && core.y + core.height > 40;
    });
    expect(plan.patches.map((patch) => patch.id)).toEqual(touching.map((patch) => patch.id));
    expect(plan.blank).toBe(all.patches.length - touching.length);
    expect(plan.planned).toBe(all.patches.length);
  });

  it("allows prompts where the cell is and nowhere else", () => {
    const patch = planPatches(request).patches[0]!;
    const cells = 32;
    const allowed = allowedCells(tissue, patch, cells)!;
    const side = patch.gridBox.width / cells;
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        const x = patch.gridBox.x + column * side;
        const y = patch.gridBox.y + row * side;
        const touches = x < 160 && x + side > 140 && y < 60 && y + side > 40;
        expect(allowed[row * cells + column]).toBe(touches ? 1 : 0);
      }
    }
  });

  it("says null where nothing is barred", () => {
    const patch = planPatches(request).patches[0]!;
    expect(allowedCells(null, patch, 8)).toBeNull();
    const full = { ...tissue, data: new Uint8Array(100).fill(1) };
    expect(
      allowedCells(full, { ...patch, box: { x: 10, y: 10, width: 32, height: 32 } }, 8),
    ).toBeNull();
  });
});
