import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench } from "../harness/benches.ts";
import { type Answer, Contender } from "../harness/contender.ts";
import { describeMachine } from "../harness/machine.ts";
import { BENCH_OUT, type ReportTable, writeReport } from "../harness/report.ts";
import type { MergeAnswer, MergeJob } from "./job.ts";

const USAGE = `    --side N         patches a side, 100 nuclei a patch; 100 is a million nuclei (50)
    --turf-side N    the same for @turf, which survives no more; 0 leaves it out (3)
    --peers yes|no   whether GEOS is asked (yes)
    --python PATH    with shapely and scipy (python3, or MICROTOME_BENCH_PYTHON)`;

const SEED = 1;

type Found = MergeAnswer & Answer;

/** Nuclei of overlapping patches to whole objects: processor time, memory, and whether GEOS finds the same. */
export const mergeBench: Bench = {
  name: "merge",
  summary: "overlapping patches to whole objects: microtome, GEOS, @turf",
  usage: USAGE,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        side: { type: "string", default: "50" },
        "turf-side": { type: "string", default: "3" },
        peers: { type: "string", default: "yes" },
        python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
      },
    });
    const side = Number(values.side);
    const turfSide = Number(values["turf-side"]);
    const machine = describeMachine();
    const folder = join(BENCH_OUT, `merge-${side}`);
    await mkdir(folder, { recursive: true });
    const job = { folder, side, seed: SEED };
    try {
      const painted = await ask("microtome.ts", { ...job, what: "paint" });
      const read = await ask("microtome.ts", { ...job, what: "read" });
      const merged = await ask("microtome.ts", { ...job, what: "merge" });
      const exact = await ask("microtome.ts", { ...job, what: "exact" });
      const smooth = await ask("microtome.ts", { ...job, what: "smooth" });
      const geos = values.peers === "yes" ? await askGeos(values.python, job) : null;
      const turf =
        turfSide > 0 ? await ask("turf.ts", { ...job, side: turfSide, what: "merge" }) : null;
      const results = { side, painted, read, merged, exact, smooth, geos, turf, turfSide };
      const { markdown, paths } = await writeReport({
        name: `merge-${side}`,
        title: `Merging ${(100 * side ** 2).toLocaleString("en")} nuclei of ${(side ** 2).toLocaleString("en")} patches`,
        machine,
        results,
        tables: [tableOf(results)],
        notes: [
          `${painted.masks!.toLocaleString("en")} masks: patches of 1024 px that overlap by 128 px at 0.25 µm/px; every patch reports the exact part of the truth that it sees, a fifth of the neighbours touch, one nucleus in fifty has a hole. Painting them (${painted.cpuSeconds.toFixed(1)} s) is in no figure.`,
          `Processor seconds of microtome are of the whole job less those of reading the masks from a file (${read.cpuSeconds.toFixed(1)} s, ${Math.round(read.peakMiB)} MiB), start of the compiler included; memory is the process's peak, reading included. At most ${merged.peakMasks!.toLocaleString("en")} masks were held at a time.`,
          ...(geos === null ? [] : [geosNote(geos, merged)]),
          ...(turf === null ? [] : [turfNote(turf, turfSide, side)]),
        ],
      });
      process.stdout.write(`${markdown}\n`);
      process.stderr.write(`${paths.join("\n")}\n`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Results {
  readonly read: Found;
  readonly merged: Found;
  readonly exact: Found;
  readonly smooth: Found;
  readonly geos: Found | null;
  readonly turf: Found | null;
}

/** Every job has a process of its own: its memory peak is the job's. */
async function ask(file: string, job: MergeJob): Promise<Found> {
  process.stderr.write(`${file} ${job.what} …\n`);
  const script = join(import.meta.dirname, file);
  const args = ["--import", "tsx", script];
  const contender = await Contender.start({ name: file, command: process.execPath, args });
  const answer = await contender.ask<MergeAnswer>(job);
  await contender.stop();
  return answer;
}

async function askGeos(python: string, job: Omit<MergeJob, "what">): Promise<Found | null> {
  const args = [join(import.meta.dirname, "geos.py")];
  let contender: Contender;
  try {
    contender = await Contender.start({ name: "GEOS", command: python, args });
  } catch (error) {
    process.stderr.write(`left out: GEOS cannot be started (${error})\n`);
    return null;
  }
  await ask("microtome.ts", { ...job, what: "outline" });
  process.stderr.write(`${contender.version} …\n`);
  const answer = await contender.ask<MergeAnswer>({ ...job, what: "merge" });
  await contender.stop();
  return answer;
}

function tableOf({ read, merged, exact, smooth, geos, turf }: Results): ReportTable {
  const row = (name: string, cpu: number, { objects, peakMiB }: Found) => [
    name,
    objects!.toLocaleString("en"),
    cpu.toFixed(1),
    ((1e6 * cpu) / objects!).toFixed(1),
    String(Math.round(peakMiB)),
  ];
  const own = (name: string, found: Found) => row(name, found.cpuSeconds - read.cpuSeconds, found);
  return {
    caption: "One run a contender",
    columns: ["contender", "objects", "CPU s", "µs an object", "peak memory, MiB"],
    rows: [
      own("microtome, merged on the grid", merged),
      own("microtome, with exact outlines", exact),
      own("microtome, with smooth outlines, measures and ids", smooth),
      ...(geos ? [row("GEOS, STRtree and unary_union", geos.parts!.merge!, geos)] : []),
      ...(turf ? [row("@turf, intersect and union", turf.parts!.merge!, turf)] : []),
    ],
  };
}

function geosNote(geos: Found, merged: Found): string {
  const { equal, objects, parts, masks } = geos;
  return `GEOS takes ${masks!.toLocaleString("en")} exact outlines; making its polygons (${parts!.load!.toFixed(1)} s) is not in its figure. It finds ${objects!.toLocaleString("en")} objects; ${equal!.toLocaleString("en")} of microtome's ${merged.objects!.toLocaleString("en")} have the same box and the same area there.`;
}

function turfNote(turf: Found, turfSide: number, side: number): string {
  const scaled = (turf.parts!.merge! * side ** 2) / turfSide ** 2;
  return `@turf was given ${turf.masks!.toLocaleString("en")} outlines of ${turfSide ** 2} patches; were it linear, ${side ** 2} patches would take it ${Math.round(scaled).toLocaleString("en")} s. Candidates come from Flatbush, for @turf has no index.`;
}
