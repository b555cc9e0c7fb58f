import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import type { SamAdapter } from "../../src/segment/contracts/adapter.ts";
import { hematoxylinAuto } from "../../src/segment/hematoxylin-blobs.ts";
import type { GridSettings, ModelSpec } from "../../src/segment/model.ts";
import { openModel } from "../../src/segment/open-model.ts";
import type { PromptMode, SegmentSettings } from "../../src/segment/protocol.ts";
import { loadModel } from "../../src/segment/registry.ts";
import type { PlacedRle } from "../../src/segment/rle.ts";
import { PatchSegmenter } from "../../src/segment/segment-patch.ts";
import { cleanEach } from "../../src/segment/separate.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { DATA } from "../../tests/shared-data.ts";
import type { Bench } from "../harness/benches.ts";
import { interleave, type Measured } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { BENCH_OUT, type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, summarise } from "../harness/summary.ts";
import { exhaustiveMasks } from "./exhaustive.ts";
import { type Agreement, agreement, together } from "./match.ts";

/** A square of real tissue in the middle of a file, brought to 1024² px. */
interface Field {
  readonly path: string;
  /** Level-0 px of the file. */
  readonly side: number;
}

const field = (path: string, side: number): Field => ({ path: join(DATA, path), side });

/** Where nuclei are looked for: H&E at 0.25 µm/px (BCSS, CC0). */
const FINE = ["1008", "1015", "1019"].map((name) =>
  field(`train/regions-bcss-tumour/images/${name}.jpg`, 1024),
);
/** Where regions are looked for: H&E of 1.8 and 1.1 mm, about 1.7 and 1.1 µm/px. */
const COARSE = [
  field("slides/aperio-svs-tcga/tcga-cr-7395-01a-01-ts1.svs", 3560),
  field("slides/aperio-svs-jpeg/CMU-1-Small-Region.svs", 2220),
];
const SAM_SHAPE = join(BENCH_OUT, "sam-shape/sam-shape-batched.json");
/** The same weights, exported by training/sam_decoder.py. */
const SAM_SHARED = join(BENCH_OUT, "sam-shape/sam-shape-shared.json");
const SIDE = 1024;

/** All of SAM's automatic mask generation against the engine, same weights, same patches, one run. */
export const masksBench: Bench = {
  name: "masks",
  summary:
    "a grid of points on a patch of 1024² px: every step as the reference does it, and the engine",
  usage: `    --model A,B             (both of microtome's, and SAM's standard shape where bench/masks/make_sam_model.py has made it)
    --patches N             of real tissue, at most (3)
    --points N              a side (32)
    --quick                 of SAM's standard shape only the exhaustive route and the fastest
    --covered S             stability of a mask that answers for the points in it (0.9)`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        model: { type: "string" },
        patches: { type: "string", default: "3" },
        points: { type: "string", default: "32" },
        covered: { type: "string", default: "0.9" },
        quick: { type: "boolean", default: false },
      },
    });
    const machine = describeMachine();
    const names = values.model?.split(",") ?? defaultModels();
    const tables: ReportTable[] = [];
    const results: unknown[] = [];
    for (const name of names) {
      const model = await loadModel(name);
      const grid = {
        ...model.grid,
        pointsPerSide: Number(values.points),
        coveredStability: Number(values.covered),
      };
      const fields = model.tasks[0] === "nuclei" ? FINE : COARSE;
      const chosen = fields.slice(0, Number(values.patches));
      const patches = await Promise.all(chosen.map(realPatch));
      const shared = resolve(name) === SAM_SHAPE ? await loadModel(SAM_SHARED) : null;
      const quick = shared !== null && values.quick;
      const found = await measure({ model, shared, grid, patches, quick });
      results.push({ model: model.name, sha256: model.sha256, grid, found });
      tables.push(toTable(model, found));
    }
    const { markdown, paths } = await writeReport({
      name: "masks",
      title: `A grid of ${values.points} × ${values.points} points on patches of ${SIDE}² px`,
      machine,
      results,
      tables,
      notes: [
        "exhaustive: every point decoded, every mask upsampled to full size, then predicted IoU, stability, suppression, as segment-anything's generator does it. All on one thread in one process, contenders in a new order a patch.",
        "kept: share of the exhaustive route's masks that have a partner of IoU ≥ 0.5, one to one; IoU: mean of the pairs.",
        "CPU s: processor seconds a patch, which other work on the machine disturbs less than wall seconds.",
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

function defaultModels(): string[] {
  const own = ["microtome-nuclei", "microtome-regions"];
  if (existsSync(SAM_SHAPE)) return [...own, SAM_SHAPE];
  process.stderr.write(
    `${SAM_SHAPE} is not there: bench/masks/make_sam_model.py makes it; going on without\n`,
  );
  return own;
}

async function realPatch({ path, side }: Field): Promise<RgbImage> {
  const slide = await openSlide(path);
  try {
    const x = Math.floor((slide.size.width - side) / 2);
    const y = Math.floor((slide.size.height - side) / 2);
    const image = await slide.readRegion(0, { x, y, width: side, height: side });
    if (side === SIDE) return image;
    const raw = { width: side, height: side, channels: 3 as const };
    const small = await sharp(image.data, { raw }).resize(SIDE, SIDE).raw().toBuffer();
    return { data: new Uint8Array(small), width: SIDE, height: SIDE };
  } finally {
    await slide.close();
  }
}

/** What one way of making masks gave on one patch. */
interface Answer {
  readonly masks: readonly PlacedRle[];
  readonly prompts: number;
  readonly ms: { readonly encode: number; readonly decode: number; readonly post: number };
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Contender {
  readonly name: string;
  /** A patch an entry. */
  readonly answers: readonly Omit<Answer, "masks">[];
  readonly agreement: readonly Agreement[];
}

/** What is measured with one set of weights. */
interface Plan {
  readonly model: ModelSpec;
  readonly shared: ModelSpec | null;
  readonly grid: GridSettings;
  readonly patches: readonly RgbImage[];
  readonly quick: boolean;
}

async function measure({ model, shared, grid, patches, quick }: Plan): Promise<Contender[]> {
  const adapter = await openModel(model);
  const sharing = shared === null ? null : await openModel(shared);
  try {
    const all = waysOf(adapter, sharing, model, grid);
    const ways = quick ? [all[0]!, all.at(-1)!] : all;
    const runs = ways.map(
      ({ name, run }): Measured<Answer> => ({
        name,
        async once(round) {
          process.stderr.write(`${model.name}, patch ${round + 1}: ${name} …\n`);
          const image = patches[round]!;
          return await timed(() => run({ ...image, data: image.data.slice() }));
        },
      }),
    );
    // Warm: sessions make their plans, and functions are compiled, before anything is counted.
    await ways.at(-1)!.run(patches[0]!);
    const answers = await interleave(runs, { rounds: patches.length, seed: 1 });
    const wanted = answers.get("exhaustive")!;
    return ways.map(({ name }) => {
      const own = answers.get(name)!;
      return {
        name,
        answers: own.map(({ masks: _, ...rest }) => rest),
        agreement: own.map(({ masks }, i) => agreement(wanted[i]!.masks, masks)),
      };
    });
  } finally {
    await adapter.release();
    await sharing?.release();
  }
}

interface Way {
  readonly name: string;
  run(image: RgbImage): Promise<Omit<Answer, "seconds" | "cpuSeconds">>;
}

function waysOf(
  adapter: SamAdapter,
  sharing: SamAdapter | null,
  model: ModelSpec,
  covered: GridSettings,
): Way[] {
  const { coveredStability: _, ...every } = covered;
  const mpp = model.mpp ?? 0.25;
  const settings = (grid: GridSettings): SegmentSettings => ({
    model,
    auto: hematoxylinAuto(grid, mpp),
    grid,
    mpp,
    minAreaUm2: 0,
    maxAreaUm2: null,
    stain: null,
  });
  const engine = (name: string, of: SamAdapter, grid: GridSettings, prompts: PromptMode): Way => {
    const segmenter = new PatchSegmenter(of, settings(grid));
    return {
      name,
      run: (image) =>
        segmenter.segment({
          patchId: "bench",
          image,
          prompts,
          allow: null,
          valid: { x: 0, y: 0, width: image.width, height: image.height },
        }),
    };
  };
  return [
    {
      name: "exhaustive",
      async run(image) {
        const answer = await exhaustiveMasks(image, adapter, every);
        return { ...answer, masks: cleanEach(answer.masks) };
      },
    },
    engine("engine, every point", adapter, every, { kind: "grid" }),
    engine("engine, covered points left out", adapter, covered, { kind: "grid" }),
    ...(sharing === null
      ? []
      : [
          engine("shared decoder, every point", sharing, every, { kind: "grid" }),
          engine("shared decoder, covered points left out", sharing, covered, { kind: "grid" }),
        ]),
  ];
}

async function timed(run: () => Promise<Omit<Answer, "seconds" | "cpuSeconds">>): Promise<Answer> {
  const started = performance.now();
  const before = process.cpuUsage();
  const answer = await run();
  const { user, system } = process.cpuUsage(before);
  return {
    masks: answer.masks,
    prompts: answer.prompts,
    ms: answer.ms,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
}

function toTable(model: ModelSpec, found: readonly Contender[]): ReportTable {
  const first = found[0]!;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const cpu = ({ answers }: Contender) => mean(answers.map((answer) => answer.cpuSeconds));
  return {
    caption: `${model.name} ${model.version} (${model.contract})`,
    columns: [
      "",
      "points asked",
      "s a patch",
      "CPU s",
      "of it encode",
      "decode",
      "masks",
      "times as fast",
      "masks found",
      "kept",
      "IoU",
    ],
    rows: found.map((one) => {
      const { wanted, kept, meanIou, found: masks } = together(one.agreement);
      // Without masks to keep there is no share of them.
      const asShare = (value: number) => (wanted === 0 ? "–" : value.toFixed(3));
      const share = (of: (answer: Omit<Answer, "masks">) => number) =>
        mean(one.answers.map(of)).toFixed(2);
      return [
        one.name,
        mean(one.answers.map((answer) => answer.prompts)).toFixed(0),
        formatSummary(summarise(one.answers.map((answer) => answer.seconds))),
        cpu(one).toFixed(2),
        share((answer) => answer.ms.encode / 1000),
        share((answer) => answer.ms.decode / 1000),
        share((answer) => answer.ms.post / 1000),
        (cpu(first) / cpu(one)).toFixed(1),
        String(masks),
        asShare(kept),
        asShare(meanIou),
      ];
    }),
  };
}
