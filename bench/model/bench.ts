import { join } from "node:path";
import { parseArgs } from "node:util";
import type { AutoSettings, GridSettings, ModelSpec } from "../../src/segment/model.ts";
import type { PromptMode, SegmentResult } from "../../src/segment/protocol.ts";
import { defaultModelFor, loadModel } from "../../src/segment/registry.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { DATA } from "../../tests/shared-data.ts";
import type { Bench } from "../harness/benches.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, summarise } from "../harness/summary.ts";

/** A real H&E field (BCSS, CC0) at the nuclei model's own µm/px. */
const FIELD = join(DATA, "train/regions-bcss-tumour/images/1008.jpg");
const SIDE = 1024;

/** A patch from bytes to RLE, one and two workers: seconds a patch, where they go, and memory. */
export const modelBench: Bench = {
  name: "model",
  summary: "a patch of 1024² px from bytes to run lengths: seconds and memory of the workers",
  usage: `    --model NAME|FILE.json  (the nuclei task's own)
    --image FILE            its middle is the patch (a BCSS field of the data folder)
    --workers A,B           (1,2)
    --rounds N              kept patches a worker; one more warms up (6)`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        model: { type: "string" },
        image: { type: "string", default: FIELD },
        workers: { type: "string", default: "1,2" },
        rounds: { type: "string", default: "6" },
      },
    });
    const machine = describeMachine();
    const model = await loadModel(values.model ?? (await defaultModelFor("nuclei")));
    const patch = await middleOf(values.image);
    const measured: Measured[] = [];
    for (const workers of values.workers.split(",").map(Number)) {
      for (const prompts of ["auto", "grid"] as const) {
        if (prompts === "auto" && model.auto === null) continue;
        process.stderr.write(`${prompts}, ${workers} workers …\n`);
        measured.push(await measure(model, patch, prompts, workers, Number(values.rounds)));
      }
    }
    const { markdown, paths } = await writeReport({
      name: `model-${model.name}`,
      title: `${model.name} ${model.version} on a patch of ${SIDE}² px`,
      machine,
      results: { model: model.name, sha256: model.sha256, measured },
      tables: [toTable(measured)],
      notes: [
        `auto: prompts at the peaks of objectness; grid: 32 × 32 = 1,024 points. One ONNX Runtime thread a worker.`,
        `Seconds a patch: wall time of all patches over their number; encode, decode, post: medians inside a worker.`,
        `MB a worker: what the process's resident memory grew by, from before the workers were made to its highest at the end of a patch, over their number.`,
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Measured {
  readonly prompts: "auto" | "grid";
  readonly workers: number;
  readonly asked: number;
  readonly masks: number;
  readonly secondsAPatch: number;
  readonly encodeMs: readonly number[];
  readonly decodeMs: readonly number[];
  readonly postMs: readonly number[];
  readonly megabytesAWorker: number;
}

async function middleOf(path: string): Promise<RgbImage> {
  const slide = await openSlide(path);
  try {
    const x = Math.max(0, Math.floor((slide.size.width - SIDE) / 2));
    const y = Math.max(0, Math.floor((slide.size.height - SIDE) / 2));
    return await slide.readRegion(0, { x, y, width: SIDE, height: SIDE });
  } finally {
    await slide.close();
  }
}

function settingsOf(model: ModelSpec): {
  readonly model: ModelSpec;
  readonly auto: AutoSettings | null;
  readonly grid: GridSettings;
} {
  return { model, auto: model.auto, grid: { ...model.grid, pointsPerSide: 32 } };
}

async function measure(
  model: ModelSpec,
  patch: RgbImage,
  prompts: "auto" | "grid",
  workers: number,
  rounds: number,
): Promise<Measured> {
  const before = process.memoryUsage.rss();
  const settings = {
    ...settingsOf(model),
    mpp: model.mpp ?? 0.25,
    minAreaUm2: 0,
    stain: null,
    maxAreaUm2: null,
  };
  const segmenter = await createSegmenter({ settings, workers });
  let highest = 0;
  const one = async (): Promise<Extract<SegmentResult, { readonly ok: true }>> => {
    const mode: PromptMode = { kind: prompts };
    const result = await segmenter.segment({
      patchId: "bench",
      image: { ...patch, data: patch.data.slice() },
      prompts: mode,
      allow: null,
      valid: { x: 0, y: 0, width: patch.width, height: patch.height },
    });
    highest = Math.max(highest, process.memoryUsage.rss());
    if (!result.ok) throw new Error(result.error.message);
    return result;
  };
  try {
    await Promise.all(Array.from({ length: workers * 2 }, one));
    const start = performance.now();
    const results = await Promise.all(Array.from({ length: workers * rounds }, one));
    const wall = (performance.now() - start) / 1000;
    return {
      prompts,
      workers,
      asked: results[0]!.prompts,
      masks: results[0]!.masks.length,
      secondsAPatch: wall / results.length,
      encodeMs: results.map((r) => r.ms.encode),
      decodeMs: results.map((r) => r.ms.decode),
      postMs: results.map((r) => r.ms.post),
      megabytesAWorker: (highest - before) / workers / 1e6,
    };
  } finally {
    await segmenter.close();
  }
}

function toTable(measured: readonly Measured[]): ReportTable {
  const middle = (values: readonly number[]) => formatSummary(summarise(values));
  return {
    caption: "From bytes to run lengths",
    columns: [
      "prompts",
      "asked",
      "objects",
      "workers",
      "s a patch",
      "encode ms",
      "decode ms",
      "post ms",
      "MB a worker",
    ],
    rows: measured.map((m) => [
      m.prompts,
      String(m.asked),
      String(m.masks),
      String(m.workers),
      m.secondsAPatch.toFixed(2),
      middle(m.encodeMs),
      middle(m.decodeMs),
      middle(m.postMs),
      m.megabytesAWorker.toFixed(0),
    ]),
  };
}
