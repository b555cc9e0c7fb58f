import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../samples/painter/random.ts";
import type { Box } from "../../src/geometry.ts";
import type { Bench } from "../harness/benches.ts";
import { type Answer, Contender, type ContenderCommand } from "../harness/contender.ts";
import { interleave } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { BENCH_OUT, type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, quantile, summarise } from "../harness/summary.ts";
import type { QueryAnswer, StoreJob, WriteAnswer } from "./job.ts";
import { nuclei, sideOf } from "./nuclei.ts";
import { writeInput } from "./write-input.ts";

const SEED = 1;

/** A run's objects file beside TIAToolbox's SQLiteStore. */
export const storeBench: Bench = {
  name: "store",
  summary: "objects written and found by place: microtome, TIAToolbox's SQLiteStore",
  usage: `    --objects N      that both write (100000; 1000000 takes SQLiteStore several minutes)
    --alone N        that microtome writes alone besides (1000000; 0 for none)
    --rounds N       kept rounds; each writes and queries anew (3)
    --queries N      boxes of each size (1000)
    --python PATH    with tiatoolbox, else plain SQLite stands in (python3, or MICROTOME_BENCH_PYTHON)`,
  async run(args) {
    const options = parseOptions(args);
    const machine = describeMachine();
    const folder = join(BENCH_OUT, "store");
    await mkdir(folder, { recursive: true });
    const microtome = node();
    const python = {
      name: "SQLiteStore",
      command: options.python,
      args: [join(import.meta.dirname, "sqlite_store.py")],
    };
    const tables: ReportTable[] = [];
    const results: unknown[] = [];
    const versions = new Map<string, string>();
    for (const [count, commands] of [
      [options.objects, [microtome, python]],
      [options.alone, [microtome]],
    ] as const) {
      if (count === 0) continue;
      process.stderr.write(`${count} objects …\n`);
      const input = join(folder, `objects-${count}.bin`);
      if (commands.length > 1) await writeInput(input, nuclei(count, SEED));
      const values = await interleave(
        commands.map((command) => ({
          name: command.name,
          once: () =>
            measure(command, { folder, input, count, queries: options.queries, versions }),
        })),
        { rounds: options.rounds, seed: SEED },
      );
      await rm(input, { force: true });
      results.push({ count, values: Object.fromEntries(values) });
      tables.push(...toTables(count, values));
    }
    const { markdown, paths } = await writeReport({
      name: `store-${options.objects}`,
      title: "Objects on the disk",
      machine,
      results,
      tables,
      notes: [
        "Objects: wavy ellipses of 20 to 40 points with six measurements and a class, 256 to 1024² px, in the order of patches (bench/store/nuclei.ts). Both get the same, ready made, in chunks of 10,000; making them is not timed. Files are in the page cache.",
        "A query gives back every object whose box meets a square of that side, with outline and measurements; places are seeded, the same for all. Times are of one query, median and 99th percentile of all in a round.",
        `Median (lowest–highest) of ${options.rounds} rounds in a new order each; writing and querying have processes of their own, whose peaks are told.`,
        ...[...versions].map(([name, version]) => `${name}: ${version}.`),
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Options {
  readonly objects: number;
  readonly alone: number;
  readonly rounds: number;
  readonly queries: number;
  readonly python: string;
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      objects: { type: "string", default: "100000" },
      alone: { type: "string", default: "1000000" },
      rounds: { type: "string", default: "3" },
      queries: { type: "string", default: "1000" },
      python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
    },
  });
  const [objects, alone, rounds, queries] = [
    Number(values.objects),
    Number(values.alone),
    Number(values.rounds),
    Number(values.queries),
  ];
  if (!(objects >= 0 && alone >= 0 && rounds >= 1 && queries >= 1)) {
    throw new Error("--objects and --alone are 0 or more, --rounds and --queries 1 or more");
  }
  return { objects, alone, rounds, queries, python: values.python };
}

/** Sides of the squares that are asked for, level-0 px: a place that is looked at, and a screenful. */
const SIDES = [256, 1024] as const;

interface Round {
  readonly write: WriteAnswer & Answer;
  readonly queries: readonly (QueryAnswer & Answer & { readonly side: number })[];
}

interface What {
  readonly folder: string;
  readonly input: string;
  readonly count: number;
  readonly queries: number;
  readonly versions: Map<string, string>;
}

async function measure(command: ContenderCommand, what: What): Promise<Round> {
  const { folder, input, count } = what;
  const store = join(folder, `${command.name}-${count}.store`);
  const job: StoreJob = { op: "write", input, count, seed: SEED, store };
  const write = await alone<WriteAnswer>(command, job, what.versions);
  const queries: Round["queries"][number][] = [];
  for (const side of SIDES) {
    const boxes = boxesOf(side, sideOf(count), what.queries);
    const answer = await alone<QueryAnswer>(command, { op: "query", store, boxes }, what.versions);
    queries.push({ ...answer, side });
  }
  await rm(store, { force: true });
  return { write, queries };
}

/** Has one job done in a process of its own. */
async function alone<T>(
  command: ContenderCommand,
  job: StoreJob,
  versions: Map<string, string>,
): Promise<T & Answer> {
  const contender = await Contender.start(command);
  versions.set(command.name, contender.version);
  try {
    return await contender.ask<T>(job);
  } finally {
    await contender.stop();
  }
}

function boxesOf(side: number, extent: number, count: number): Box[] {
  const random = new Random(SEED + side);
  return Array.from({ length: count }, () => ({
    x: random.between(0, extent - side),
    y: random.between(0, extent - side),
    width: side,
    height: side,
  }));
}

function toTables(count: number, values: ReadonlyMap<string, readonly Round[]>): ReportTable[] {
  const named = count.toLocaleString("en");
  const over = (rounds: readonly Round[], of: (round: Round) => number) =>
    formatSummary(summarise(rounds.map(of)));
  return [
    {
      caption: `${named} objects, written`,
      columns: ["store", "s", "processor s", "MB", "bytes an object", "peak, MiB"],
      rows: [...values].map(([name, rounds]) => [
        name,
        over(rounds, ({ write }) => write.writeSeconds),
        over(rounds, ({ write }) => write.writeCpuSeconds),
        over(rounds, ({ write }) => write.bytes / 1e6),
        over(rounds, ({ write }) => write.bytes / count),
        over(rounds, ({ write }) => write.peakMiB),
      ]),
    },
    ...SIDES.map((side, which) => ({
      caption: `${named} objects, those in a square of ${side} px`,
      columns: ["store", "median, ms", "p99, ms", "found a query", "opened in, ms", "peak, MiB"],
      rows: [...values].map(([name, rounds]) => {
        const at = (of: (answer: Round["queries"][number]) => number) =>
          over(rounds, ({ queries }) => of(queries[which]!));
        return [
          name,
          at(({ milliseconds }) => quantile(milliseconds, 0.5)),
          at(({ milliseconds }) => quantile(milliseconds, 0.99)),
          at(({ found, milliseconds }) => found / milliseconds.length),
          at(({ openSeconds }) => openSeconds * 1000),
          at(({ peakMiB }) => peakMiB),
        ];
      }),
    })),
  ];
}

function node(): ContenderCommand {
  const args = ["--import", "tsx", join(import.meta.dirname, "microtome.ts")];
  return { name: "microtome", command: process.execPath, args };
}
