import { Agent, request } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../samples/painter/random.ts";
import type { Point, Polygon } from "../../src/geometry.ts";
import type { ModelSpec } from "../../src/segment/model.ts";
import { defaultModelFor, loadModel } from "../../src/segment/registry.ts";
import type { ClickAnswer } from "../../src/server/api.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { polygonIou } from "../../tests/samples/polygon-iou.ts";
import { DATA } from "../../tests/shared-data.ts";
import type { Bench } from "../harness/benches.ts";
import { Contender } from "../harness/contender.ts";
import { shuffled } from "../harness/interleave.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { formatSummary, quantile, summarise } from "../harness/summary.ts";
import type { PeerAnswer, PeerJob, ServeAnswer } from "./job.ts";

/** A real H&E slide (skin, 20x). */
const SLIDE = join(DATA, "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs");
/** Darker pixels belong to nuclei more often than not; mean of R, G and B. */
const DARK = 150;

/** A click on a real slide over HTTP, on patches that are and are not encoded, beside the same in Python. */
export const clickBench: Bench = {
  name: "click",
  summary:
    "a click to the outline under it, over HTTP: on patches that are encoded, and that are not",
  usage: `    --slide FILE   (CMU-1-Small-Region of the data folder)
    --cold N       clicks on patches that are not encoded yet (36)
    --warm N       clicks on those, spread over all of them (240)
    --python PATH  with onnxruntime, openslide-python, Pillow, scikit-image (python3, or MICROTOME_BENCH_PYTHON)`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        slide: { type: "string", default: SLIDE },
        cold: { type: "string", default: "36" },
        warm: { type: "string", default: "240" },
        python: { type: "string", default: process.env.MICROTOME_BENCH_PYTHON ?? "python3" },
      },
    });
    const machine = describeMachine();
    const model = await loadModel(await defaultModelFor("nuclei"));
    const { slide } = values;
    const points = await darkPoints(slide);
    const microtome = await startMicrotome(slide);
    const peer = await startPeer(slide, model, values.python);
    const cold = await measureCold(microtome, peer, points, Number(values.cold));
    const warm = await measureWarm(microtome, peer, points, cold.patches, Number(values.warm));
    await microtome.contender.stop();
    await peer?.contender.stop();
    const ious = [...cold.ious, ...warm.ious];
    const { markdown, paths } = await writeReport({
      name: "click",
      title: "A click to the outline under it",
      machine,
      results: { slide, model: model.name, sha256: model.sha256, cold, warm },
      tables: [toTable("Cold: the patch is not encoded", cold), toTable("Warm: it is", warm)],
      notes: [
        `microtome ${microtome.contender.version}: from sending the request to the answer's last byte, on one kept connection over loopback; the server has a process of its own.`,
        ...(peer
          ? [
              `Python: ${peer.contender.version}, a script that answers a line with a line, without HTTP; the same two graphs on the same patches. Warm, it keeps every embedding.`,
            ]
          : []),
        `Clicks on dark pixels of the slide, seeded, one after the other; microtome and Python in turn.`,
        ...(ious.length > 0
          ? [
              `Where both found something (${ious.length} clicks) their outlines have a median IoU of ${quantile(ious, 0.5).toFixed(3)}, 10th percentile ${quantile(ious, 0.1).toFixed(3)}: they resample and smooth in other ways.`,
            ]
          : []),
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

interface Microtome {
  readonly contender: Contender;
  click(point: Point): Promise<{ readonly ms: number; readonly answer: ClickAnswer }>;
}

interface Peer {
  readonly contender: Contender;
  click(
    point: Point,
    patch: ClickAnswer["click"]["patch"],
    keep: boolean,
  ): Promise<{ readonly ms: number; readonly outline: Polygon | null }>;
}

/** Milliseconds of every click, and how far the two agree. */
interface Measured {
  readonly microtome: number[];
  readonly server: ClickAnswer["click"]["ms"][];
  readonly python: number[];
  readonly ious: number[];
  /** Patches that are encoded now. */
  readonly patches: Map<string, ClickAnswer["click"]["patch"]>;
}

async function startMicrotome(slide: string): Promise<Microtome> {
  const contender = await Contender.start({
    name: "microtome",
    command: process.execPath,
    args: ["--import", "tsx", join(import.meta.dirname, "microtome.ts")],
  });
  const { port, path } = await contender.ask<ServeAnswer>({ slide });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (address: string, body: unknown) =>
    new Promise<string>((resolve, reject) => {
      const headers = { "Content-Type": "application/json" };
      const options = { host: "127.0.0.1", port, path: address, method: "POST", headers, agent };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`${response.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(JSON.stringify(body));
    });
  // The viewer opens the model as its tool is turned on.
  await post(`${path}/prepare`, { task: "nuclei" });
  return {
    contender,
    async click({ x, y }) {
      const started = performance.now();
      const text = await post(path, { task: "nuclei", points: [{ x, y, label: 1 }] });
      const ms = performance.now() - started;
      return { ms, answer: JSON.parse(text) as ClickAnswer };
    },
  };
}

async function startPeer(slide: string, model: ModelSpec, python: string): Promise<Peer | null> {
  try {
    const args = [join(import.meta.dirname, "peer.py")];
    const contender = await Contender.start({ name: "python", command: python, args });
    return {
      contender,
      async click(point, patch, keep) {
        const job: PeerJob = {
          slide,
          encoder: model.files.encoder.path,
          decoder: model.files.decoder.path,
          point: [point.x, point.y],
          patch: [patch.x, patch.y, patch.width],
          pixels: 448,
          stride: model.window?.stride ?? 1,
          threshold: (model.auto ?? model.grid).maskThreshold,
          keep,
        };
        const started = performance.now();
        const { outline } = await contender.ask<PeerAnswer>(job);
        const ms = performance.now() - started;
        return { ms, outline: outline.length > 0 ? { outer: outline, holes: [] } : null };
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`left out: python cannot be started (${why})\n`);
    return null;
  }
}

function nothing(): Measured {
  return { microtome: [], server: [], python: [], ious: [], patches: new Map() };
}

async function measureCold(
  microtome: Microtome,
  peer: Peer | null,
  points: readonly Point[],
  wanted: number,
): Promise<Measured> {
  const measured = nothing();
  // Sessions, the slide and the code itself warm up on patches that do not count.
  let warmups = 2;
  for (const point of points) {
    if (measured.microtome.length >= wanted) return measured;
    const { ms, answer } = await microtome.click(point);
    if (answer.click.warm) continue;
    const { patch } = answer.click;
    const python = (await peer?.click(point, patch, false)) ?? null;
    if (warmups-- > 0) continue;
    process.stderr.write(`cold ${measured.microtome.length + 1}/${wanted}\r`);
    measured.patches.set(keyOf(patch), patch);
    note(measured, ms, answer, python);
  }
  throw new Error(
    `the slide has ${measured.microtome.length} patches to click on, ${wanted} wanted`,
  );
}

async function measureWarm(
  microtome: Microtome,
  peer: Peer | null,
  points: readonly Point[],
  patches: Measured["patches"],
  wanted: number,
): Promise<Measured> {
  const measured = nothing();
  const random = new Random(2);
  const inside = points.filter(({ x, y }) =>
    [...patches.values()].some((patch) => holdsMiddle(patch, x, y)),
  );
  while (measured.microtome.length < wanted) {
    const before = measured.microtome.length;
    for (const point of shuffled(inside, random)) {
      if (measured.microtome.length >= wanted) break;
      const first = await microtome.click(point);
      // At a patch's rim the neighbour may be nearer, and cold.
      if (!first.answer.click.warm) continue;
      const { patch } = first.answer.click;
      // Python has to have met the patch before.
      const known = patches.has(keyOf(patch));
      if (!known) continue;
      const python = (await peer?.click(point, patch, true)) ?? null;
      note(measured, first.ms, first.answer, python);
    }
    // Another round would go the same way.
    if (measured.microtome.length === before) {
      throw new Error(
        `none of ${inside.length} dark points lies in a patch that is encoded and known, and ${wanted - before} more warm clicks are wanted; give more --cold, or another --slide`,
      );
    }
  }
  return measured;
}

function note(
  measured: Measured,
  ms: number,
  answer: ClickAnswer,
  python: Awaited<ReturnType<Peer["click"]>> | null,
): void {
  measured.microtome.push(ms);
  measured.server.push(answer.click.ms);
  if (python === null) return;
  measured.python.push(python.ms);
  const rings = answer.features[0]?.geometry.coordinates;
  if (!rings || !python.outline) return;
  const [outer, ...holes] = rings.map((ring) => ring.slice(0, -1).flat());
  measured.ious.push(polygonIou({ outer: outer!, holes }, python.outline));
}

function keyOf({ x, y, width }: ClickAnswer["click"]["patch"]): string {
  return `${x} ${y} ${width}`;
}

/** Whether a point lies in the middle half of a patch, whose centre is then the nearest. */
function holdsMiddle(patch: ClickAnswer["click"]["patch"], x: number, y: number): boolean {
  const [dx, dy] = [x - patch.x - patch.width / 2, y - patch.y - patch.height / 2];
  return Math.abs(dx) < patch.width / 4 && Math.abs(dy) < patch.height / 4;
}

/** Dark pixels of a slide, in a seeded order. */
async function darkPoints(path: string): Promise<readonly Point[]> {
  const slide = await openSlide(path);
  try {
    const { width, height } = slide.size;
    const { data } = await slide.readRegion(0, { x: 0, y: 0, width, height });
    const random = new Random(1);
    const points: Point[] = [];
    for (let tries = 0; tries < 200_000 && points.length < 4000; tries++) {
      const [x, y] = [random.integer(0, width - 1), random.integer(0, height - 1)];
      const at = (y * width + x) * 3;
      if (data[at]! + data[at + 1]! + data[at + 2]! < 3 * DARK) {
        points.push({ x: x + 0.5, y: y + 0.5 });
      }
    }
    return points;
  } finally {
    await slide.close();
  }
}

function toTable(caption: string, { microtome, server, python }: Measured): ReportTable {
  const row = (name: string, values: readonly number[]) => [
    name,
    String(values.length),
    formatSummary(summarise(values)),
    quantile(values, 0.99).toFixed(1),
  ];
  const inside = (part: keyof ClickAnswer["click"]["ms"]) => server.map((ms) => ms[part]);
  return {
    caption,
    columns: ["", "clicks", "median (lowest–highest), ms", "p99, ms"],
    rows: [
      row("microtome, at the HTTP interface", microtome),
      ...(["read", "encode", "decode", "wait"] as const).map((part) =>
        row(`of it: ${part}`, inside(part)),
      ),
      ...(python.length > 0 ? [row("onnxruntime + OpenSlide in Python", python)] : []),
    ],
  };
}
