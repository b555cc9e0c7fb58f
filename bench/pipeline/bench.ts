import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench } from "../harness/benches.ts";
import { type Answer, Contender } from "../harness/contender.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { benchSlide, LAYOUTS, TISSUE_SLIDE, tissueSlide } from "../slides/bench-slides.ts";
import type { PipelineAnswer, PipelineJob } from "./job.ts";

/** µm/px of the slide: a 40x scan, the nuclei task's own scale. */
const MPP = 0.25;

/** Stages that do the work, in order; `segment` holds several of them and is not counted again. */
const STAGES = ["open", "tissue", "model", "read", "encode", "decode", "post", "merge"];

/** Nuclei from a slide file to its outlines: seconds a mm², where they go, and memory. */
export const pipelineBench: Bench = {
  name: "pipeline",
  summary: "nuclei on a slide of real tissue, whole pipeline: seconds a mm², stages, peak memory",
  usage: `    --mm2 A                 area of the slide, a square (4)
    --workers A,B           (as many as cores)
    --mpp 0.25|0.5          a 40x scan; or a 20x scan, which is enlarged to the task's 0.25 µm/px (0.25)
    --patch-size N          grid px (the task's own)
    --rounds N              (1)`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        mm2: { type: "string", default: "4" },
        workers: { type: "string", default: String(availableParallelism()) },
        mpp: { type: "string", default: String(MPP) },
        "patch-size": { type: "string" },
        rounds: { type: "string", default: "1" },
      },
    });
    const machine = describeMachine();
    const mpp = Number(values.mpp);
    if (mpp !== MPP && mpp !== 0.5)
      throw new Error(`found --mpp ${values.mpp}, expected 0.25 or 0.5`);
    const side = Math.round((Math.sqrt(Number(values.mm2)) * 1000) / mpp);
    const fine = mpp === MPP;
    const slide = await (fine ? tissueSlide(side, MPP) : benchSlide("ycbcr", side));
    const out = await mkdtemp(join(tmpdir(), "microtome-bench-"));
    const measured: Measured[] = [];
    try {
      for (const workers of values.workers.split(",").map(Number)) {
        for (let round = 0; round < Number(values.rounds); round++) {
          process.stderr.write(`${workers} workers, round ${round + 1} …\n`);
          const patchSize =
            values["patch-size"] === undefined ? null : Number(values["patch-size"]);
          measured.push({
            workers,
            answer: await measure({ slide, out, workers, patchSize }),
          });
        }
      }
    } finally {
      await rm(out, { recursive: true, force: true });
    }
    const { markdown, paths } = await writeReport({
      name: "pipeline",
      title: `Nuclei on ${side}² px of tissue at ${mpp} µm/px, from the file to the objects`,
      machine,
      results: { side, mpp, measured },
      tables: [total(measured), stages(measured)],
      notes: [
        `The slide: ${fine ? TISSUE_SLIDE : LAYOUTS.ycbcr}.`,
        "mm²: tissue that was found. CPU s: processor seconds of the whole process a mm². Peak: resident memory of the whole process.",
        "Shares are of the sum of the stages' seconds, over all workers; stages overlap, so the sum exceeds the clock.",
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Measured {
  readonly workers: number;
  readonly answer: PipelineAnswer & Answer;
}

/** A process a run, so that each has its own peak of memory. */
async function measure(job: PipelineJob): Promise<PipelineAnswer & Answer> {
  const contender = await Contender.start({
    name: "microtome",
    command: process.execPath,
    args: ["--import", "tsx", join(import.meta.dirname, "microtome.ts")],
  });
  try {
    return await contender.ask<PipelineAnswer>(job);
  } finally {
    await contender.stop();
  }
}

function total(measured: readonly Measured[]): ReportTable {
  return {
    caption: "The whole run",
    columns: ["workers", "mm²", "objects", "patches", "s", "s a mm²", "CPU s a mm²", "peak MiB"],
    rows: measured.map(({ workers, answer }) => [
      String(workers),
      answer.areaMm2.toFixed(2),
      String(answer.objects),
      String(answer.patches),
      answer.seconds.toFixed(1),
      (answer.seconds / answer.areaMm2).toFixed(2),
      (answer.cpuSeconds / answer.areaMm2).toFixed(2),
      answer.peakMiB.toFixed(0),
    ]),
  };
}

function stages(measured: readonly Measured[]): ReportTable {
  const known = STAGES.filter((stage) => measured.some(({ answer }) => stage in answer.stages));
  return {
    caption: "Where the time goes",
    columns: ["workers", ...known],
    rows: measured.map(({ workers, answer }) => {
      const sum = known.reduce((all, stage) => all + (answer.stages[stage] ?? 0), 0);
      return [
        String(workers),
        ...known.map((stage) => {
          const seconds = answer.stages[stage] ?? 0;
          return `${seconds.toFixed(1)} s (${((100 * seconds) / sum).toFixed(1)} %)`;
        }),
      ];
    }),
  };
}
