import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MaskMerger, type MergedMask, mergeMasks } from "../../src/merge/merge-masks.ts";
import { createMergeStats } from "../../src/merge/merge-stats.ts";
import { PatchPlan } from "../../src/merge/patch-plan.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { PlannedPatch } from "../../src/tiler/patch.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";
import { type Canvas, patchMask, planOver, spansOf } from "./canvas.ts";
import { paintFigures } from "./figures.ts";
import { randomFrom } from "./random.ts";

const SIZE = { width: 260, height: 220 };
const SCALE = { level: 0, gridDownsample: 1, resample: 1, mpp: 0.25, upsampled: false };

/** A slide's figures, and a way to cut it. */
const cases = fc.record({
  seed: fc.nat(),
  side: fc.integer({ min: 30, max: 110 }).map((n) => 2 * n),
  overlap: fc.integer({ min: 1, max: 14 }).map((n) => 2 * n),
  shiftX: fc.nat(29),
  shiftY: fc.nat(29),
  plan: fc.constantFrom("lattice", "clamped", "planPatches" as const),
});

/** Spirals and meanders whose parts agree in less than half of what two patches both see; found by this test. */
const WINDING: [Case][] = [
  [{ seed: 10, side: 62, overlap: 2, shiftX: 0, shiftY: 0, plan: "lattice" }],
];

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function planOf({ side, overlap, shiftX, shiftY, plan }: Case): readonly PlannedPatch[] {
  if (plan === "lattice") return planOver(SIZE, side, overlap, { x: shiftX, y: shiftY });
  if (plan === "clamped") return clampedPlan(side, overlap);
  const request = {
    size: SIZE,
    scale: SCALE,
    patchSize: side,
    overlap,
    region: null,
    tissue: null,
  };
  return planPatches(request).patches;
}

/** A plan whose last column and row are moved back until they end at the slide's edge. */
function clampedPlan(side: number, overlap: number): PlannedPatch[] {
  const back = (at: number, length: number) => Math.max(0, Math.min(at, length - side));
  return planOver(SIZE, side, overlap).map((patch) => {
    const { x, y } = patch.gridBox;
    const gridBox = { ...patch.gridBox, x: back(x, SIZE.width), y: back(y, SIZE.height) };
    return { ...patch, gridBox, box: gridBox };
  });
}

/**
 * The exact part of every figure that a patch sees: as one mask, or as a mask a part that hangs together
 * inside the patch. Scores differ from patch to patch.
 */
function restrict(canvas: Canvas, apart: boolean, random: () => number) {
  return (patch: PlannedPatch): PatchMask[] =>
    [...canvas.boxes.keys()].flatMap((label) => {
      const seen = spansOf(canvas, label, patch.gridBox);
      if (seen === null) return [];
      return (apart ? connectedParts(seen) : [seen]).map((part) =>
        patchMask(part, patch, { predictedIou: random(), hematoxylinOd: random() }),
      );
    });
}

async function merge(
  plan: readonly PlannedPatch[],
  masks: (patch: PlannedPatch) => readonly PatchMask[],
  seams: "own" | "join",
): Promise<MergedMask[]> {
  const byIndex = new Map(plan.map((patch) => [patch.index, patch]));
  const objects: MergedMask[] = [];
  const rows = mergeMasks({
    patches: plan,
    masksOf: async (index) => masks(byIndex.get(index)!),
    scale: SCALE,
    slideMpp: 0.25,
    gridSize: SIZE,
    seams,
    minAreaUm2: 0,
    maxAreaUm2: null,
  });
  for await (const row of rows) objects.push(...row);
  return objects;
}

/** Every pixel of every object, by the object's own first pixel: equal strings are equal pictures. */
const picture = (objects: readonly Pick<MergedMask, "spans">[]): string[] =>
  objects.map(({ spans }) => JSON.stringify(spans)).sort();

const truth = (canvas: Canvas): string[] =>
  picture([...canvas.boxes.keys()].map((label) => ({ spans: spansOf(canvas, label)! })));

describe("the same slide cut into other patches", () => {
  for (const seams of ["own", "join"] as const) {
    for (const apart of [false, true]) {
      const how = apart ? "a mask a part" : "one mask an object";
      it(`gives the same objects, whatever they look like (${seams}, ${how})`, async () => {
        await fc.assert(
          fc.asyncProperty(cases, async (cut) => {
            const random = randomFrom(cut.seed);
            const canvas = paintFigures(random, SIZE, 40, [5, 90]);
            const masks = restrict(canvas, apart, random);
            expect(picture(await merge(planOf(cut), masks, seams))).toEqual(truth(canvas));
          }),
          { numRuns: 8, examples: WINDING },
        );
      });
    }
  }

  it("does not hang on the order in which patches or their masks come", async () => {
    const random = randomFrom(17);
    const canvas = paintFigures(random, SIZE, 40, [5, 90]);
    const plan = planOver(SIZE, 90, 20);
    const masks = new Map(plan.map((patch) => [patch, restrict(canvas, true, random)(patch)]));
    const one = await merge(plan, (patch) => masks.get(patch)!, "own");
    const again = await merge(
      [...plan].reverse(),
      (patch) => [...masks.get(patch)!].reverse(),
      "own",
    );
    expect(picture(again)).toEqual(picture(one));
    const ids = (objects: MergedMask[]) => objects.map(({ parts }) => parts.length).sort();
    expect(ids(again)).toEqual(ids(one));
  });
});

/** Candidates that can be reached from an object, whatever way leads there. */
function heldBy(root: object): number {
  const seen = new Set<object>([root]);
  let held = 0;
  for (const item of seen) {
    if ("spans" in item && "patch" in item) held++;
    const inside = item instanceof Map ? [...item.values()] : Object.values(item);
    for (const value of inside) if (typeof value === "object" && value !== null) seen.add(value);
  }
  return held;
}

describe("the masks in memory", () => {
  for (const seams of ["own", "join"] as const) {
    it(`are those of about two rows of patches, however many rows there are (${seams})`, () => {
      const size = { width: 240, height: 2200 };
      const random = randomFrom(4);
      const canvas = paintFigures(random, size, 500, [4, 16]);
      const masks = restrict(canvas, false, random);
      const plan = new PatchPlan(planOver(size, 90, 30));
      const options = { patches: [], masksOf: async () => [], scale: SCALE, slideMpp: 0.25 };
      const stats = createMergeStats();
      const limits = { minAreaUm2: 0, maxAreaUm2: null, stats };
      const merger = new MaskMerger({ ...options, ...limits, seams }, plan);
      const closing = plan.closingRows();
      let [objects, rowMasks, mostHeld, mostKept] = [0, 0, 0, 0];
      plan.rows.forEach((row, r) => {
        let asked = 0;
        for (const patch of row) {
          const found = masks(patch);
          asked += found.length;
          objects += merger.add(patch, found).length;
        }
        rowMasks = Math.max(rowMasks, asked);
        mostHeld = Math.max(mostHeld, heldBy(merger));
        objects += merger.settleAbove(closing[r]!).length;
        mostKept = Math.max(mostKept, heldBy(merger));
      });
      expect(plan.rows.length).toBeGreaterThan(30);
      expect(objects).toBe(canvas.boxes.size);
      expect(heldBy(merger)).toBe(0);
      expect(mostHeld).toBeLessThanOrEqual(2 * rowMasks);
      expect(mostKept).toBeLessThanOrEqual(rowMasks);
      expect(merger.finalStats().peakMasks).toBeGreaterThanOrEqual(mostKept);
    });
  }
});

describe("what is told about seams", () => {
  it("counts objects at seams, at the slide's edge and where the plan ends", async () => {
    const canvas: Canvas = { ...SIZE, labels: new Int32Array(260 * 220), boxes: new Map() };
    const paint = (label: number, x: number, y: number, width: number, height: number) => {
      canvas.boxes.set(label, { x, y, width, height });
      for (let r = y; r < y + height; r++) {
        canvas.labels.fill(label, r * 260 + x, r * 260 + x + width);
      }
    };
    // Patches of 100 that overlap by 20: columns begin at 0, 80, 160, the last goes to 260.
    paint(1, 30, 30, 10, 10); // in one patch alone
    paint(2, 75, 30, 30, 10); // reaches over a seam
    paint(3, 0, 60, 8, 8); // at the slide's edge
    paint(4, 10, 150, 10, 60); // goes on below the only row of patches there is
    const all = planOver(SIZE, 100, 20);
    const plan = all.filter(({ row }) => row < 2);
    expect(plan).toHaveLength(6);
    const stats = createMergeStats();
    const masks = restrict(canvas, false, () => 0.9);
    for await (const _ of mergeMasks({
      patches: plan,
      masksOf: async (index) => masks(plan.find((patch) => patch.index === index)!),
      scale: SCALE,
      slideMpp: 0.25,
      gridSize: SIZE,
      seams: "own",
      minAreaUm2: 0,
      maxAreaUm2: null,
      stats,
    })) {
      // Only the figures matter here.
    }
    expect(stats.objects).toBe(4);
    expect(stats.seamObjects).toBe(1);
    expect(stats.slideEdgeObjects).toBe(1);
    expect(stats.openEdgeObjects).toBe(1);
    expect(stats.matchedPairs).toBe(1);
    expect(stats.droppedDuplicates + stats.joinedObjects).toBe(1);
  });
});
