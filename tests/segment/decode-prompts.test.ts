import { expect, it } from "vitest";
import type { DecodedBatch } from "../../src/segment/contracts/adapter.ts";
import { MaskCutter } from "../../src/segment/cut-mask.ts";
import { decodePrompts } from "../../src/segment/decode-prompts.ts";
import { pointBatch } from "../../src/segment/prompt-batch.ts";

it("keeps the logits only of masks that are wanted: of hundreds some are as large as the patch", async () => {
  const grid = { columns: 8, rows: 8, cellPx: 4 };
  const small = Float32Array.from({ length: 64 }, (_, i) => (i === 9 ? 5 : -5));
  const batch: DecodedBatch = {
    prompts: 1,
    masksPerPrompt: 2,
    grid,
    logits: (_, mask) => (mask === 0 ? small : new Float32Array(64).fill(5)),
    predictedIou: () => 1,
    origin: () => ({ x: 0, y: 0 }),
  };
  const answers = await decodePrompts(
    {
      encoded: { objectness: null, decode: async () => batch },
      batchSize: 8,
      clip: { x: 0, y: 0, width: 32, height: 32 },
      stabilityOffset: 1,
      cutterFor: (of) => new MaskCutter(of),
      ms: { encode: 0, decode: 0, post: 0 },
    },
    pointBatch([{ x: 6, y: 6 }]),
    {
      bestOnly: false,
      predictedIou: 0,
      stability: 0,
      maskThreshold: 0,
      keepsField: ({ area }) => area < 100,
    },
  );
  expect(answers.map(({ area }) => area < 100)).toEqual([true, false]);
  expect(answers.map(({ field }) => field !== undefined)).toEqual([true, false]);
});
