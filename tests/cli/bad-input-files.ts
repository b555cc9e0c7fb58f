import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { DATA } from "../shared-data.ts";

const MODELS = resolve(import.meta.dirname, "../cases/models");

/** A real slide that cases with `needs` cut up; they skip where it is absent. */
export const REAL_SLIDE = join(DATA, "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs");

/** Side of the painted slide, px. */
const SIDE = 768;

/** Writes into `dir` every file that tests/cases/cli/bad-inputs.json speaks of, good and bad. */
export async function makeFiles(dir: string): Promise<void> {
  const file = (name: string): string => join(dir, name);
  for (const name of ["slides", "nothing", "bad-index", "lost-label"]) await mkdir(file(name));
  await Promise.all([
    makeSlides(file),
    makeModels(file),
    makeLabels(file),
    writeFile(file("text.svs"), "Aperio Image Library, said a text file.\n"),
    writeFile(file("empty.svs"), ""),
    writeFile(file("plain-file"), "in the way of a folder\n"),
    writeFile(file("manifest.csv"), "path,mpp\nslide.tif,0.25\n"),
    writeFile(file("bad.geojson"), "these are not the features you are looking for"),
    writeFile(file("bad-index/index.tsv"), "image\tmask\na.png\tb.png\n"),
    writeFile(file("lost-label/index.tsv"), "image\tlabel\tmpp\na.png\tlost.png\t0.25\n"),
  ]);
  await copyFile(file("slide.tif"), file("slides/slide.tif"));
}

type FileIn = (name: string) => string;

async function makeSlides(file: FileIn): Promise<void> {
  const picture = await sharp({
    create: {
      width: SIDE,
      height: SIDE,
      channels: 3,
      background: { r: 190, g: 120, b: 170 },
      noise: { type: "gaussian", mean: 150, sigma: 40 },
    },
  })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  // The noise has one mean for all channels: as it is, it is grey, which is no tissue.
  const painted = () =>
    sharp(picture.data, { raw: picture.info }).linear([1.2, 0.8, 1.1], [0, 0, 0]);
  // 4,000 px/mm: 0.25 µm/px.
  const slide = await painted()
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: "jpeg" })
    .withMetadata({ density: 101600 })
    .toBuffer();
  const png = await painted().png().toBuffer();
  await Promise.all([
    writeFile(file("slide.tif"), slide),
    writeFile(file("cut-half.svs"), slide.subarray(0, slide.length / 2)),
    writeFile(file("cut-tail.svs"), slide.subarray(0, slide.length * 0.9)),
    writeFile(file("cut-header.svs"), slide.subarray(0, 8)),
    writeFile(file("cut-three.svs"), slide.subarray(0, 3)),
    writeFile(file("plain.png"), png),
    writeFile(file("cut.png"), png.subarray(0, png.length / 2)),
  ]);
  if (!existsSync(REAL_SLIDE)) return;
  const real = await readFile(REAL_SLIDE);
  await Promise.all([
    writeFile(file("cmu-half.svs"), real.subarray(0, real.length / 2)),
    writeFile(file("cmu-tail.svs"), real.subarray(0, real.length - 200_000)),
  ]);
}

async function makeModels(file: FileIn): Promise<void> {
  const [encoder, decoder] = await Promise.all(
    ["window-encoder.onnx", "window-decoder.onnx"].map(async (name) => {
      const path = join(MODELS, name);
      const sha256 = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      return { path, sha256 };
    }),
  );
  const good = {
    name: "bad-inputs",
    version: "1",
    contract: "window",
    tasks: ["nuclei"],
    files: { encoder, decoder },
    input: { stride: 16 },
    window: { cells: 16, stride: 4 },
    mpp: 0.25,
    auto: {
      objectnessThreshold: 0.5,
      peakRadiusPx: 4,
      predictedIouThreshold: 0.5,
      maskThreshold: 0,
      nmsIou: 0.5,
    },
    licence: "Apache-2.0",
  };
  const write = (name: string, value: unknown) => writeFile(file(name), JSON.stringify(value));
  const withEncoder = (encoder: object) => ({ ...good, files: { encoder, decoder } });
  await Promise.all([
    write("model.json", good),
    write("array.json", [good]),
    write("no-files.json", { ...good, files: undefined }),
    write("wrong-sha.json", withEncoder({ ...encoder, sha256: "0".repeat(64) })),
    write("lost-file.json", withEncoder({ path: "lost.onnx" })),
    write("not-onnx.json", withEncoder({ path: "text.onnx" })),
    write("wrong-graph.json", withEncoder({ ...decoder })),
    writeFile(file("not-json.json"), "name: bad-inputs\n"),
    writeFile(file("text.onnx"), "not a graph\n"),
  ]);
}

async function makeLabels(file: FileIn): Promise<void> {
  const labels = (width: number, height: number, name: string) =>
    sharp(new Uint16Array(width * height).fill(300), { raw: { width, height, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toFile(file(name));
  const feature = {
    type: "Feature",
    geometry: {
      type: "Polygon",
      coordinates: [
        [
          [1, 1],
          [4, 1],
          [4, 4],
          [1, 4],
          [1, 1],
        ],
      ],
    },
    properties: { objectType: "detection" },
  };
  const text = JSON.stringify({ type: "FeatureCollection", features: [feature, feature] });
  await Promise.all([
    labels(8, 6, "labels.png"),
    labels(4, 3, "labels-small.png"),
    writeFile(file("truth.geojson"), text),
    writeFile(file("cut.geojson"), text.slice(0, -30)),
  ]);
}
