import { extname } from "node:path";
import { type LabelImage, rasterisePolygons } from "../evaluate/label-image.ts";
import type { PromptedScore } from "../evaluate/prompted.ts";
import { scoreGeoJson, scoreLabelImages } from "../evaluate/score.ts";
import { type DatasetScore, scoreDataset } from "../evaluate/score-dataset.ts";
import { readGeoJsonPolygons } from "../export/geojson-read.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import type { Point } from "../geometry.ts";
import { type EvaluateDatasetOptions, evaluateDataset } from "../pipeline/evaluate-dataset.ts";
import { evaluatePrompted } from "../pipeline/evaluate-prompted.ts";
import { PROVIDERS } from "../segment/provider.ts";
import { readLabelPng } from "../tiler/label-png.ts";
import { Arguments, type Command, type Terminal, usage } from "./command.ts";

const OPTIONS = {
  pred: { type: "string" },
  truth: { type: "string" },
  dataset: { type: "string" },
  task: { type: "string" },
  protocol: { type: "string" },
  model: { type: "string" },
  mpp: { type: "string" },
  iou: { type: "string" },
  stability: { type: "string" },
  "points-per-side": { type: "string" },
  workers: { type: "string" },
  provider: { type: "string" },
  "stain-normalise": { type: "string" },
  json: { type: "boolean" },
} as const;

export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Dice, IoU, AJI, PQ and F1 against a truth",
  usage: `--pred FILE --truth FILE [--json]
  microtome evaluate --dataset <dir with index.tsv> --task T [--protocol auto|grid|points|boxes] [--json]

  --pred, --truth   GeoJSON (.geojson, .gz) or label PNG (16-bit, 0 = background), in any mixture
  --dataset         segments every image by the product's own way and scores it against its label
  --protocol        auto and grid find objects by themselves; points and boxes prompt with the truth
                    and print blind controls beside the figures
  --mpp N           µm/px of images whose index does not say
  --model, --iou, --stability, --points-per-side, --workers, --provider, --stain-normalise
                    as for segment (the last for auto and grid alone)`,
  async run(args, terminal) {
    const parsed = Arguments.parse("evaluate", args, OPTIONS, [0, 0]);
    const dataset = parsed.string("dataset");
    if (dataset !== undefined) return scoreDatasetOf(dataset, parsed, terminal);
    if (parsed.string("pred") === undefined && parsed.string("truth") === undefined) {
      throw usage("evaluate", "expected --pred and --truth, or --dataset");
    }
    const score = await scoreFiles(parsed.required("pred"), parsed.required("truth"));
    print(score, parsed.boolean("json"), terminal);
    return 0;
  },
};

async function scoreFiles(pred: string, truth: string): Promise<DatasetScore> {
  const [predLabels, truthLabels] = [isLabelImage(pred), isLabelImage(truth)];
  const score =
    !predLabels && !truthLabels ? await scoreOutlines(pred, truth) : await scoreDrawn(pred, truth);
  return scoreDataset([{ ...score, image: pred }]);
}

/** A file that does not say where it counts from is taken to count as the other does. */
async function scoreOutlines(pred: string, truth: string) {
  const [ofPred, ofTruth] = [await statedOrigin(pred), await statedOrigin(truth)];
  return ofPred && ofTruth
    ? scoreGeoJson(await readOutlines(pred, ofPred), await readOutlines(truth, ofTruth))
    : scoreGeoJson(await readOutlines(pred), await readOutlines(truth));
}

/** At least one side is a label image: the other is drawn into its frame. */
async function scoreDrawn(pred: string, truth: string) {
  const frameOf = await readLabelPng(isLabelImage(truth) ? truth : pred);
  const read = async (path: string): Promise<LabelImage> =>
    isLabelImage(path)
      ? readLabelPng(path)
      : rasterisePolygons(await readOutlines(path, (await statedOrigin(path)) ?? undefined), {
          x: 0,
          y: 0,
          width: frameOf.width,
          height: frameOf.height,
        });
  return scoreLabelImages(await read(pred), await read(truth));
}

function isLabelImage(path: string): boolean {
  return extname(path).toLowerCase() === ".png";
}

async function readOutlines(path: string, origin?: Point) {
  return (await readGeoJsonPolygons(path, origin)).map((object) => object.polygons);
}

async function scoreDatasetOf(
  dataset: string,
  parsed: Arguments,
  terminal: Terminal,
): Promise<number> {
  const protocol = parsed.oneOf("protocol", ["auto", "grid", "points", "boxes"]);
  const options = datasetOptions(dataset, protocol, parsed, terminal);
  const json = parsed.boolean("json");
  if (protocol === "points" || protocol === "boxes") {
    const result = await evaluatePrompted(options, protocol);
    warnOfAssumedMpp(result.mppAssumed, result.images, terminal);
    if (json) terminal.stdout.write(`${JSON.stringify(result)}\n`);
    else terminal.stdout.write(`${formatPrompted(result)}\n`);
    return 0;
  }
  const result = await evaluateDataset(options);
  warnOfAssumedMpp(result.mppAssumed, result.images, terminal);
  print(result, json, terminal);
  return 0;
}

function datasetOptions(
  dataset: string,
  protocol: string | undefined,
  parsed: Arguments,
  terminal: Terminal,
): EvaluateDatasetOptions {
  const model = parsed.string("model");
  const mpp = parsed.number("mpp", 0.01, 100);
  const iou = parsed.number("iou", 0, 1);
  const stability = parsed.number("stability", 0, 1);
  const pointsPerSide = parsed.integer("points-per-side", 1, 256);
  const workers = parsed.integer("workers", 1, 64);
  const provider = parsed.oneOf("provider", PROVIDERS);
  const stainNormalise = parsed.oneOf("stain-normalise", ["macenko", "reinhard", "none"]);
  if (stainNormalise !== undefined && (protocol === "points" || protocol === "boxes")) {
    throw usage("evaluate", `--stain-normalise is for --protocol auto and grid, not ${protocol}`);
  }
  return {
    dataset,
    task: parsed.required("task"),
    signal: terminal.signal,
    onImage: (done, total, image) => terminal.stderr.write(`${done + 1}/${total} ${image}\n`),
    ...(protocol === "auto" || protocol === "grid" ? { prompts: protocol } : {}),
    ...(model === undefined ? {} : { model }),
    ...(mpp === undefined ? {} : { mpp }),
    ...(iou === undefined ? {} : { iou }),
    ...(stability === undefined ? {} : { stability }),
    ...(pointsPerSide === undefined ? {} : { pointsPerSide }),
    ...(workers === undefined ? {} : { workers }),
    ...(provider === undefined ? {} : { provider }),
    ...(stainNormalise === undefined ? {} : { stainNormalise }),
  };
}

/** An assumed µm/px may be right, but never silently. */
function warnOfAssumedMpp(assumed: number, images: number, terminal: Terminal): void {
  if (assumed === 0) return;
  terminal.stderr.write(
    `note: the index gives no µm/px for ${assumed} of ${images} images; they were taken at the task's own scale. Give --mpp where you know better.\n`,
  );
}

function print(score: DatasetScore & { mppAssumed?: number }, json: boolean, terminal: Terminal) {
  if (json) {
    const { images, dice, iou, aji, pq, sq, rq, f1, precision, recall, objectDice } = score;
    const { tally: _, ...pooled } = score.pooled;
    const perImage = score.perImage.map(({ tally, ...figures }) => ({
      ...figures,
      truthObjects: tally.truthObjects,
      predObjects: tally.predObjects,
      matched: tally.matched,
    }));
    terminal.stdout.write(
      `${JSON.stringify({ images, dice, iou, aji, pq, f1, precision, recall, sq, rq, objectDice, ...(score.mppAssumed === undefined ? {} : { mppAssumed: score.mppAssumed }), pooled, perImage })}\n`,
    );
    return;
  }
  const names = ["dice", "iou", "aji", "pq", "f1", "precision", "recall"] as const;
  const width = Math.max(...score.perImage.map(({ image }) => image.length), 6);
  const line = (label: string, figures: Record<(typeof names)[number], number>) =>
    `${label.padEnd(width)}  ${names.map((name) => figures[name].toFixed(3).padStart(11)).join("")}`;
  const rows = [
    `${"".padEnd(width)}  ${names.map((name) => name.padStart(11)).join("")}`,
    ...score.perImage.map((image) => line(image.image, image)),
    ...(score.images > 1 ? [line("mean", score), line("pooled", score.pooled)] : []),
  ];
  terminal.stdout.write(`${rows.join("\n")}\n`);
}

function formatPrompted(result: Awaited<ReturnType<typeof evaluatePrompted>>): string {
  const line = (label: string, score: PromptedScore) =>
    `${label.padEnd(34)} ${score.instanceDice.toFixed(3).padStart(13)} ${score.unionDice.toFixed(3).padStart(10)}`;
  return [
    `${result.images} images, ${result.model.instances} objects, one ${result.protocol === "points" ? "point" : "box"} each`,
    `${"".padEnd(34)} ${"instance Dice".padStart(13)} ${"union Dice".padStart(10)}`,
    line("the model", result.model),
    line("blind: disc of the median radius", result.discMedian),
    line("blind: disc of 10 px", result.discFixed),
    line("blind: ellipse in the true box", result.ellipse),
  ].join("\n");
}
