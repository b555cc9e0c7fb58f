import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench } from "../harness/benches.ts";
import { type Answer, Contender, type ContenderCommand } from "../harness/contender.ts";
import { interleave, type Measured } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { BENCH_OUT, type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, summarise } from "../harness/summary.ts";
import type { ExportAnswer, ExportJob } from "./job.ts";

/** Formats of microtome, and what their files end in. */
const FORMATS = [
  ["geojson", ".geojson"],
  ["geojson", ".geojson.gz"],
  ["flatgeobuf", ".fgb"],
  ["csv", ".csv"],
  ["parquet", ".parquet"],
  ["coco", ".json"],
] as const;

/** Peers, and what their files end in. */
const PEERS = [
  ["json", ".geojson"],
  ["gdal-geojson", ".geojson"],
  ["gdal-flatgeobuf", ".fgb"],
  ["pandas-csv", ".csv"],
  ["pyarrow-parquet", ".parquet"],
] as const;

type Measurement = ExportAnswer & Answer;

/** Exports of vectors and tables: time, memory and size, beside GDAL, Arrow and json. */
export const exportBench: Bench = {
  name: "export",
  summary:
    "a million nuclei written as GeoJSON, FlatGeobuf, CSV, Parquet, COCO: microtome, GDAL, Arrow",
  usage: `    --objects N       made-up nuclei of 20 to 40 points (1000000)
    --rounds N        (1)
    --only WORD       formats and peers whose name holds it, e.g. geojson
    --peer-objects N  for the peers, which hold all of them in memory (200000)
    --python PATH     with pyogrio, geopandas, pyarrow (python3, or MICROTOME_BENCH_PYTHON)`,
  async run(args) {
    const options = parseOptions(args);
    const machine = describeMachine();
    const folder = join(BENCH_OUT, "export");
    await mkdir(folder, { recursive: true });
    const objects = join(folder, "nuclei.objects");
    const say = (text: string) => process.stderr.write(`${text} …\n`);
    say("making objects");
    await once({ what: "make", objects: options.objects, path: objects });
    const wanted = ({ name }: { readonly name: string }) => name.includes(options.only);
    const ours = ourMeasurements(objects, folder).filter(wanted);
    const values = new Map(await interleave(ours.map(spoken), { rounds: options.rounds, seed: 1 }));
    say("reading GeoJSON back");
    const geojson = join(folder, "microtome.geojson");
    const compared = values.has("microtome .geojson")
      ? await once({ what: "compare", objects: options.objects, geojson })
      : null;
    const peers = await startPeers(options, folder, objects);
    if (peers) {
      const measured = peers.measured.filter(wanted).map(spoken);
      for (const [name, found] of await interleave(measured, { rounds: options.rounds, seed: 2 })) {
        values.set(name, found);
      }
      await peers.contender.stop();
    }
    const { markdown, paths } = await writeReport({
      name: `export-${options.objects}`,
      title: `Exports of ${options.objects.toLocaleString("en")} nuclei`,
      machine,
      results: { values: Object.fromEntries(values), compared },
      tables: [toTable(values)],
      notes: [
        "Each of microtome's has a process of its own; its time is from opening the objects file to the finished file on the disk (fsync included), its memory the peak of the process. “objects file” is reading alone.",
        ...(compared
          ? [
              `The GeoJSON was read back: all ${compared.objects.toLocaleString("en")} objects equal those made, every coordinate, measurement, class and id (${compared.seconds.toFixed(0)} s).`,
            ]
          : []),
        ...(peers
          ? [
              `Peers: ${peers.contender.version}. They hold all objects in memory before the clock starts; their memory is not comparable, and is left out.`,
            ]
          : []),
        `${options.rounds} ${options.rounds === 1 ? "round" : "rounds"}.`,
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
    await rm(folder, { recursive: true });
  },
};

interface Options {
  readonly objects: number;
  readonly rounds: number;
  readonly only: string;
  readonly peerObjects: number;
  readonly python: string;
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      objects: { type: "string", default: "1000000" },
      rounds: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      "peer-objects": { type: "string", default: "200000" },
      python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
    },
  });
  const { only, python } = values;
  const [objects, rounds] = [Number(values.objects), Number(values.rounds)];
  return { objects, rounds, only, python, peerObjects: Number(values["peer-objects"]) };
}

/** A job in a process of its own, so that its memory is its own. */
async function once(job: ExportJob): Promise<Measurement> {
  const args = ["--import", "tsx", join(import.meta.dirname, "microtome.ts")];
  const contender = await Contender.start({ name: "microtome", command: process.execPath, args });
  try {
    return await contender.ask<ExportAnswer>(job);
  } finally {
    await contender.stop();
  }
}

function ourMeasurements(objects: string, folder: string): Measured<Measurement>[] {
  const formats = FORMATS.map(([format, ending]) => ({
    name: `microtome ${format === "coco" ? "coco" : ""}${ending}`,
    once: () => {
      return once({ what: "write", objects, format, out: join(folder, `microtome${ending}`) });
    },
  }));
  return [
    { name: "microtome, objects file", once: () => once({ what: "read", objects }) },
    ...formats,
  ];
}

async function startPeers(options: Options, folder: string, objects: string) {
  const command: ContenderCommand = {
    name: "peers",
    command: options.python,
    args: [join(import.meta.dirname, "peers.py")],
  };
  try {
    const contender = await Contender.start(command);
    const load = join(folder, "microtome.fgb");
    await once({ what: "write", objects, format: "flatgeobuf", out: load });
    await contender.ask({ load, objects: options.peerObjects });
    const measured = PEERS.map(([how, ending]) => ({
      name: `${how} ${ending}`,
      once: () => contender.ask<ExportAnswer>({ how, out: join(folder, `peer-${how}${ending}`) }),
    }));
    return { measured, contender };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`left out: peers (${why})\n`);
    return null;
  }
}

function spoken<T>({ name, once: measure }: Measured<T>): Measured<T> {
  return {
    name,
    once(round) {
      process.stderr.write(`${name} …\n`);
      return measure(round);
    },
  };
}

function toTable(values: ReadonlyMap<string, readonly Measurement[]>): ReportTable {
  const of = (found: readonly Measurement[], value: (one: Measurement) => number) =>
    formatSummary(summarise(found.map(value)));
  return {
    caption: "Written, one after another",
    columns: ["what", "objects", "seconds", "processor s", "µs an object", "MB", "peak MiB"],
    rows: [...values].map(([name, found]) => [
      name,
      found[0]!.objects.toLocaleString("en"),
      of(found, ({ seconds }) => seconds),
      of(found, ({ cpuSeconds }) => cpuSeconds),
      of(found, ({ seconds, objects }) => (seconds / objects) * 1e6),
      found[0]!.bytes === 0 ? "–" : of(found, ({ bytes }) => bytes / 1e6),
      name.startsWith("microtome") ? of(found, ({ peakMiB }) => peakMiB) : "–",
    ]),
  };
}
