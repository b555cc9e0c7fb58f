import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExhaustiveCutter, exhaustiveMasks } from "../../bench/masks/exhaustive.ts";
import { MaskCutter } from "../../src/segment/cut-mask.ts";
import { openModel } from "../../src/segment/open-model.ts";
import { cleanEach } from "../../src/segment/separate.ts";
import { amgPicture, job, toySegmenter, toySettings, toySpec } from "../segment/toy.ts";

/** Steps of 1/4 meet the levels exactly; slow fields are fuzzy, so that masks are unstable over many cells. */
const fields = fc.record({
  columns: fc.integer({ min: 1, max: 9 }),
  rows: fc.integer({ min: 1, max: 9 }),
  cellPx: fc.constantFrom(1, 2, 2.5, 4, 0.6, 1000 / 256),
  x: fc.integer({ min: -9, max: 12 }),
  y: fc.integer({ min: -9, max: 12 }),
  clip: fc.record({
    x: fc.integer({ min: 0, max: 10 }),
    y: fc.integer({ min: 0, max: 10 }),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
  }),
  scale: fc.constantFrom(0.05, 0.25, 1, 7.3, 1e6, 1e-12),
  values: fc.array(fc.integer({ min: -9, max: 12 }), { minLength: 81, maxLength: 81 }),
  threshold: fc.constantFrom(0, -0.5, 0.25),
  offset: fc.constantFrom(0, 0.25, 1),
  leastStability: fc.constantFrom(0, 0.3, 0.6, 0.95),
});

describe("masks cut with shortcuts", () => {
  it("are those cut by interpolating every pixel, bit for bit", () => {
    const exhaustive = new ExhaustiveCutter();
    let [same, dropped] = [0, 0];
    fc.assert(
      fc.property(fields, ({ columns, rows, cellPx, x, y, clip, scale, values, ...levels }) => {
        const logits = Float32Array.from(values.slice(0, columns * rows), (v) => v * scale);
        const grid = { columns, rows, cellPx };
        const quick = new MaskCutter(grid).cut(logits, x, y, clip, levels);
        const full = exhaustive.cut(exhaustive.upsample(logits, grid), x, y, clip, levels);
        expect(quick).toEqual(full);
        if (quick === null) dropped++;
        else same++;
      }),
      { numRuns: 2000, seed: 5 },
    );
    expect(same).toBeGreaterThan(200);
    expect(dropped).toBeGreaterThan(200);
  });

  it("not a number is background", () => {
    const logits = Float32Array.of(Number.NaN, 5, 5, 5, 5, 5, 5, 5, 5);
    const grid = { columns: 3, rows: 3, cellPx: 2 };
    const clip = { x: 0, y: 0, width: 6, height: 6 };
    const levels = { threshold: 0, offset: 1, leastStability: 0.5 };
    const exhaustive = new ExhaustiveCutter();
    const mask = new MaskCutter(grid).cut(logits, 0, 0, clip, levels);
    expect(mask).toEqual(exhaustive.cut(exhaustive.upsample(logits, grid), 0, 0, clip, levels));
    expect(mask!.area).toBe(27);
  });
});

describe("the exhaustive route", () => {
  it("finds what the engine finds on graphs that are checked against SAM's reference", async () => {
    const grid = { pointsPerSide: 4, predictedIouThreshold: 0.68, stabilityScoreThreshold: 0.5 };
    const settings = toySettings(
      toySpec("sam-meta", undefined, "sam-meta-decoder-batched.onnx"),
      {},
      grid,
    );
    const image = amgPicture(1024, 1024);
    const adapter = await openModel(settings.model);
    const { masks, prompts, upsampled } = await exhaustiveMasks(image, adapter, settings.grid);
    await adapter.release();
    expect(prompts).toBe(16);
    expect(upsampled).toBe(48);
    const segmenter = await toySegmenter(settings);
    const found = await segmenter.segment(job(image, { prompts: { kind: "grid" } }));
    expect(found.masks.length).toBeGreaterThan(16);
    const bare = found.masks.map(({ hematoxylinOd: _, ...mask }) => mask);
    expect(bare).toEqual(cleanEach(masks));
  });
});
