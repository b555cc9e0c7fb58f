import { parseArgs } from "node:util";
import { paintSlide } from "./paint-slide.ts";
import { type Layer, paintTrainingSet } from "./training-set.ts";

const USAGE = `Paints H&E tissue with exact ground truth. Nothing of it comes from a patient. For research use only.

  npm run --silent paint -- --out DIR --count N [--layer nuclei|regions] [--size 512] [--mpp 0.25]
                            [--seed 1] [--first 0]
      pictures, 16-bit instance labels and index.tsv, for training and tests;
      --layer regions: glands and tumour nests, or from --mpp 4 on pieces of tissue

  npm run --silent paint -- --slide FILE.tif --width W --height H [--mpp 0.25] [--seed 1] [--quality 80]
      a pyramidal tiled JPEG TIFF (BigTIFF where large) and beside it the outlines:
      FILE.nuclei.geojson.gz, FILE.regions.geojson.gz, FILE.tissue.geojson.gz
`;

const OPTIONS = {
  out: { type: "string" },
  count: { type: "string", default: "8" },
  layer: { type: "string", default: "nuclei" },
  size: { type: "string", default: "512" },
  mpp: { type: "string" },
  seed: { type: "string", default: "1" },
  first: { type: "string", default: "0" },
  slide: { type: "string" },
  width: { type: "string", default: "4096" },
  height: { type: "string", default: "3072" },
  quality: { type: "string", default: "80" },
} as const;

class UsageFault extends Error {}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const seed = number("seed", values.seed, 0);
  if (values.slide !== undefined) {
    await paintSlide(
      {
        file: values.slide,
        width: number("width", values.width, 1),
        height: number("height", values.height, 1),
        mpp: number("mpp", values.mpp ?? "0.25", 0.05),
        seed,
        quality: number("quality", values.quality, 1),
      },
      log,
    );
    return;
  }
  if (values.out === undefined) throw new UsageFault("give --out DIR or --slide FILE.tif");
  const layer = values.layer;
  if (layer !== "nuclei" && layer !== "regions") {
    throw new UsageFault(`--layer is "${layer}"; it is nuclei or regions`);
  }
  await paintTrainingSet(
    {
      out: values.out,
      layer: layer satisfies Layer,
      count: number("count", values.count, 0),
      size: number("size", values.size, 1),
      mpp: number("mpp", values.mpp ?? (layer === "nuclei" ? "0.25" : "2"), 0.05),
      seed,
      first: number("first", values.first, 0),
    },
    log,
  );
}

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least) {
    throw new UsageFault(`--${name} is "${text}"; a number of at least ${least} is needed`);
  }
  return value;
}

try {
  await main();
} catch (error) {
  // parseArgs throws TypeErrors for flags it does not know.
  if (!(error instanceof UsageFault) && !(error instanceof TypeError)) throw error;
  process.stderr.write(`error[usage]: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
