import { describe, expect, it } from "vitest";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { ContractName, ModelSpec } from "../../src/segment/model.ts";
import { openModel } from "../../src/segment/open-model.ts";
import { boxPrompt, type Prompt, pointPrompt } from "../../src/segment/prompt.ts";
import { pointBatch } from "../../src/segment/prompt-batch.ts";
import { paintRle } from "../../src/segment/rle.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { amgPicture, forDisc, job, plain, toySegmenter, toySettings, toySpec } from "./toy.ts";

// The toy graphs of each contract answer a point with a disc round it and a box with itself, and give
// away in the predicted IoU what their encoder was fed under the prompt (make-models.py).

const best = async (spec: ModelSpec, image: RgbImage, prompt: Prompt): Promise<PatchMask> => {
  const segmenter = await toySegmenter(toySettings(spec));
  const prompts = { kind: "given", prompts: [prompt] } as const;
  return (await segmenter.segment(job(image, { prompts }))).masks[0]!;
};

const overlap = (mask: PatchMask, image: RgbImage, x: number, y: number, radius: number) => {
  const { width, height } = image;
  const found = new Uint8Array(width * height);
  paintRle(mask, found, { x: 0, y: 0, width, height });
  const truth = new Uint8Array(width * height);
  forDisc(width, height, x, y, radius, (at) => {
    truth[at] = 1;
  });
  let [both, any] = [0, 0];
  truth.forEach((v, i) => {
    both += v & found[i]!;
    any += v | found[i]!;
  });
  return both / any;
};

/** Red 182 as SAM scales it; SAM 2's and EfficientSAM's fractions of 1 come to nearly the same. */
const SAM_RED = (182 - 123.675) / 58.395;
const UNIT_RED = (182 / 255 - 0.485) / 0.229;

/** Contract, scaled red, side by which a picture of 512 × 256 is enlarged to 1024. */
const FAMILY: [ContractName, number][] = [
  ["edge-sam", SAM_RED],
  ["efficient-sam", UNIT_RED],
  ["sam2", SAM_RED],
  ["sam2-hf", SAM_RED],
];

describe.each(FAMILY)("%s", (contract, red) => {
  const spec = toySpec(contract);

  it("answers a point with the best of its three masks, in the patch's frame", async () => {
    const image = plain(1024, 1024, [182, 128, 128]);
    const mask = await best(spec, image, pointPrompt({ x: 300, y: 500 }));
    expect(overlap(mask, image, 300, 500, 60)).toBeGreaterThan(0.99);
    expect(mask.predictedIou).toBeCloseTo(0.95 + 0.01 * red, 5);
  });

  it("keeps the frame on a patch that is neither 1024 px nor square", async () => {
    const image = plain(512, 256, [182, 128, 128]);
    const mask = await best(spec, image, pointPrompt({ x: 130, y: 190 }));
    // The graph's radius is 60 px of 1024: 30 px of 512.
    expect(overlap(mask, image, 130, 190, 30)).toBeGreaterThan(0.98);
    expect(mask.predictedIou).toBeCloseTo(0.95 + 0.01 * red, 5);
  });

  it("answers a box with a mask inside it", async () => {
    const image = plain(512, 256, [182, 128, 128]);
    const box = { x: 100, y: 40, width: 200, height: 120 };
    const mask = await best(spec, image, boxPrompt(box));
    for (const side of ["x", "y", "width", "height"] as const) {
      expect(Math.abs(mask.box[side] - box[side])).toBeLessThanOrEqual(2);
    }
  });

  it("agrees with sam-meta on a grid of points", async () => {
    const image = amgPicture(1024, 1024);
    const grid = { pointsPerSide: 4, predictedIouThreshold: 0.68, stabilityScoreThreshold: 0.5 };
    const run = async (of: ContractName) => {
      const segmenter = await toySegmenter(toySettings(toySpec(of), {}, grid));
      return (await segmenter.segment(job(image, { prompts: { kind: "grid" } }))).masks;
    };
    const [ours, meta] = [await run(contract), await run("sam-meta")];
    expect(ours.length).toBeGreaterThan(16);
    const outline = ({ box, area, point }: PatchMask) => JSON.stringify([point, box, area]);
    expect(ours.map(outline).sort()).toEqual(meta.map(outline).sort());
  });

  it("takes as many prompts a call as it says", async () => {
    const adapter = await openModel(spec);
    const encoded = await adapter.encode(plain(64, 64, [182, 128, 128]));
    const points = Array.from({ length: adapter.batchSize }, (_, i) => ({ x: 4 + i, y: 5 + i }));
    const answer = await encoded.decode(pointBatch(points));
    expect(answer.prompts).toBe(adapter.batchSize);
    expect(answer.masksPerPrompt).toBe(3);
    await adapter.release();
  });
});

describe("MedSAM's preprocessing", () => {
  it.each(["sam-meta", "sam-hf"] as const)(
    "%s: samples are stretched to 0..1",
    async (contract) => {
      const image = plain(256, 256, [182, 128, 128]);
      image.data.set([28, 228, 28], 0);
      const spec: ModelSpec = { ...toySpec(contract), preprocess: "medsam" };
      const mask = await best(spec, image, pointPrompt({ x: 120, y: 200 }));
      expect(mask.predictedIou).toBeCloseTo(0.95 + 0.01 * ((182 - 28) / 200), 5);
      // 60 px of 1024 on a patch of 256 px.
      expect(overlap(mask, image, 120, 200, 15)).toBeGreaterThan(0.95);
    },
  );

  it("a picture of one colour is no division by zero", async () => {
    const spec: ModelSpec = { ...toySpec("sam-meta"), preprocess: "medsam" };
    const mask = await best(spec, plain(64, 64, [9, 9, 9]), pointPrompt({ x: 30, y: 30 }));
    expect(mask.predictedIou).toBeCloseTo(0.95, 6);
  });
});
