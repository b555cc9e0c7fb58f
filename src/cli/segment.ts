import { relative } from "node:path";
import type { SegmentSlideOptions } from "../pipeline/options.ts";
import { planSlide, type SegmentSlideResult, segmentSlide } from "../pipeline/segment-slide.ts";
import { PROVIDERS } from "../segment/provider.ts";
import { Arguments, type Command, type Terminal, usage } from "./command.ts";
import { createProgressLine, endProgressLine, formatSeconds } from "./progress-line.ts";
import {
  BACKEND_HELP,
  backendOption,
  CHANNEL_HELP,
  CHANNEL_OPTION,
  channelOption,
  ICC_HELP,
  PROVIDER_HELP,
  SLIDE_OPTIONS,
} from "./slide-options.ts";

/** Prompts without an object, and of a doubtful one, that are named on stderr. */
const MOST_NAMED = 10;

/** The options that `segment` and `batch` share. */
export const SEGMENT_OPTIONS = {
  ...SLIDE_OPTIONS,
  ...CHANNEL_OPTION,
  task: { type: "string" },
  out: { type: "string" },
  model: { type: "string" },
  region: { type: "string" },
  mpp: { type: "string" },
  workers: { type: "string" },
  provider: { type: "string" },
  memory: { type: "string" },
  prompts: { type: "string" },
  "prompt-shapes": { type: "string" },
  "points-per-side": { type: "string" },
  iou: { type: "string" },
  stability: { type: "string" },
  "patch-size": { type: "string" },
  overlap: { type: "string" },
  "stain-normalise": { type: "string" },
  tissue: { type: "string" },
  resume: { type: "boolean" },
  overwrite: { type: "boolean" },
  json: { type: "boolean" },
} as const;

/** The options `segment` and `batch` share, as help text. */
export const SEGMENT_HELP = `  --task T                  what to outline
  --out DIR                 receives <slide stem>.<task>/
  --model NAME|FILE.json    an embedded model or your own (microtome models list)
  --region x,y,w,h          only this part, level-0 px
  --mpp N                   µm per level-0 px, where the file does not say or is wrong
${CHANNEL_HELP}
${BACKEND_HELP}
${ICC_HELP}
  --workers N               worker threads (one a core), where memory allows
  --memory GiB              what the program may come to occupy: as many workers as fit (most of what is left)
${PROVIDER_HELP}
  --prompts auto|grid|FILE  where prompts go: objectness peaks, SAM's regular grid, or the points and
                            shapes of a GeoJSON file, each of which gives one object (segment only)
  --prompt-shapes box|point a shape of that file asks with its bounding box, or a point inside it
  --points-per-side N       grid prompts a side of a patch; asks for the grid
  --iou N  --stability N    thresholds, 0 to 1
  --patch-size PX --overlap PX   patch side and overlap, px at the task's µm/px
  --stain-normalise M       macenko, reinhard or none (none when left out): a common look before the model
  --tissue auto|all         where to look: where tissue is found by its colour (auto), or everywhere
  --resume                  go on with an unfinished run
  --overwrite               replace an earlier run that would otherwise be kept; without it a finished
                            run of the same slide, model and parameters is taken as it is
  --json                    one JSON object on stdout at the end
  --verbose                 the stack of an error, too`;

export const segmentCommand: Command = {
  name: "segment",
  summary: "outline the objects of a slide: a run folder with QuPath GeoJSON",
  usage: `<slide> --task nuclei|tissue|tumor --out <dir>

${SEGMENT_HELP}
  --dry-run                 say what would be done, and do nothing`,
  async run(args, terminal) {
    const table = { ...SEGMENT_OPTIONS, "dry-run": { type: "boolean" } } as const;
    const parsed = Arguments.parse("segment", args, table, [1, 1]);
    const options = segmentOptions(parsed, parsed.positionals[0]!, terminal);
    if (parsed.boolean("dry-run")) return dryRun(options, parsed.boolean("json"), terminal);
    // What is finished is not computed again, unless asked for.
    const result = await segmentSlide({ ...options, skipFinished: !options.overwrite }).finally(
      () => endProgressLine(terminal),
    );
    if (parsed.boolean("json")) {
      terminal.stdout.write(`${JSON.stringify(summarise(result))}\n`);
    } else {
      terminal.stdout.write(`${describeResult(result)}\n`);
    }
    return reportFailures(result, terminal);
  },
};

/** Reads the shared options of `segment` and `batch` for one slide. */
export function segmentOptions(
  parsed: Arguments,
  slide: string,
  terminal: Terminal,
  label = "",
): SegmentSlideOptions {
  return {
    slide,
    task: parsed.required("task"),
    out: parsed.required("out"),
    ...given("model", parsed.string("model")),
    ...given("region", parsed.box("region")),
    ...given("mpp", parsed.number("mpp", 0.01, 100)),
    ...backendOption(parsed),
    ...channelOption(parsed),
    icc: parsed.boolean("icc"),
    ...given("workers", parsed.integer("workers", 1, 64)),
    ...memoryOption(parsed),
    ...given("provider", parsed.oneOf("provider", PROVIDERS)),
    ...promptOptions(parsed),
    ...given("pointsPerSide", parsed.integer("points-per-side", 1, 256)),
    ...given("iou", parsed.number("iou", 0, 1)),
    ...given("stability", parsed.number("stability", 0, 1)),
    ...given("patchSize", parsed.integer("patch-size", 64, 4096)),
    ...given("overlap", parsed.integer("overlap", 0, 2048)),
    ...given(
      "stainNormalise",
      parsed.oneOf("stain-normalise", ["macenko", "reinhard", "none"] as const),
    ),
    ...given("tissue", parsed.oneOf("tissue", ["auto", "all"] as const)),
    resume: parsed.boolean("resume"),
    overwrite: parsed.boolean("overwrite"),
    signal: terminal.signal,
    onProgress: createProgressLine(terminal, label),
    onNotice: (text) => terminal.stderr.write(`note: ${label ? `${label}: ` : ""}${text}\n`),
  };
}

function memoryOption(parsed: Arguments): Pick<SegmentSlideOptions, "memoryBytes"> {
  const gib = parsed.number("memory", 0.1, 65536);
  return gib === undefined ? {} : { memoryBytes: gib * 2 ** 30 };
}

/** `auto`, `grid`, or a file. */
function promptOptions(
  parsed: Arguments,
): Pick<SegmentSlideOptions, "prompts" | "promptFile" | "promptShapes"> {
  const text = parsed.string("prompts");
  const shapes = parsed.oneOf("prompt-shapes", ["box", "point"] as const);
  if (text !== undefined && /\.(geo)?json(\.gz)?$/i.test(text)) {
    return { promptFile: text, ...given("promptShapes", shapes) };
  }
  if (shapes !== undefined) {
    throw usage("segment", "--prompt-shapes is for --prompts FILE.geojson, which is missing");
  }
  if (text === undefined || text === "auto" || text === "grid") return given("prompts", text);
  throw usage(
    "segment",
    `--prompts ${text}: expected auto, grid or a file that ends in .geojson, .json or .gz`,
  );
}

function given<K extends string, const V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

async function dryRun(
  options: SegmentSlideOptions,
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const { plan, model, areaMm2 } = await planSlide(options).finally(() =>
    endProgressLine(terminal),
  );
  const { planned, blank, patches } = plan.patches;
  if (json) {
    const summary = {
      slide: options.slide,
      task: plan.task.name,
      areaMm2,
      mpp: plan.scale.mpp,
      level: plan.scale.level,
      upsampled: plan.scale.upsampled,
      model: { name: model.name, sha256: model.sha256 },
      patches: { planned, skipped: blank, toDo: patches.length },
      parameters: plan.parameters,
    };
    terminal.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    terminal.stdout.write(
      `${options.slide}: ${patches.length} patches of ${plan.parameters.patchSize} px ` +
        `(${blank} blank ones left out), level ${plan.scale.level} at ${plan.scale.mpp.toFixed(4)} µm/px` +
        `${plan.scale.upsampled ? " (enlarged: the slide is coarser than the task)" : ""}, ` +
        `${areaMm2.toFixed(2)} mm² of tissue, model ${model.name}\n`,
    );
  }
  return 0;
}

/** The object that `segment --json` prints; a contract. */
export function summarise({ record, folder }: SegmentSlideResult) {
  return {
    run: folder,
    slide: record.slide.name,
    task: record.task,
    objects: record.counts.objects,
    areaMm2: record.areaMm2,
    seconds: record.seconds.total ?? 0,
    mpp: record.mpp.used,
    upsampled: record.mpp.upsampled,
    model: { name: record.model.name, sha256: record.model.sha256 },
    patches: {
      planned: record.patches.planned,
      done: record.patches.done,
      skipped: record.patches.skipped,
      failed: record.patches.failed,
    },
    files: record.files.map((name) => `${folder}/${name}`).concat(`${folder}/run.json`),
  };
}

/** A few lines for people. */
function describeResult(result: SegmentSlideResult): string {
  const { record, folder, unchanged } = result;
  const { counts, patches, seconds, mpp } = record;
  const total = seconds.total ?? 0;
  const where = relative(process.cwd(), folder) || folder;
  const scale = `${mpp.used.toFixed(4)} µm/px${mpp.upsampled ? ", enlarged: the slide is coarser than the task" : ""}`;
  return [
    `${record.slide.name}: ${counts.objects} objects (${record.task}) in ${record.areaMm2.toFixed(2)} mm² of tissue, ${unchanged ? "already done" : formatSeconds(total)}`,
    `  ${patches.done} ${patches.done === 1 ? "patch" : "patches"}, ${patches.skipped} blank, ${patches.failed} failed; ${scale}; model ${record.model.name}`,
    ...record.files.map((name) => `  ${where}/${name}`),
    `  ${where}/run.json`,
    "  For research use only.",
  ].join("\n");
}

function reportFailures(result: SegmentSlideResult, terminal: Terminal): number {
  const { record, folder } = result;
  const { failed, planned } = record.patches;
  const unanswered = reportUnanswered(result, terminal);
  if (failed === 0) return unanswered;
  const first = record.failures[0];
  terminal.stderr.write(
    `error[fell-short]: ${failed} of ${planned} patches failed, e.g. patch ${first?.patch}: ${first?.error.message}; all are named in ${folder}/run.json; --resume tries them again.\n`,
  );
  return 1;
}

/** The first few, and how many there are beside them. */
function someOf(texts: readonly string[]): string {
  const rest = texts.length - MOST_NAMED;
  return texts.slice(0, MOST_NAMED).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

/** Prompts that gave no object or a doubtful one, the first few by name; the exit status. */
function reportUnanswered({ record, folder }: SegmentSlideResult, terminal: Terminal): number {
  const { unanswered = [], doubtful = [], count } = record.prompts ?? {};
  if (doubtful.length > 0) {
    const named = someOf(doubtful.map(({ id, predictedIou }) => `${id}: ${predictedIou}`));
    terminal.stderr.write(
      `note: the model itself doubts the objects of ${doubtful.length} of ${count} prompts (predicted IoU of ${named}): look at them; all are named in ${folder}/run.json.\n`,
    );
  }
  if (unanswered.length === 0) return 0;
  const named = someOf(unanswered.map(({ id, why }) => `${id}: ${why}`));
  terminal.stderr.write(
    `error[fell-short]: ${unanswered.length} of ${count} prompts gave no object: ${named}; all are named in ${folder}/run.json.\n`,
  );
  return 1;
}
