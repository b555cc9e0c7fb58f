import { describe, expect, it } from "vitest";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { ContractName } from "../../src/segment/model.ts";
import { boxPrompt, type Prompt, pointPrompt } from "../../src/segment/prompt.ts";
import type { GivenPrompts } from "../../src/segment/protocol.ts";
import { paintRle } from "../../src/segment/rle.ts";
import { forDisc, job, plain, toySegmenter, toySettings, toySpec } from "./toy.ts";

// The toy graphs answer with discs round the points labelled 1, united, cut to the box, less holes of 16 px
// round the points labelled 0 (make-models.py); the best mask of a lone point is the disc of 60 px, that of a
// clear prompt the first one, of 40 px, where the graph has it.

const IMAGE = plain(1024, 1024, [182, 128, 128]);
const ON_A = { x: 300, y: 500, label: 1 } as const;
const ON_B = { x: 340, y: 500, label: 1 } as const;
const BESIDE = { x: 320, y: 520, label: 0 } as const;
const BOX = { x: 250, y: 480, width: 80, height: 100 };

async function ask(
  contract: ContractName,
  prompts: readonly Prompt[],
  rest: Partial<GivenPrompts> = {},
): Promise<readonly PatchMask[]> {
  const segmenter = await toySegmenter(toySettings(toySpec(contract)));
  const given = { kind: "given", prompts, ...rest } as const;
  return (await segmenter.segment(job(IMAGE, { prompts: given }))).masks;
}

/** Pixels of discs united, cut to a box, less holes. */
function truth(
  discs: readonly { readonly x: number; readonly y: number }[],
  radius: number,
  box: typeof BOX | null,
  holes: readonly { readonly x: number; readonly y: number }[],
): Uint8Array {
  const data = new Uint8Array(1024 * 1024).fill(discs.length === 0 ? 1 : 0);
  for (const { x, y } of discs) forDisc(1024, 1024, x, y, radius, (at) => data.fill(1, at, at + 1));
  for (const { x, y } of holes) forDisc(1024, 1024, x, y, 16, (at) => data.fill(0, at, at + 1));
  if (box === null) return data;
  return data.map((value, at) => {
    const [x, y] = [(at % 1024) - box.x, Math.floor(at / 1024) - box.y];
    return x >= 0 && y >= 0 && x < box.width && y < box.height ? value : 0;
  });
}

function iou(mask: PatchMask, expected: Uint8Array): number {
  const found = new Uint8Array(1024 * 1024);
  paintRle(mask, found, { x: 0, y: 0, width: 1024, height: 1024 });
  let [both, any] = [0, 0];
  expected.forEach((value, at) => {
    both += value & found[at]!;
    any += value | found[at]!;
  });
  return both / any;
}

/** Radius of the mask that answers a clear prompt: mask 0 where a graph has it, else the best of three. */
const CLEAR: readonly [ContractName, number][] = [
  ["sam-meta", 40],
  ["edge-sam", 40],
  ["sam-hf", 60],
  ["sam2", 60],
  ["sam2-hf", 60],
];

describe.each(CLEAR)("%s", (contract, radius) => {
  it("several points, on the object and beside it, make one mask", async () => {
    const [two, hole] = await ask(contract, [
      { points: [ON_A, ON_B] },
      { points: [ON_A, ON_B, BESIDE] },
    ]);
    expect(iou(two!, truth([ON_A, ON_B], radius, null, []))).toBeGreaterThan(0.98);
    expect(iou(hole!, truth([ON_A, ON_B], radius, null, [BESIDE]))).toBeGreaterThan(0.97);
    expect(hole!.point).toEqual({ x: 300, y: 500 });
  });

  if (contract !== "sam-hf") {
    it("a box with points, on the object and beside it", async () => {
      const [boxed] = await ask(contract, [{ points: [ON_A, BESIDE], box: BOX }]);
      expect(iou(boxed!, truth([ON_A], radius, BOX, [BESIDE]))).toBeGreaterThan(0.96);
    });
  }

  it("prompts of many shapes come back in their order", async () => {
    const prompts: Prompt[] = [
      { points: [ON_A, BESIDE] },
      pointPrompt({ x: 700, y: 700 }),
      { points: [ON_B, BESIDE] },
      ...(contract === "sam-hf" ? [] : [boxPrompt(BOX)]),
      pointPrompt({ x: 100, y: 100 }),
    ];
    const masks = await ask(contract, prompts);
    expect(masks.map(({ prompt }) => prompt)).toEqual(prompts.map((_, i) => i));
    expect(masks[1]!.point).toEqual({ x: 700, y: 700 });
    expect(iou(masks[1]!, truth([{ x: 700, y: 700 }], 60, null, []))).toBeGreaterThan(0.98);
    expect(iou(masks[2]!, truth([ON_B], radius, null, [BESIDE]))).toBeGreaterThan(0.97);
  });
});

describe("all masks of a prompt", () => {
  const areas = (masks: readonly PatchMask[]) =>
    masks.map(({ area }) => Math.round(Math.sqrt(area / Math.PI) / 20));

  it.each([
    ["sam-meta", [1, 3, 6]],
    ["edge-sam", [1, 3, 6]],
    ["sam-hf", [1, 3, 6]],
    ["efficient-sam", [1, 3, 6]],
    ["sam2", [1, 3, 6]],
  ] as const)(
    "%s: the three of a lone point, with their predicted IoU",
    async (contract, radii) => {
      const masks = await ask(contract, [pointPrompt(ON_A)], { masks: "all" });
      expect(areas(masks)).toEqual(radii);
      const [a, b, c] = masks.map(({ predictedIou }) => predictedIou);
      expect(b! - a!).toBeCloseTo(0.05, 5);
      expect(b! - c!).toBeCloseTo(0.25, 5);
      expect(masks.every(({ prompt }) => prompt === 0)).toBe(true);
    },
  );

  it("of a clear prompt too, as multimask_output does", async () => {
    expect(areas(await ask("sam-meta", [{ points: [ON_A, ON_A] }], { masks: "all" }))).toEqual([
      1, 3, 6,
    ]);
    expect(areas(await ask("sam-meta", [{ points: [ON_A, ON_A] }]))).toEqual([2]);
  });
});

describe("an earlier mask", () => {
  it.each(["sam-meta", "sam2"] as const)("%s: logits that go back are added", async (contract) => {
    const [first] = await ask(contract, [pointPrompt(ON_A)], { logits: true });
    const { columns, rows, data } = first!.logits!;
    expect([columns, rows, data.length]).toEqual([256, 256, 65536]);
    // The left half of the picture is taken away; elsewhere the discs grow by 12 px.
    const mask = { columns, rows, data: data.map((_, i) => (i % 256 < 75 ? -100 : 3)) };
    const radius = contract === "sam-meta" ? 40 : 60;
    const [half, plainOne] = await ask(contract, [
      { points: [ON_A], mask },
      { points: [ON_A, ON_A] },
    ]);
    const right = { x: 300, y: 0, width: 724, height: 1024 };
    // Between a cell of −100 and one of 3 the cut lies near the latter: two pixels less than half.
    expect(iou(half!, truth([ON_A], radius + 12, right, []))).toBeGreaterThan(0.94);
    expect(iou(plainOne!, truth([ON_A], radius, null, []))).toBeGreaterThan(0.98);
  });

  it("brings no logits where they could not go back, or were not asked for", async () => {
    const [asked] = await ask("sam-hf", [pointPrompt(ON_A)], { logits: true });
    expect(asked!.logits).toBeUndefined();
    const [silent] = await ask("sam-meta", [pointPrompt(ON_A)]);
    expect(silent!.logits).toBeUndefined();
  });
});

describe("prompts that cannot be answered", () => {
  const mask = { columns: 256, rows: 256, data: new Float32Array(65536) };
  const small = { columns: 8, rows: 8, data: new Float32Array(64) };
  it.each<[ContractName, Prompt, string]>([
    ["sam-hf", boxPrompt(BOX), "found a box; it takes points on the object or beside it. Prompt"],
    ["sam-hf", { points: [ON_A], mask }, "found an earlier mask;"],
    ["edge-sam", { points: [ON_A], mask }, "found an earlier mask;"],
    ["sam2-hf", { points: [ON_A], mask }, "found an earlier mask;"],
    [
      "sam2",
      { points: [ON_A], mask: small },
      "found an earlier mask of 8 × 8 cells instead of 256 × 256",
    ],
    ["efficient-sam", { points: [ON_A, BESIDE] }, "found a point beside the object (label 0)"],
    ["efficient-sam", { points: Array(7).fill(ON_A) }, "found 7 points; it takes up to 6 points"],
    ["efficient-sam", { points: Array(5).fill(ON_A), box: BOX }, "found 5 points and a box, which"],
    ["sam-meta", { points: [BESIDE] }, "found neither a point on the object nor a box"],
    ["sam-meta", { points: [], mask }, "found neither a point on the object nor a box"],
    ["sam-meta", boxPrompt({ x: 4, y: 4, width: 0, height: 9 }), "found a box without area"],
    ["sam-meta", pointPrompt({ x: Number.NaN, y: 2 }), "found a position that is no finite number"],
  ])("%s", async (contract, prompt, says) => {
    await expect(ask(contract, [pointPrompt(ON_A), prompt])).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(`(contract ${contract}) cannot answer prompt 1: ${says}`),
    });
  });
});
