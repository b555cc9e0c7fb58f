import { describe, expect, it } from "vitest";
import { openModel } from "../../src/segment/open-model.ts";
import type { MaskLogits, Prompt } from "../../src/segment/prompt.ts";
import { groupPrompts } from "../../src/segment/prompt-batch.ts";
import { amgPicture, golden, job, toySegmenter, toySettings, toySpec } from "./toy.ts";

interface Answered {
  readonly points: readonly (readonly [x: number, y: number, label: 0 | 1])[];
  readonly box?: readonly [x0: number, y0: number, x1: number, y1: number];
  /** The prompt whose best mask goes in as an earlier one. */
  readonly after?: number;
  readonly best: readonly Mask[];
  readonly all: readonly Mask[];
}

interface Mask {
  readonly iou: number;
  /** Logits at `cells` of the 256 × 256 ones. */
  readonly samples: readonly number[];
}

const SPEC = toySpec("sam-meta", "sam-tiny-encoder.onnx", "sam-tiny-decoder.onnx");
const IMAGE = amgPicture(1024, 1024);

function promptOf({ points, box }: Answered, mask: MaskLogits | undefined): Prompt {
  return {
    points: points.map(([x, y, label]) => ({ x, y, label })),
    ...(box
      ? { box: { x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1] } }
      : {}),
    ...(mask ? { mask } : {}),
  };
}

describe("segment-anything's SamPredictor on SAM's own decoder (random weights, make-prompt-goldens.py)", async () => {
  const { cells, prompts } = await golden<{ cells: number[]; prompts: Answered[] }>("prompts.json");

  it("answers points, boxes, both, and earlier masks alike, one mask or all", async () => {
    const adapter = await openModel(SPEC);
    const encoded = await adapter.encode(IMAGE);
    const earlier: MaskLogits[] = [];
    for (const answered of prompts) {
      const mask = answered.after === undefined ? undefined : earlier[answered.after];
      const prompt = promptOf(answered, mask);
      for (const kind of ["all", "best"] as const) {
        const expected = answered[kind];
        const [group] = groupPrompts([prompt], kind === "all");
        const decoded = await encoded.decode(group!.batch);
        expect(decoded.masksPerPrompt).toBe(expected.length);
        for (const [m, { iou, samples }] of expected.entries()) {
          expect(decoded.predictedIou(0, m)).toBeCloseTo(iou, 4);
          const logits = decoded.logits(0, m);
          for (const [i, cell] of cells.entries()) {
            expect(Math.abs(logits[cell]! - samples[i]!)).toBeLessThan(1e-3);
          }
        }
        if (kind === "all") continue;
        const best = expected.reduce((a, { iou }, i) => (iou > expected[a]!.iou ? i : a), 0);
        earlier.push({ columns: 256, rows: 256, data: decoded.logits(0, best).slice() });
      }
    }
    await adapter.release();
  });

  it("many prompts a call answer as one by one", async () => {
    const segmenter = await toySegmenter(toySettings(SPEC));
    const asked = prompts.filter(({ after }) => after === undefined);
    const given = [...asked, ...asked].map((answered) => promptOf(answered, undefined));
    const outcome = await segmenter.segment(
      job(IMAGE, { prompts: { kind: "given", prompts: given, logits: true } }),
    );
    expect(outcome.masks.map(({ prompt }) => prompt)).toEqual(given.map((_, i) => i));
    for (const { prompt, logits, predictedIou } of outcome.masks) {
      const { best } = asked[prompt! % asked.length]!;
      const { iou, samples } = best.reduce((a, b) => (b.iou > a.iou ? b : a));
      expect(predictedIou).toBeCloseTo(iou, 4);
      for (const [i, cell] of cells.entries()) {
        expect(Math.abs(logits!.data[cell]! - samples[i]!)).toBeLessThan(1e-3);
      }
    }
  });
});
