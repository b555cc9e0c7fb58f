import { describe, expect, it } from "vitest";
import { placePrompts } from "../../src/pipeline/place-prompts.ts";
import type { SlidePrompt } from "../../src/pipeline/read-prompts.ts";

const SAM = { name: "sam", input: { stride: 1, size: 1024 }, window: null } as const;
const scale = {
  task: "nuclei",
  mpp: 0.5,
  level: 0,
  resample: 2,
  gridDownsample: 2,
  upsampled: false,
} as const;
const base = {
  size: { width: 4096, height: 3072 },
  scale,
  patchSize: 512,
  overlap: 64,
  region: null,
  model: SAM,
};

const point = (id: string, x: number, y: number): SlidePrompt => ({
  id,
  name: null,
  classification: null,
  points: [{ x, y }],
  box: null,
});
const box = (id: string, x: number, y: number, width: number, height: number): SlidePrompt => ({
  ...point(id, 0, 0),
  points: [],
  box: { x, y, width, height },
});

describe("prompts on a slide of 2048 × 1536 grid px, patches of 512", () => {
  it("share the patch whose core holds them, in patch px", () => {
    // Cores end at 480, 928, … grid px: level-0 960, 1856.
    const { patches, byPatch, unplaced } = placePrompts({
      ...base,
      prompts: [point("c", 962, 100), point("a", 100, 100), point("b", 958, 900)],
    });
    expect(patches.patches.map(({ id, index }) => [id, index])).toEqual([
      ["0_0", 0],
      ["1_0", 1],
    ]);
    expect(patches).toMatchObject({ planned: 2, blank: 0 });
    expect(byPatch.map((list) => list.map(({ index }) => index))).toEqual([[1, 2], [0]]);
    expect(byPatch[1]![0]!.prompt).toEqual({ points: [{ x: 962 / 2 - 448, y: 50, label: 1 }] });
    expect(unplaced).toEqual([]);
  });

  it("a box that does not lie in its patch with a margin gets a patch round itself", () => {
    const { patches, byPatch } = placePrompts({
      ...base,
      prompts: [
        box("whole", 200, 200, 300, 300),
        // Reaches 30 px into the margin of patch 0_0.
        box("near its side", 600, 600, 380, 100),
        box("larger than a patch", 500, 500, 1500, 1200),
      ],
    });
    expect(patches.patches.map(({ id }) => id)).toEqual(["0_0", "p1", "p2"]);
    const [, near, large] = patches.patches;
    expect(near!.gridBox).toEqual({ x: 395 - 256, y: 325 - 256, width: 512, height: 512 });
    // 750 px and 32 px on either side.
    expect(large!.gridBox).toEqual({ x: 625 - 407, y: 550 - 407, width: 814, height: 814 });
    expect(large!.box).toEqual({ x: 436, y: 286, width: 1628, height: 1628 });
    expect(byPatch[2]![0]!.prompt).toEqual({
      points: [],
      box: { x: 250 - 218, y: 250 - 143, width: 750, height: 600 },
    });
  });

  it("no margin is asked for where the slide ends", () => {
    const { patches } = placePrompts({
      ...base,
      prompts: [box("corner", 0, 0, 100, 100), box("other", 3996, 2972, 100, 100)],
    });
    expect(patches.patches.every(({ id }) => !id.startsWith("p"))).toBe(true);
  });

  it("a patch of its own is a multiple of the model's stride", () => {
    const model = {
      name: "w",
      input: { stride: 64, size: null },
      window: { cells: 512, stride: 2 },
    };
    const { patches } = placePrompts({ ...base, model, prompts: [box("b", 900, 900, 1000, 1000)] });
    expect(patches.patches[0]!.gridBox.width).toBe(576);
  });

  it("what cannot be asked is named with its reason; what lies outside the region is only counted", () => {
    const model = {
      name: "small",
      input: { stride: 1, size: null },
      window: { cells: 64, stride: 2 },
    };
    const { byPatch, unplaced, outsideRegion } = placePrompts({
      ...base,
      model,
      region: { x: 0, y: 0, width: 4096, height: 2000 },
      prompts: [
        point("left", -1, 5),
        point("below the region", 5, 2001),
        box("wide", 100, 100, 300, 20),
        point("good", 5, 5),
        point("last pixel", 4095.9, 1999),
      ],
    });
    expect(byPatch.flat().map(({ index }) => index)).toEqual([3, 4]);
    expect(outsideRegion).toBe(2);
    expect(unplaced).toEqual([
      {
        index: 2,
        why: expect.stringMatching(/^its box is 150 px at 0\.500 µm\/px, more than the 128 px/),
      },
    ]);
    const off = placePrompts({
      ...base,
      prompts: [point("left", -1, 5), box("x", 0, 0, 9000, 9000)],
    });
    expect(off.unplaced.map(({ why }) => why)).toEqual([
      "it lies outside the slide",
      "it lies outside the slide",
    ]);
    const huge = placePrompts({
      ...base,
      size: { width: 20000, height: 20000 },
      prompts: [box("x", 100, 100, 9000, 9000)],
    });
    expect(huge.unplaced[0]!.why).toBe("its box is 4500 px at 0.500 µm/px, more than 4032");
  });
});
