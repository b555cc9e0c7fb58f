import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import type { Box, Point } from "../../src/geometry.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { AutoSettings } from "../../src/segment/model.ts";
import { boxPrompt, pointPrompt } from "../../src/segment/prompt.ts";
import type { SegmentJob } from "../../src/segment/protocol.ts";
import { decodeRle, paintRle, rleArea } from "../../src/segment/rle.ts";
import { cropImage } from "../../src/segment/slide-part.ts";
import {
  amgPicture,
  forDisc,
  golden,
  job,
  paintToy,
  plain,
  toySegmenter,
  toySettings,
  toySpec,
} from "./toy.ts";

const picture = (masks: readonly PatchMask[], width: number, height: number): Uint8Array => {
  const data = new Uint8Array(width * height);
  for (const mask of masks) paintRle(mask, data, { x: 0, y: 0, width, height });
  return data;
};

const discPicture = (width: number, height: number, x: number, y: number, radius: number) => {
  const data = new Uint8Array(width * height);
  forDisc(width, height, x, y, radius, (at) => {
    data[at] = 1;
  });
  return data;
};

const iou = (a: Uint8Array, b: Uint8Array): number => {
  let [both, any] = [0, 0];
  a.forEach((v, i) => {
    both += v & b[i]!;
    any += v | b[i]!;
  });
  return both / any;
};

const OBJECTS = [
  { x: 21, y: 21, radius: 8, green: 200 },
  { x: 61, y: 31, radius: 10, green: 150 },
  { x: 3, y: 61, radius: 7, green: 180 },
];

describe("automatic prompts (window contract)", () => {
  it("finds each object once, whole, in order of predicted IoU", async () => {
    const image = paintToy(96, 80, OBJECTS);
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const { masks, prompts } = await segmenter.segment(job(image));
    expect(prompts).toBe(3);
    expect(masks.map((m) => m.point)).toEqual([
      { x: 21, y: 21 },
      { x: 3, y: 61 },
      { x: 61, y: 31 },
    ]);
    for (const [i, object] of [OBJECTS[0]!, OBJECTS[2]!, OBJECTS[1]!].entries()) {
      const mask = masks[i]!;
      const truth = discPicture(96, 80, object.x, object.y, object.radius);
      expect(iou(picture([mask], 96, 80), truth)).toBeGreaterThan(0.85);
      expect(mask.predictedIou).toBeCloseTo(object.green / 255, 5);
      expect(mask.area).toBe(rleArea(mask.rle));
      expect(mask.hematoxylinOd).not.toBe(0);
    }
  });

  it("pads a patch that is no multiple of the stride and keeps masks inside it", async () => {
    const image = paintToy(71, 75, OBJECTS);
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const { masks } = await segmenter.segment(job(image));
    expect(masks).toHaveLength(3);
    for (const { box } of masks) {
      expect(box.x + box.width).toBeLessThanOrEqual(71);
      expect(box.y + box.height).toBeLessThanOrEqual(75);
    }
  });

  it("keeps to the valid part and the allowed cells", async () => {
    const image = paintToy(96, 80, OBJECTS);
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const valid = { x: 10, y: 18, width: 86, height: 62 };
    const { masks } = await segmenter.segment(job(image, { valid }));
    expect(masks).toHaveLength(2);
    expect(masks[0]!.box.y).toBe(18);
    const left = { cells: 2, data: Uint8Array.of(1, 0, 1, 0) };
    expect((await segmenter.segment(job(image, { allow: left }))).masks).toHaveLength(2);
    const none = { cells: 2, data: new Uint8Array(4) };
    const skipped = await segmenter.segment(job(image, { allow: none }));
    expect(skipped).toEqual({
      ok: true,
      masks: [],
      prompts: 0,
      ms: { encode: 0, decode: 0, post: 0 },
    });
  });

  it("filters by predicted IoU (strictly), by area, and suppresses the double", async () => {
    // Two peaks in one disc: both prompts answer with the same mask.
    const image = paintToy(96, 80, OBJECTS);
    for (const dx of [0, 1]) {
      for (const dy of [0, 1]) image.data[((30 + dy) * 96 + 52 + dx) * 3 + 2] = 255;
    }
    const spec = toySpec("window");
    const all = await (await toySegmenter(toySettings(spec))).segment(job(image));
    expect(all.prompts).toBe(4);
    expect(all.masks).toHaveLength(3);
    const strict = toySettings(spec, { predictedIouThreshold: Math.fround(180 / 255) });
    expect((await (await toySegmenter(strict)).segment(job(image))).masks).toHaveLength(1);
    const sized = { ...toySettings(spec, { minAreaUm2: 170 }), mpp: 1 };
    expect((await (await toySegmenter(sized)).segment(job(image))).masks).toHaveLength(2);
    const halved = { ...toySettings(spec), mpp: 0.5, minAreaUm2: 45, maxAreaUm2: 60 };
    const middle = (await (await toySegmenter(halved)).segment(job(image))).masks;
    expect(middle.map((m) => m.point)).toEqual([{ x: 21, y: 21 }]);
  });

  it("decodes again with the first mask's box when refining", async () => {
    // The peak is off the disc's centre, and the toy's predicted IoU is the green under its prompt:
    // under the peak at first, under the centre of the first mask's box when refined.
    const image = paintToy(96, 80, [{ x: 41, y: 41, radius: 8, green: 90 }]);
    for (const dx of [0, 1]) {
      for (const dy of [0, 1]) {
        image.data[((40 + dy) * 96 + 40 + dx) * 3 + 2] = 0;
        image.data.set([0, 200, 255], ((40 + dy) * 96 + 36 + dx) * 3);
      }
    }
    const spec = toySpec("window");
    const first = await (await toySegmenter(toySettings(spec))).segment(job(image));
    const second = await (await toySegmenter(toySettings(spec, { refinePasses: 1 }))).segment(
      job(image),
    );
    expect(first.masks[0]!.predictedIou).toBeCloseTo(200 / 255, 5);
    expect(second.masks[0]!.predictedIou).toBeCloseTo(90 / 255, 5);
    expect(second.masks[0]!.point).toEqual({ x: 37, y: 41 });
    expect(second.prompts).toBe(1);
  });

  describe("with a second look", () => {
    // The peak of the second disc is too low, and the third has none: the foreground shows both.
    const image = paintToy(96, 80, OBJECTS);
    OBJECTS.slice(1).forEach(({ x, y, radius }, i) => {
      forDisc(96, 80, x, y, radius, (at) => {
        image.data[at * 3 + 2] = i === 0 ? 100 : 0;
      });
    });
    const asked = async (auto: Partial<AutoSettings>, rest: Partial<SegmentJob> = {}) => {
      const spec = toySpec("window", "window-encoder-foreground.onnx");
      const settings = toySettings({ ...spec, auto: { ...spec.auto!, ...auto } });
      return await (await toySegmenter(settings)).segment(job(image, rest));
    };

    it("prompts what no mask claims, once each", async () => {
      const [without, found] = [await asked({}), await asked({ secondLookForeground: 0.7 })];
      expect(without).toMatchObject({ prompts: 1 });
      expect(found.prompts).toBe(3);
      expect(found.masks).toHaveLength(3);
      for (const { x, y, radius } of OBJECTS) {
        const disc = discPicture(96, 80, x, y, radius);
        const overlaps = found.masks.map((mask) => iou(picture([mask], 96, 80), disc));
        // The toy's window, laid round a prompt off the centre, may miss a row.
        expect(Math.max(...overlaps)).toBeGreaterThan(0.9);
      }
    });

    it("asks only where prompts are allowed, and takes masks by the same thresholds", async () => {
      // The peak is at x = 21, the discs without one at 61 and 3.
      const left = { x: 0, y: 0, width: 50, height: 80 };
      const cut = await asked({ secondLookForeground: 0.7 }, { valid: left });
      expect(cut.prompts).toBe(2);
      expect(cut.masks.every(({ point }) => point.x < 50)).toBe(true);
      const strict = await asked({ secondLookForeground: 0.7, predictedIouThreshold: 0.99 });
      expect(strict).toMatchObject({ masks: [] });
    });

    it("leaves alone what a mask claims that the task's limits leave out", async () => {
      const spec = toySpec("window", "window-encoder-foreground.onnx");
      const auto = { ...spec.auto!, secondLookForeground: 0.7 };
      const settings = { ...toySettings({ ...spec, auto }), maxAreaUm2: 20 };
      const found = await (await toySegmenter(settings)).segment(job(image));
      expect(found).toMatchObject({ prompts: 3, masks: [] });
    });

    it("decodes again with its masks' boxes when refining, in a patch whose sides are no multiples of the stride", async () => {
      const auto = { secondLookForeground: 0.7, refinePasses: 1 as const };
      const spec = toySpec("window", "window-encoder-foreground.onnx");
      const settings = toySettings({ ...spec, auto: { ...spec.auto!, ...auto } });
      const odd = cropImage(image, { x: 0, y: 0, width: 75, height: 71 });
      const found = await (await toySegmenter(settings)).segment(job(odd));
      expect(found.prompts).toBe(3);
      // The toy's predicted IoU is the green under the prompt, the whole disc's under its box's centre.
      const told = found.masks.map((mask) => Math.round(mask.predictedIou * 255));
      expect(told.sort()).toEqual(OBJECTS.map(({ green }) => green).sort());
    });

    it("needs a foreground output", async () => {
      const spec = toySpec("window");
      const auto = { ...spec.auto!, secondLookForeground: 0.7 };
      await expect(toySegmenter(toySettings({ ...spec, auto }))).rejects.toMatchObject({
        code: "model-contract" satisfies ErrorCode,
        message: expect.stringMatching(/secondLookForeground.*no output "foreground"/),
      });
    });
  });

  it("refuses a model without objectness, naming what to do", async () => {
    const spec = toySpec("window", "window-encoder-plain.onnx");
    const segmenter = await toySegmenter(toySettings(spec));
    const image = paintToy(96, 80, OBJECTS);
    await expect(segmenter.segment(job(image))).rejects.toMatchObject({
      code: "usage" satisfies ErrorCode,
      message: expect.stringMatching(/no "objectness" output.*--prompts grid/),
    });
    const grid = await segmenter.segment(job(image, { prompts: { kind: "grid" } }));
    expect(grid.prompts).toBe(32 * 32);
  });
});

describe("given prompts", () => {
  it("answers points and boxes in their order and says whose is whose", async () => {
    const image = paintToy(96, 80, OBJECTS);
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const points = [
      { x: 61, y: 31 },
      { x: 90, y: 75 },
      { x: 21, y: 21 },
    ];
    const box = { x: 13, y: 13, width: 8, height: 16 };
    const asked = [...points.map(pointPrompt), boxPrompt(box)];
    const { masks, prompts } = await segmenter.segment(
      job(image, { prompts: { kind: "given", prompts: asked } }),
    );
    expect(prompts).toBe(4);
    // Nothing lies at (90, 75).
    expect(masks.map((m) => m.prompt)).toEqual([0, 2, 3]);
    expect(masks[2]!.point).toEqual({ x: 17, y: 21 });
    // The toy decoder keeps to cells inside the box: a little less than the left half of that disc.
    expect(masks[2]!.area / masks[1]!.area).toBeGreaterThan(0.3);
    expect(masks[2]!.area / masks[1]!.area).toBeLessThan(0.55);
  });

  it.each(["sam-meta", "sam-hf"] as const)(
    "points on %s give the best of three masks",
    async (contract) => {
      const segmenter = await toySegmenter(toySettings(toySpec(contract)));
      const given = { kind: "given", prompts: [pointPrompt({ x: 300, y: 500 })] } as const;
      const image = plain(1024, 1024, [182, 128, 128]);
      const [mask] = (await segmenter.segment(job(image, { prompts: given }))).masks;
      // The best is the disc of radius 60; red 182 is one standard deviation above SAM's mean.
      expect(mask!.predictedIou).toBeCloseTo(0.95 + 0.01 * ((182 - 123.675) / 58.395), 5);
      const truth = discPicture(1024, 1024, 300, 500, 60);
      expect(iou(picture([mask!], 1024, 1024), truth)).toBeGreaterThan(0.99);
    },
  );

  it("boxes on sam-meta use the first mask; on sam-hf they are refused", async () => {
    const image = plain(512, 256, [182, 128, 128]);
    const box = { x: 100, y: 40, width: 200, height: 120 };
    const given = { kind: "given", prompts: [boxPrompt(box)] } as const;
    for (const decoder of [
      "sam-meta-decoder.onnx",
      "sam-meta-decoder-single.onnx",
      "sam-meta-decoder-batched.onnx",
    ]) {
      const spec = toySpec("sam-meta", undefined, decoder);
      const [mask] = (
        await (await toySegmenter(toySettings(spec))).segment(job(image, { prompts: given }))
      ).masks;
      expect(mask!.predictedIou).toBeCloseTo(0.5 + 0.01 * ((182 - 123.675) / 58.395), 5);
      const close = (a: Box, b: Box) =>
        Math.max(
          Math.abs(a.x - b.x),
          Math.abs(a.y - b.y),
          Math.abs(a.width - b.width),
          Math.abs(a.height - b.height),
        );
      expect(close(mask!.box, box)).toBeLessThanOrEqual(2);
    }
    const hf = await toySegmenter(toySettings(toySpec("sam-hf")));
    await expect(hf.segment(job(image, { prompts: given }))).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("found a box; it takes points on the object or beside it."),
    });
  });
});

interface Amg {
  readonly width: number;
  readonly height: number;
  readonly settings: Readonly<Record<string, number>>;
  readonly masks: readonly {
    readonly box: readonly [number, number, number, number];
    readonly area: number;
    readonly predictedIou: number;
    readonly stabilityScore: number;
    readonly point: readonly [number, number];
    readonly cropBox: readonly [number, number, number, number];
  }[];
}

describe("grid prompts", () => {
  const settingsOf = (amg: Amg, decoder?: string) =>
    toySettings(
      toySpec("sam-meta", undefined, decoder),
      {},
      {
        pointsPerSide: amg.settings.points_per_side!,
        predictedIouThreshold: amg.settings.pred_iou_thresh!,
        stabilityScoreThreshold: amg.settings.stability_score_thresh!,
        nmsIou: amg.settings.box_nms_thresh!,
        cropLayers: amg.settings.crop_n_layers ?? 0,
        cropNmsIou: amg.settings.crop_nms_thresh ?? 0.7,
        cropOverlapRatio: amg.settings.crop_overlap_ratio ?? 512 / 1500,
        cropPointsDownscale: amg.settings.crop_n_points_downscale_factor ?? 1,
        minMaskRegionAreaPx: amg.settings.min_mask_region_area ?? 0,
      },
    );
  const run = async (amg: Amg, decoder?: string) => {
    const segmenter = await toySegmenter(settingsOf(amg, decoder));
    const image = amgPicture(amg.width, amg.height);
    return (await segmenter.segment(job(image, { prompts: { kind: "grid" } }))).masks;
  };
  const key = (point: Point, predictedIou: number) =>
    `${point.x},${point.y} ${predictedIou.toFixed(5)}`;

  it.each(["sam-meta-decoder.onnx", "sam-meta-decoder-batched.onnx"])(
    "finds the masks of SAM's reference generator (%s)",
    async (decoder) => {
      const amg = await golden<Amg>("amg-1024.json");
      const masks = await run(amg, decoder);
      expect(masks).toHaveLength(amg.masks.length);
      const byKey = new Map(masks.map((m) => [key(m.point, m.predictedIou), m]));
      for (const { box, area, predictedIou, stabilityScore, point } of amg.masks) {
        const mask = byKey.get(key({ x: point[0], y: point[1] }, predictedIou));
        expect(mask?.area).toBe(area);
        // The reference writes a box as first and last pixel.
        expect(mask?.box).toEqual({ x: box[0], y: box[1], width: box[2], height: box[3] });
        expect(mask?.stabilityScore).toBeCloseTo(stabilityScore, 6);
        expect(decodeRle(mask!.rle).reduce((a, b) => a + b, 0)).toBe(area);
      }
    },
  );

  it("finds them in its order, crop layers and small regions included", async () => {
    const amg = await golden<Amg>("amg-crops.json");
    const masks = await run(amg, "sam-meta-decoder-batched.onnx");
    expect(masks).toHaveLength(amg.masks.length);
    const sizes = new Set(amg.masks.map(({ cropBox }) => cropBox[2]));
    expect(sizes.size).toBeGreaterThan(2);
    // A crop is enlarged to 1024 px, and back to its own size by the reference in two steps: where a pixel at
    // an outline falls may differ, which masks there are and their order may not.
    let different = 0;
    amg.masks.forEach(({ box, area, predictedIou, stabilityScore, point }, i) => {
      const mask = masks[i]!;
      expect(mask.point.x).toBeCloseTo(point[0], 6);
      expect(mask.point.y).toBeCloseTo(point[1], 6);
      expect(mask.predictedIou).toBeCloseTo(predictedIou, 4);
      expect(Math.abs(mask.stabilityScore - stabilityScore)).toBeLessThan(0.02);
      expect(Math.abs(mask.area - area)).toBeLessThanOrEqual(0.03 * area);
      for (const [k, side] of (["x", "y", "width", "height"] as const).entries()) {
        expect(Math.abs(mask.box[side] - box[k]!)).toBeLessThanOrEqual(2);
      }
      if (mask.area !== area) different++;
    });
    expect(different).toBeLessThan(amg.masks.length / 2);
  });

  it("does so on a patch that is neither 1024 px nor square, but for a pixel at the outline", async () => {
    const amg = await golden<Amg>("amg-640.json");
    const masks = await run(amg);
    const byKey = new Map(
      masks.map((m) => [`${m.point.x},${m.point.y} ${m.predictedIou.toFixed(4)}`, m]),
    );
    // The reference interpolates twice (256 → 1024 → 640), so masks at a threshold may go either way.
    const found = amg.masks.filter(({ area, predictedIou, point }) => {
      const mask = byKey.get(`${point[0]},${point[1]} ${predictedIou.toFixed(4)}`);
      return mask !== undefined && Math.abs(mask.area - area) <= 0.02 * area;
    });
    expect(found.length).toBeGreaterThanOrEqual(0.97 * amg.masks.length);
    expect(Math.abs(masks.length - amg.masks.length)).toBeLessThanOrEqual(2);
  });

  it("sam-meta with preprocessing inside the graph agrees with preprocessing outside", async () => {
    const image = amgPicture(640, 480);
    const answers = await Promise.all(
      ["sam-meta-encoder.onnx", "sam-meta-encoder-inside.onnx"].map(async (encoder) => {
        const settings = toySettings(
          toySpec("sam-meta", encoder),
          {},
          { pointsPerSide: 3, predictedIouThreshold: 0.9, stabilityScoreThreshold: 0 },
        );
        return (
          await (await toySegmenter(settings)).segment(job(image, { prompts: { kind: "grid" } }))
        ).masks;
      }),
    );
    expect(answers[0]!.length).toBeGreaterThan(9);
    expect(answers[1]!.map((m) => [m.box, m.area])).toEqual(
      answers[0]!.map((m) => [m.box, m.area]),
    );
    answers[1]!.forEach((m, i) => {
      expect(m.predictedIou).toBeCloseTo(answers[0]![i]!.predictedIou, 5);
    });
  });

  it("sam-hf agrees with sam-meta on the same points", async () => {
    const image = amgPicture(1024, 1024);
    const grid = { pointsPerSide: 4, predictedIouThreshold: 0.68, stabilityScoreThreshold: 0.5 };
    const answers = await Promise.all(
      (["sam-meta", "sam-hf"] as const).map(async (contract) => {
        const segmenter = await toySegmenter(toySettings(toySpec(contract), {}, grid));
        return (await segmenter.segment(job(image, { prompts: { kind: "grid" } }))).masks;
      }),
    );
    expect(answers[0]!.length).toBeGreaterThan(16);
    expect(answers[1]).toEqual(answers[0]);
  });
});

describe("bad jobs", () => {
  it("name the patch, what was found and what was expected", async () => {
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const image = { data: new Uint8Array(10), width: 4, height: 4 };
    await expect(segmenter.segment(job(image, { patchId: "3_4" }))).rejects.toMatchObject({
      code: "patch-failed",
      message: "patch 3_4: found 10 bytes of pixels, expected 4 × 4 × 3",
    });
    const allow = { cells: 3, data: new Uint8Array(4) };
    await expect(segmenter.segment(job(plain(16, 16, [0, 0, 0]), { allow }))).rejects.toMatchObject(
      {
        code: "patch-failed",
        message: expect.stringContaining("found 4 prompt cells, expected 3 × 3"),
      },
    );
  });

  it("a patch without valid pixels gives no masks", async () => {
    const segmenter = await toySegmenter(toySettings(toySpec("window")));
    const valid = { x: 40, y: 0, width: 10, height: 10 };
    const outcome = await segmenter.segment(job(plain(32, 32, [0, 0, 255]), { valid }));
    expect(outcome.masks).toEqual([]);
  });
});
