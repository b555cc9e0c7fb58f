import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/merge/instance.ts";
import { type MergeOptions, mergePatches } from "../../src/merge/merge-patches.ts";
import { createMergeStats } from "../../src/merge/merge-stats.ts";
import { outlineOf } from "../../src/merge/outline.ts";
import { SpanBuilder, type Spans } from "../../src/merge/spans.ts";
import { isValidPolygon } from "../../src/polygon-validity.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { PlannedPatch } from "../../src/tiler/patch.ts";
import {
  type Canvas,
  masksOver,
  paintBlobs,
  patchMask,
  planOver,
  rasterise,
  spansOf,
} from "./canvas.ts";
import { randomFrom } from "./random.ts";

const SIZE = { width: 300, height: 260 };

async function merge(
  patches: readonly PlannedPatch[],
  masks: (patch: PlannedPatch) => readonly PatchMask[],
  options: Partial<MergeOptions> = {},
): Promise<Instance[]> {
  const byIndex = new Map(patches.map((patch) => [patch.index, patch]));
  const instances: Instance[] = [];
  const stream = mergePatches({
    patches,
    masksOf: async (index) => masks(byIndex.get(index)!),
    scale: { gridDownsample: 1 },
    slideMpp: 0.25,
    seams: "own",
    minAreaUm2: 0,
    maxAreaUm2: null,
    idSeed: "test",
    ...options,
  });
  for await (const instance of stream) instances.push(instance);
  return instances;
}

const outlines = (instances: readonly Instance[]): string[] =>
  instances.map(({ polygon }) => JSON.stringify(polygon)).sort();

const truthOf = (canvas: Canvas): string[] =>
  [...canvas.boxes.keys()]
    .map((label) => JSON.stringify(outlineOf(spansOf(canvas, label)!, 1).polygon))
    .sort();

/** Patch sides, overlaps and offsets; nuclei fit into the overlap, regions do not. */
const cuts = fc.record({
  seed: fc.nat(),
  side: fc.integer({ min: 50, max: 140 }).map((n) => n * 2),
  shiftX: fc.nat(30),
  shiftY: fc.nat(30),
});

describe("mergePatches, own", () => {
  it("gives the same objects wherever the seams run", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async ({ seed, side, shiftX, shiftY }) => {
        const canvas = paintBlobs(randomFrom(seed), SIZE, 60, [4, 14]);
        const plan = planOver(SIZE, side, 44, { x: shiftX, y: shiftY });
        expect(outlines(await merge(plan, masksOver(canvas)))).toEqual(truthOf(canvas));
      }),
      { numRuns: 15 },
    );
  });

  it("joins objects that are larger than the overlap and that no patch has whole", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async ({ seed, side, shiftX, shiftY }) => {
        const canvas = paintBlobs(randomFrom(seed), SIZE, 25, [10, 45]);
        const plan = planOver(SIZE, side, 20, { x: shiftX, y: shiftY });
        expect(outlines(await merge(plan, masksOver(canvas)))).toEqual(truthOf(canvas));
      }),
      { numRuns: 15 },
    );
  });

  it("counts every object once when neighbours differ by a pixel at the border of masks", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async ({ seed, side, shiftX, shiftY }) => {
        const random = randomFrom(seed);
        const canvas = paintBlobs(random, SIZE, 50, [6, 13]);
        const plan = planOver(SIZE, side, 44, { x: shiftX, y: shiftY });
        const noisy = masksOver(canvas, (spans) => roughen(spans, random));
        const instances = await merge(plan, noisy);
        expect(instances.length).toBe(canvas.boxes.size);
        const seen = new Set<string>();
        for (const { polygon } of instances) {
          expect(isValidPolygon(polygon)).toBe(true);
          const labels = new Set<number>();
          for (const pixel of rasterise(polygon)) {
            const [x, y] = pixel.split(",").map(Number);
            const label = canvas.labels[y! * canvas.width + x!] ?? 0;
            if (label > 0) labels.add(label);
          }
          const [label] = labels;
          expect(labels.size).toBe(1);
          expect(seen.has(`${label}`)).toBe(false);
          seen.add(`${label}`);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("keeps a whole object that the other patch missed, and drops a piece that its owner did not see", async () => {
    const canvas = paintBlobs(randomFrom(5), { width: 200, height: 100 }, 1, [12, 12]);
    const blob = disc(86, 50, 12);
    const left = planOver({ width: 200, height: 100 }, 120, 40);
    const [a, b] = [left[0]!, left[1]!];
    expect(canvas.boxes.size).toBe(1);
    const onlyIn = (patch: PlannedPatch, spans: Spans) => (other: PlannedPatch) =>
      other === patch ? [patchMask(spans, patch)] : [];
    // Whole in both patches, found in one: kept either way.
    expect(await merge(left, onlyIn(a, disc(100, 50, 12)))).toHaveLength(1);
    expect(await merge(left, onlyIn(b, disc(100, 50, 12)))).toHaveLength(1);
    // b sees a quarter of it at its border, and its owner a sees no object there.
    const stats = createMergeStats();
    const piece = clipLeft(blob, b.gridBox.x);
    expect(await merge(left, onlyIn(b, piece), { stats })).toHaveLength(0);
    expect(stats.droppedCuts).toBe(1);
  });

  it("prefers the copy that its patch has whole, then the one farther from the border", async () => {
    const plan = planOver({ width: 200, height: 100 }, 120, 40);
    const [a, b] = [plan[0]!, plan[1]!];
    const whole = disc(92, 50, 9);
    const masks = (patch: PlannedPatch): PatchMask[] =>
      patch === a
        ? [patchMask(whole, a, { predictedIou: 0.7 })]
        : [patchMask(clipLeft(disc(92, 50, 10), b.gridBox.x), b, { predictedIou: 0.99 })];
    const [instance, ...others] = await merge(plan, masks);
    expect(others).toHaveLength(0);
    expect(instance!.predictedIou).toBe(0.7);
    expect(instance!.patches).toEqual(["0_0"]);

    const both = (patch: PlannedPatch): PatchMask[] => [
      patchMask(disc(104, 50, 9), patch, { predictedIou: patch === a ? 0.99 : 0.8 }),
    ];
    const stats = createMergeStats();
    const [farther] = await merge(plan, both, { stats });
    expect(farther!.patches).toEqual(["1_0"]);
    expect(stats.matchedPairs).toBe(1);
    expect(stats.meanOverlapIou).toBe(1);
  });

  it("leaves no pixel to two objects and gives it to the one with the higher predicted IoU", async () => {
    const plan = planOver({ width: 100, height: 100 }, 100, 40);
    const good = disc(40, 50, 15);
    const poor = disc(62, 50, 15);
    const stats = createMergeStats();
    const masks = (patch: PlannedPatch) => [
      patchMask(poor, patch, { predictedIou: 0.6 }),
      patchMask(good, patch, { predictedIou: 0.9 }),
    ];
    const instances = await merge(plan, masks, { stats });
    const [first, second] = instances.map(({ polygon }) => rasterise(polygon));
    expect(stats.overlapPixels).toBeGreaterThan(50);
    // Smoothing may lay a line a fraction of a pixel over its neighbour's: single pixel centres, no more.
    expect([...first!].filter((pixel) => second!.has(pixel)).length).toBeLessThanOrEqual(8);
    expect(instances.find(({ predictedIou }) => predictedIou === 0.9)!.polygon).toEqual(
      outlineOf(good, 1).polygon,
    );
    // An object that better ones cover for the greater part is gone.
    const inside = await merge(plan, (patch) => [
      patchMask(disc(43, 50, 8), patch, { predictedIou: 0.5 }),
      patchMask(good, patch, { predictedIou: 0.9 }),
    ]);
    expect(inside).toHaveLength(1);
  });

  it("applies the limits of area in µm² and measures in µm", async () => {
    const plan = planOver({ width: 100, height: 100 }, 100, 40);
    const spans = disc(50, 50, 20);
    const masks = (patch: PlannedPatch) => [patchMask(spans, patch)];
    const areaUm2 = spans.area * 4 * 0.25 * 0.25;
    const at = (minAreaUm2: number, maxAreaUm2: number | null) =>
      merge(plan, masks, { minAreaUm2, maxAreaUm2, scale: { gridDownsample: 2 } });
    const [instance] = await at(areaUm2, areaUm2);
    expect(await at(areaUm2 + 0.01, null)).toHaveLength(0);
    expect(await at(0, areaUm2 - 0.01)).toHaveLength(0);
    expect(Math.abs(instance!.areaUm2 / areaUm2 - 1)).toBeLessThan(0.01);
    expect(Math.abs(instance!.perimeterUm / (2 * Math.PI * 10) - 1)).toBeLessThan(0.03);
    expect(instance!.circularity).toBeGreaterThan(0.97);
    expect(instance!.circularity).toBeLessThanOrEqual(1);
    expect(Math.hypot(instance!.centroid.x - 100, instance!.centroid.y - 100)).toBeLessThan(1);
    expect(instance!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });

  it("has ids that hang on the seed and the outline alone, and an order that hangs on the plan alone", async () => {
    const canvas = paintBlobs(randomFrom(11), SIZE, 60, [4, 14]);
    const one = await merge(planOver(SIZE, 120, 44), masksOver(canvas));
    const again = await merge([...planOver(SIZE, 120, 44)].reverse(), masksOver(canvas));
    const other = await merge(planOver(SIZE, 180, 44, { x: 9, y: 4 }), masksOver(canvas));
    const seeded = await merge(planOver(SIZE, 120, 44), masksOver(canvas), { idSeed: "another" });
    const ids = (all: readonly Instance[]) => all.map(({ id }) => id);
    expect(again).toEqual(one);
    expect(ids(other).sort()).toEqual(ids(one).sort());
    expect(ids(seeded)).not.toEqual(ids(one));
    expect(new Set(ids(one)).size).toBe(one.length);
  });
});

describe("mergePatches, join", () => {
  it("unites regions across any number of patches, the same wherever the seams run", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async ({ seed, side, shiftX, shiftY }) => {
        const canvas = paintBlobs(randomFrom(seed), SIZE, 12, [15, 120]);
        const plan = planOver(SIZE, side, 16, { x: shiftX, y: shiftY });
        const instances = await merge(plan, masksOver(canvas), { seams: "join" });
        expect(outlines(instances)).toEqual(truthOf(canvas));
      }),
      { numRuns: 15 },
    );
  });

  it("keeps nested regions that cross a seam apart", async () => {
    const plan = planOver({ width: 200, height: 100 }, 120, 40);
    const masks = (patch: PlannedPatch) =>
      [disc(100, 50, 45), disc(100, 50, 30)].map((spans) =>
        patchMask(clipTo(spans, patch.gridBox.x, patch.gridBox.x + 120), patch),
      );
    const areas = (await merge(plan, masks, { seams: "join" })).map(({ areaUm2 }) => areaUm2 * 16);
    expect(areas).toHaveLength(2);
    expect(Math.max(...areas)).toBeGreaterThan(6000);
    expect(Math.min(...areas)).toBeLessThan(3000);
  });

  it("weighs hematoxylin by area and takes the scores of the best part", async () => {
    const plan = planOver({ width: 200, height: 100 }, 120, 40);
    const masks = (patch: PlannedPatch) => [
      patchMask(clipTo(disc(100, 50, 45), patch.gridBox.x, patch.gridBox.x + 120), patch, {
        predictedIou: patch.column === 0 ? 0.8 : 0.6,
        stabilityScore: patch.column === 0 ? 0.7 : 0.9,
        hematoxylinOd: patch.column === 0 ? 0.2 : 0.4,
        classification: patch.column === 0 ? "Stromal" : "Epithelial",
      }),
    ];
    const [region] = await merge(plan, masks, { seams: "join" });
    expect(region!.predictedIou).toBe(0.8);
    expect(region!.stabilityScore).toBe(0.7);
    expect(region!.classification).toBe("Stromal");
    expect(region!.hematoxylinOd).toBeCloseTo(0.3, 2);
    expect(region!.patches).toEqual(["0_0", "1_0"]);
  });
});

describe("mergePatches", () => {
  it("holds two rows of patches at most, and gives out objects before the last row is read", async () => {
    const size = { width: 300, height: 1500 };
    const canvas = paintBlobs(randomFrom(3), size, 250, [4, 12]);
    const plan = planOver(size, 120, 40);
    const rows = Math.max(...plan.map(({ row }) => row)) + 1;
    const source = masksOver(canvas);
    let asked = 0;
    const settledAt: number[] = [];
    const stream = mergePatches({
      patches: plan,
      masksOf: async (index) => {
        asked = plan[index]!.row;
        return source(plan[index]!);
      },
      scale: { gridDownsample: 1 },
      slideMpp: 0.25,
      seams: "own",
      minAreaUm2: 0,
      maxAreaUm2: null,
      idSeed: "",
    });
    for await (const { polygon } of stream) {
      const bottom = Math.max(...polygon.outer.filter((_, i) => i % 2 === 1));
      // The row in which the object ends, as a patch of that row would have it whole.
      settledAt.push(asked - Math.floor(bottom / 80));
    }
    expect(rows).toBeGreaterThan(15);
    expect(settledAt).toHaveLength(canvas.boxes.size);
    expect(Math.max(...settledAt)).toBeLessThanOrEqual(1);
  });

  it("gives nothing for an empty plan or empty patches", async () => {
    expect(await merge([], () => [])).toEqual([]);
    expect(await merge(planOver(SIZE, 100, 20), () => [])).toEqual([]);
  });

  it("refuses a mask whose runs do not fill its box", async () => {
    const plan = planOver({ width: 100, height: 100 }, 100, 40);
    const good = patchMask(disc(50, 50, 9), plan[0]!);
    const bad = { ...good, rle: { ...good.rle, runs: [3, 4] } };
    await expect(merge(plan, () => [bad])).rejects.toMatchObject({ code: "corrupt-file" });
  });
});

function disc(cx: number, cy: number, radius: number): Spans {
  const builder = new SpanBuilder(cy - radius);
  for (let y = cy - radius; y < cy + radius; y++) {
    builder.row();
    const half = Math.round(Math.sqrt(Math.max(0, radius ** 2 - (y + 0.5 - cy) ** 2)));
    builder.add(cx - half, cx + half);
  }
  return builder.close()!;
}

function clipTo(spans: Spans, x0: number, x1: number): Spans {
  const builder = new SpanBuilder(spans.box.y);
  for (let r = 0; r < spans.box.height; r++) {
    builder.row();
    for (let k = spans.rowStart[r]!; k < spans.rowStart[r + 1]!; k += 2) {
      builder.add(Math.max(spans.xs[k]!, x0), Math.min(spans.xs[k + 1]!, x1));
    }
  }
  return builder.close()!;
}

function clipLeft(spans: Spans, x0: number): Spans {
  return clipTo(spans, x0, Number.POSITIVE_INFINITY);
}

/** Moves the ends of a mask's runs in by a pixel here and there; a cut end stays at its border. */
function roughen(spans: Spans, random: () => number): Spans | null {
  const builder = new SpanBuilder(spans.box.y);
  const { x, width } = spans.box;
  for (let r = 0; r < spans.box.height; r++) {
    builder.row();
    for (let k = spans.rowStart[r]!; k < spans.rowStart[r + 1]!; k += 2) {
      const [a, b] = [spans.xs[k]!, spans.xs[k + 1]!];
      if (b - a < 4) continue;
      builder.add(
        a === x ? a : a + Number(random() < 0.3),
        b === x + width ? b : b - Number(random() < 0.3),
      );
    }
  }
  return builder.close();
}
