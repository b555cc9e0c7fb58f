import { describe, expect, it } from "vitest";
import { coarseToFine } from "../../src/segment/decode-uncovered.ts";
import { gridPoints } from "../../src/segment/prompts.ts";
import { amgPicture, job, paintToy, toySegmenter, toySettings, toySpec } from "./toy.ts";

const part = { x: 0, y: 0, width: 96, height: 80 };

describe("coarseToFine", () => {
  it("holds every point once, and its first quarter is the grid of half as many a side", () => {
    for (const side of [1, 3, 8, 11]) {
      const points = gridPoints(side, { patch: part, allow: null, valid: part });
      const order = coarseToFine(points, { pointsPerSide: side, part });
      expect([...order].sort((a, b) => a - b)).toEqual(points.map((_, i) => i));
      const half = Math.ceil(side / 2);
      const first = order.slice(0, half * half).map((i) => [i % side, Math.floor(i / side)]);
      expect(first.every(([x, y]) => x! % 2 === 0 && y! % 2 === 0)).toBe(true);
    }
  });
});

describe("points that are covered already", () => {
  const objects = [
    { x: 25, y: 25, radius: 14, green: 200 },
    { x: 65, y: 51, radius: 16, green: 150 },
  ];
  const grid = { pointsPerSide: 16, predictedIouThreshold: 0.3, stabilityScoreThreshold: 0 };
  const ask = async (coveredStability?: number) => {
    const settings = toySettings(
      toySpec("window"),
      {},
      { ...grid, ...(coveredStability === undefined ? {} : { coveredStability }) },
    );
    // A window of 32 px holds all of a disc only where it is asked near the middle.
    return (await toySegmenter(settings)).segment(
      job(paintToy(96, 80, objects), { prompts: { kind: "grid" } }),
    );
  };

  it("are left out, and what they would have found is found", async () => {
    const [all, few] = [await ask(), await ask(0.1)];
    expect(all.prompts).toBe(256);
    expect(few.prompts).toBeLessThan(240);
    expect(few.masks.length).toBeGreaterThan(0);
    const keys = new Set(all.masks.map(({ box, area }) => JSON.stringify([box, area])));
    expect(few.masks.some(({ box, area }) => keys.has(JSON.stringify([box, area])))).toBe(true);
  });

  it("are asked where no mask is stable enough, in the reference's order", async () => {
    expect(await ask(1.1)).toMatchObject({ prompts: 256, masks: (await ask()).masks });
  });

  it("are told apart in crops too", async () => {
    const settings = toySettings(
      toySpec("sam-meta", undefined, "sam-meta-decoder-batched.onnx"),
      {},
      { pointsPerSide: 4, cropLayers: 1, predictedIouThreshold: 0.5, coveredStability: 0 },
    );
    const image = amgPicture(512, 512);
    const found = await (await toySegmenter(settings)).segment(
      job(image, { prompts: { kind: "grid" } }),
    );
    expect(found.prompts).toBeLessThanOrEqual(80);
    for (const { box } of found.masks) {
      expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 512).toBe(true);
    }
  });
});
