import { parseArgs } from "node:util";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Bench } from "../harness/benches.ts";
import type { Answer, Contender } from "../harness/contender.ts";
import { interleave } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, summarise } from "../harness/summary.ts";
import { benchSlide, LAYOUTS, type Layout } from "../slides/bench-slides.ts";
import { CASE_NAMES, type CaseName, type ReadCase, readCase } from "./cases.ts";
import { READER_NAMES, type Reader, type ReaderName, readers, startReader } from "./contenders.ts";
import type { ReadAnswer, ReadJob } from "./job.ts";

const USAGE = `    --side PX        of the square slide (20000)
    --layout L       aperio | ycbcr (aperio)
    --cases A,B      of ${CASE_NAMES.join(", ")} (all)
    --readers A,B    of ${READER_NAMES.join(", ")} (all)
    --rounds N       kept rounds; one more warms up (5)
    --streams A,B    reads in flight (1,2)
    --python PATH    with openslide-python and pyvips (python3, or MICROTOME_BENCH_PYTHON)`;

/** Regions and full passes: MP/s, processor time and peak memory, microtome beside its peers. */
export const readingBench: Bench = {
  name: "reading",
  summary: "regions and full passes: microtome, OpenSlide, libvips, geotiff.js",
  usage: USAGE,
  async run(args) {
    const options = parseOptions(args);
    const machine = describeMachine();
    const path = await benchSlide(options.layout, options.side);
    const slide = await openSlide(path);
    const measured: MeasuredCase[] = [];
    const versions = new Map<string, string>();
    for (const name of options.cases) {
      const what = readCase(name, slide, 1);
      for (const streams of options.streams) {
        process.stderr.write(`${what.name}, ${streams} in flight …\n`);
        measured.push(await measureCase(path, what, streams, options, versions));
      }
    }
    await slide.close();
    const side = options.side.toLocaleString("en");
    const { markdown, paths } = await writeReport({
      name: `reading-${options.layout}-${options.side}`,
      title: `Reading a slide of ${side}² px`,
      machine,
      results: { layout: options.layout, side: options.side, measured },
      tables: measured.map(toTable),
      notes: [
        `The slide: ${LAYOUTS[options.layout]}. It is in the page cache; every job opens it anew, so no reader profits from an earlier round.`,
        `Median (lowest–highest) of ${options.rounds} rounds, each round in a new order with boxes of its own, one process a reader.`,
        ...readers("python3")
          .filter(({ name }) => versions.has(name))
          .map(({ name, title, how }) => `${title} ${versions.get(name)}: ${how}.`),
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Options {
  readonly side: number;
  readonly layout: Layout;
  readonly cases: readonly CaseName[];
  readonly readers: readonly ReaderName[];
  readonly rounds: number;
  readonly streams: readonly number[];
  readonly python: string;
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      side: { type: "string", default: "20000" },
      layout: { type: "string", default: "aperio" },
      cases: { type: "string", default: CASE_NAMES.join(",") },
      readers: { type: "string", default: READER_NAMES.join(",") },
      rounds: { type: "string", default: "5" },
      streams: { type: "string", default: "1,2" },
      python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
    },
  });
  const among = <T extends string>(text: string, known: readonly T[]): T[] =>
    text.split(",").map((word) => {
      const found = known.find((name) => name === word);
      if (found === undefined) throw new Error(`found ${word}, expected ${known.join(" | ")}`);
      return found;
    });
  return {
    side: Number(values.side),
    layout: among(values.layout, Object.keys(LAYOUTS) as Layout[])[0]!,
    cases: among(values.cases, CASE_NAMES),
    readers: among(values.readers, READER_NAMES),
    rounds: Number(values.rounds),
    streams: values.streams.split(",").map(Number),
    python: values.python,
  };
}

/** What one round of one reader came to. */
interface Measure {
  readonly megapixelsPerSecond: number;
  readonly megapixelsPerCpuSecond: number;
  readonly peakMiB: number;
}

interface MeasuredCase {
  readonly name: string;
  readonly streams: number;
  readonly readers: readonly {
    readonly title: string;
    readonly measures: readonly Measure[];
    /** Whether its bytes are those that OpenSlide reads, on the first boxes; null where that is not asked. */
    readonly equalsOpenSlide: boolean | null;
  }[];
}

async function measureCase(
  slide: string,
  what: ReadCase,
  streams: number,
  options: Options,
  versions: Map<string, string>,
): Promise<MeasuredCase> {
  const chosen = readers(options.python).filter(({ name }) => options.readers.includes(name));
  const running = new Map<string, Contender>();
  for (const reader of chosen) {
    const contender = await startReader(reader);
    if (!contender) continue;
    running.set(reader.name, contender);
    versions.set(reader.name, contender.version);
  }
  const present = chosen.filter(({ name }) => running.has(name));
  const hashes = new Map<string, string>();
  const { own } = what.job(0);
  if (own.kind === "region") {
    const job = what.job(0);
    for (const [name, contender] of running) {
      const boxes = job.boxes.slice(0, 2);
      const answer = await contender.ask<ReadAnswer>({ ...job, boxes, slide, streams, hash: true });
      hashes.set(name, answer.sha256.join());
    }
  }
  const values = await interleave(
    present.map((reader) => ({
      name: reader.name,
      once: async (round: number): Promise<Measure> => {
        // A pass is measured in a process of its own: its memory peak is the pass's.
        const fresh = what.isPass ? await startReader(reader) : null;
        const contender = fresh ?? running.get(reader.name)!;
        const measure = await runJob(contender, reader, slide, what, round, streams);
        await fresh?.stop();
        return measure;
      },
    })),
    { rounds: options.rounds, warmups: what.isPass ? 0 : 1, seed: 1 },
  );
  for (const contender of running.values()) await contender.stop();
  const oracle = hashes.get("openslide");
  return {
    name: what.name,
    streams,
    readers: present.map(({ name, title }) => ({
      title,
      measures: values.get(name)!,
      equalsOpenSlide: oracle === undefined ? null : hashes.get(name) === oracle,
    })),
  };
}

async function runJob(
  contender: Contender,
  reader: Reader,
  slide: string,
  what: ReadCase,
  round: number,
  streams: number,
): Promise<Measure> {
  const job = what.job(round);
  const share = what.isPass ? reader.passShare : 1;
  const boxes = job.boxes.slice(0, Math.ceil(job.boxes.length * share));
  const asked: ReadJob = { ...job, boxes, slide, streams, hash: false };
  const answer: Answer = await contender.ask<ReadAnswer>(asked);
  const megapixels = (what.megapixels * boxes.length) / job.boxes.length;
  return {
    megapixelsPerSecond: megapixels / answer.seconds,
    megapixelsPerCpuSecond: megapixels / answer.cpuSeconds,
    peakMiB: answer.peakMiB,
  };
}

function toTable({ name, streams, readers: found }: MeasuredCase): ReportTable {
  const flight = streams === 1 ? "one read at a time" : `${streams} reads in flight`;
  const asked = found.some(({ equalsOpenSlide }) => equalsOpenSlide !== null);
  const openslide = found.find(({ title }) => title === "OpenSlide");
  const base = openslide && speed(openslide.measures).median;
  return {
    caption: `${name}, ${flight}`,
    columns: [
      "reader",
      "MP/s",
      "× OpenSlide",
      "MP per CPU second",
      "peak memory, MiB",
      ...(asked ? ["pixels equal OpenSlide's"] : []),
    ],
    rows: found.map(({ title, measures, equalsOpenSlide }) => {
      const summary = speed(measures);
      return [
        title,
        formatSummary(summary),
        base ? (summary.median / base).toFixed(2) : "–",
        formatSummary(summarise(measures.map((m) => m.megapixelsPerCpuSecond))),
        String(Math.round(Math.max(...measures.map((m) => m.peakMiB)))),
        ...(asked ? [equalsOpenSlide === null ? "–" : equalsOpenSlide ? "yes" : "no"] : []),
      ];
    }),
  };
}

function speed(measures: readonly Measure[]) {
  return summarise(measures.map((measure) => measure.megapixelsPerSecond));
}
