import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../samples/painter/random.ts";
import type { Size } from "../../src/geometry.ts";
import { deepZoomGrid, deepZoomLevels } from "../../src/server/deep-zoom.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Bench } from "../harness/benches.ts";
import { Contender } from "../harness/contender.ts";
import { interleave, shuffled } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, summarise } from "../harness/summary.ts";
import { benchSlide, LAYOUTS, type Layout } from "../slides/bench-slides.ts";
import type { LoadAnswer, LoadJob, ServeAnswer } from "./job.ts";

/** The tile server under load, beside OpenSlide's DeepZoomGenerator behind a plain server. */
export const servingBench: Bench = {
  name: "serving",
  summary: "tiles over loopback: microtome, OpenSlide's DeepZoomGenerator",
  usage: `    --side PX        of the square slide (20000)
    --layout L       aperio | ycbcr (aperio)
    --rounds N       kept rounds; one more warms up (5)
    --connections N  kept open, one request at a time on each (8)
    --requests N     of stored tiles a round; a 24th of them where tiles are made (6000)
    --python PATH    with openslide-python (python3, or MICROTOME_BENCH_PYTHON)`,
  async run(args) {
    const options = parseOptions(args);
    const machine = describeMachine();
    const path = await benchSlide(options.layout, options.side);
    const slide = await openSlide(path);
    const load = await Contender.start(node("load.ts", "load"));
    const servers = await startServers(path, options.python);
    const tables: ReportTable[] = [];
    const results: unknown[] = [];
    for (const what of casesOf(slide.size, slide.levels[0]!.tileSize, options.requests)) {
      process.stderr.write(`${what.caption} …\n`);
      const asked = servers.filter(({ answer }) => what.path(answer, 0, 0) !== null);
      const places = shuffledPlaces(what.grid);
      const values = await interleave(
        asked.map(({ contender, answer }) => {
          let drawn = 0;
          return {
            name: contender.name,
            once: () => {
              const paths = Array.from({ length: what.requests }, () => {
                const [column, row] = places[drawn++ % places.length]!;
                return what.path(answer, column, row)!;
              });
              const { connections } = options;
              const job: LoadJob = { host: "127.0.0.1", port: answer.port, paths, connections };
              return load.ask<LoadAnswer>(job);
            },
          };
        }),
        { rounds: options.rounds, warmups: 1, seed: 1 },
      );
      results.push({ case: what.caption, values: Object.fromEntries(values) });
      tables.push(toTable(what.caption, values));
    }
    await slide.close();
    for (const { contender } of servers) await contender.stop();
    await load.stop();
    const side = options.side.toLocaleString("en");
    const { markdown, paths } = await writeReport({
      name: `serving-${options.layout}-${options.side}`,
      title: `Serving tiles of a slide of ${side}² px`,
      machine,
      results,
      tables,
      notes: [
        `The slide: ${LAYOUTS[options.layout]}. It is in the page cache.`,
        `${options.connections} connections over loopback, tiles in a seeded order, the same for all, none twice until all have been asked for; median (lowest–highest) of ${options.rounds} rounds in a new order each. The load generator has a process of its own on the same machine.`,
        "microtome keeps 64 MiB of tiles that it had to encode, and passes stored ones on; the other server makes each anew, with OpenSlide's cache of decoded tiles.",
        ...servers.map(({ contender }) => `${contender.name}: ${contender.version}.`),
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Options {
  readonly side: number;
  readonly layout: Layout;
  readonly rounds: number;
  readonly connections: number;
  readonly requests: number;
  readonly python: string;
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      side: { type: "string", default: "20000" },
      layout: { type: "string", default: "aperio" },
      rounds: { type: "string", default: "5" },
      connections: { type: "string", default: "8" },
      requests: { type: "string", default: "6000" },
      python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
    },
  });
  const layout = (Object.keys(LAYOUTS) as Layout[]).find((name) => name === values.layout);
  if (!layout) throw new Error(`found ${values.layout}, expected aperio | ycbcr`);
  const [rounds, connections] = [Number(values.rounds), Number(values.connections)];
  const requests = Number(values.requests);
  return {
    side: Number(values.side),
    layout,
    rounds,
    connections,
    requests,
    python: values.python,
  };
}

interface Serving {
  readonly contender: Contender;
  readonly answer: ServeAnswer;
}

async function startServers(slide: string, python: string): Promise<readonly Serving[]> {
  const commands = [
    node("microtome.ts", "microtome"),
    {
      name: "DeepZoomGenerator",
      command: python,
      args: [join(import.meta.dirname, "deep_zoom.py")],
    },
  ];
  const servers: Serving[] = [];
  for (const command of commands) {
    try {
      const contender = await Contender.start(command);
      servers.push({ contender, answer: await contender.ask<ServeAnswer>({ slide }) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(`left out: ${command.name} cannot be started (${why})\n`);
    }
  }
  return servers;
}

interface ServingCase {
  readonly caption: string;
  readonly requests: number;
  readonly grid: { readonly columns: number; readonly rows: number };
  /** null where the server has no such addresses. */
  path(server: ServeAnswer, column: number, row: number): string | null;
}

/** Every place of a grid, in a seeded order: no cache profits from a tile that was asked for before. */
function shuffledPlaces({ columns, rows }: ServingCase["grid"]): readonly [number, number][] {
  const places = Array.from({ length: columns * rows }, (_, i): [number, number] => [
    i % columns,
    Math.floor(i / columns),
  ]);
  return shuffled(places, new Random(1));
}

function casesOf(full: Size, tile: Size, requests: number): readonly ServingCase[] {
  const levels = deepZoomLevels(full);
  const deepZoom = (caption: string, back: number): ServingCase => {
    const level = levels.length - 1 - back;
    return {
      caption,
      requests: Math.ceil(requests / 24),
      grid: deepZoomGrid(levels[level]!),
      path: ({ deepZoom: base }, column, row) => `${base}_files/${level}/${column}_${row}.jpg`,
    };
  };
  return [
    {
      caption: "Stored tiles of the finest level, as they are",
      requests,
      grid: {
        columns: Math.floor(full.width / tile.width),
        rows: Math.floor(full.height / tile.height),
      },
      path: ({ tiles }, column, row) => tiles && `${tiles}/0/${column}/${row}.jpg`,
    },
    deepZoom("Deep Zoom, the finest level: 256 px, decoded and encoded again", 0),
    deepZoom("Deep Zoom, half of it: made from level 0", 1),
    deepZoom("Deep Zoom, an eighth: a hundred tiles, mostly asked for again", 3),
  ];
}

function toTable(caption: string, values: ReadonlyMap<string, readonly LoadAnswer[]>): ReportTable {
  return {
    caption,
    columns: ["server", "requests a second", "p50, ms", "p99, ms", "KiB a tile"],
    rows: [...values].map(([name, answers]) => [
      name,
      formatSummary(summarise(answers.map((answer) => answer.requestsPerSecond))),
      formatSummary(summarise(answers.map((answer) => answer.p50))),
      formatSummary(summarise(answers.map((answer) => answer.p99))),
      formatSummary(summarise(answers.map(({ bytes, count }) => bytes / count / 1024))),
    ]),
  };
}

function node(file: string, name: string) {
  const args = ["--import", "tsx", join(import.meta.dirname, file)];
  return { name, command: process.execPath, args };
}
