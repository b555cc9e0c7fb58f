import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectiveFromMpp, type ScaleInput, selectScale } from "../../src/scales/select-scale.ts";
import { TASKS } from "../../src/scales/tasks.ts";

function slideOf(mpp: number | null, downsamples: readonly number[], mppY = mpp): ScaleInput {
  return {
    path: "case.svs",
    mpp: mpp === null || mppY === null ? null : { x: mpp, y: mppY, source: "vendor" },
    levels: downsamples.map((downsample, index) => ({
      index,
      downsample,
      size: { width: 1000, height: 1000 },
      tileSize: { width: 256, height: 256 },
    })),
  };
}

describe("selectScale", () => {
  it("copies a level within 5 % of the target, with the level's own µm/px", () => {
    expect(selectScale(slideOf(0.2525, [1, 4.0001, 16.001]), TASKS.nuclei)).toEqual({
      level: 0,
      mpp: 0.2525,
      resample: 1,
      gridDownsample: 1,
      upsampled: false,
    });
    expect(selectScale(slideOf(0.5, [1, 2, 4, 8, 16]), 8)).toMatchObject({
      level: 4,
      resample: 1,
      mpp: 8,
    });
  });

  it("takes a level a little coarser than the target before a finer one", () => {
    const scale = selectScale(slideOf(0.128, [1, 2, 4]), TASKS.nuclei);
    expect(scale).toMatchObject({ level: 1, resample: 1, mpp: 0.256, gridDownsample: 2 });
  });

  it("shrinks the coarsest level that is fine enough", () => {
    const scale = selectScale(slideOf(0.25, [1, 4, 16]), TASKS.tumor);
    expect(scale).toMatchObject({
      level: 1,
      mpp: 2,
      resample: 0.5,
      gridDownsample: 8,
      upsampled: false,
    });
  });

  it("enlarges level 0 of a slide that is too coarse, and says so", () => {
    const scale = selectScale(slideOf(0.499, [1, 4]), TASKS.nuclei);
    expect(scale).toMatchObject({ level: 0, mpp: 0.25, upsampled: true });
    expect(scale.resample).toBeCloseTo(1.996, 12);
    expect(scale.gridDownsample).toBeCloseTo(0.25 / 0.499, 12);
  });

  it("keeps level, resample and µm/px consistent, and never enlarges without need", () => {
    const slides = fc.record({
      mpp: fc.double({ min: 0.1, max: 5, noNaN: true }),
      steps: fc.array(fc.double({ min: 1.5, max: 4.2, noNaN: true }), { maxLength: 6 }),
      target: fc.double({ min: 0.1, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(slides, ({ mpp, steps, target }) => {
        const downsamples = [1];
        for (const step of steps) downsamples.push(downsamples.at(-1)! * step);
        const scale = selectScale(slideOf(mpp, downsamples), target);
        const level = downsamples[scale.level]!;
        expect(scale.gridDownsample).toBeCloseTo(level / scale.resample, 9);
        expect(scale.mpp).toBeCloseTo(mpp * scale.gridDownsample, 9);
        expect(Math.abs(scale.mpp / target - 1)).toBeLessThanOrEqual(0.05 + 1e-9);
        expect(scale.upsampled).toBe(scale.resample > 1);
        if (scale.upsampled) expect(scale.level).toBe(0);
        const next = downsamples[scale.level + 1];
        if (next !== undefined) expect(mpp * next).toBeGreaterThan(target);
      }),
    );
  });

  it("refuses a slide without µm/px, naming the file and the flag", () => {
    expect(() => selectScale(slideOf(null, [1]), 0.25)).toThrow(
      expect.objectContaining({
        code: "missing-mpp",
        message: expect.stringMatching(/case\.svs.*--mpp/),
      }),
    );
  });

  it("takes the mean of nearly square pixels and refuses others", () => {
    expect(selectScale(slideOf(0.2, [1], 0.204), 0.4).resample).toBeCloseTo(0.505, 12);
    expect(() => selectScale(slideOf(0.25, [1], 0.5), 0.25)).toThrow(
      expect.objectContaining({
        code: "unsupported-slide",
        message: expect.stringContaining("--mpp"),
      }),
    );
  });
});

it("objectiveFromMpp follows the convention", () => {
  expect(objectiveFromMpp(0.25)).toBe(40);
  expect(objectiveFromMpp(0.5)).toBe(20);
  expect(objectiveFromMpp(TASKS.tumor.mpp)).toBe(5);
});
