import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Box } from "../src/geometry.ts";
import { encodeLabelPng } from "./label-png.ts";
import { paintCoarse } from "./painter/paint-coarse.ts";
import { paintRegion } from "./painter/paint-region.ts";
import { labelRegions } from "./painter/region-labels.ts";
import { chooseView } from "./painter/training-picture.ts";
import type { World } from "./painter/world.ts";

/** What the labels tell apart. */
export type Layer = "nuclei" | "regions";

/** What to paint for training. */
export interface TrainingOrder {
  readonly out: string;
  readonly layer: Layer;
  readonly count: number;
  /** Side of a picture, px. */
  readonly size: number;
  readonly mpp: number;
  readonly seed: number;
  /** Index of the first picture: sets can be painted in parts. */
  readonly first: number;
}

/** From here on (µm/px) regions are pieces of tissue; below, glands and tumour nests. */
const PIECES_MPP = 4;

/** Paints `images/`, `labels/` and `index.tsv` into a folder, one line of progress a picture to `log`. */
export async function paintTrainingSet(
  order: TrainingOrder,
  log: (line: string) => void,
): Promise<void> {
  const { out, count, size, mpp, seed, first } = order;
  mkdirSync(join(out, "images"), { recursive: true });
  mkdirSync(join(out, "labels"), { recursive: true });
  const lines = [["image", "label", "width", "height", "instances", "mpp", "note"].join("\t")];
  for (let i = first; i < first + count; i++) {
    const view = chooseView(seed, i, size, mpp);
    const { rgb, labels, instances } = paintLayer(order.layer, view.world, view.box, mpp);
    const name = `${String(i).padStart(6, "0")}.png`;
    const raw = { width: size, height: size, channels: 3 as const };
    let picture = sharp(rgb, { raw });
    if (view.jpegQuality !== null) {
      picture = sharp(await picture.jpeg({ quality: view.jpegQuality }).toBuffer());
    }
    await picture.png({ compressionLevel: 6 }).toFile(join(out, "images", name));
    writeFileSync(join(out, "labels", name), await encodeLabelPng(labels, size, size));
    const jpeg = view.jpegQuality === null ? "no JPEG" : `JPEG q${view.jpegQuality}`;
    const note = `painted ${order.layer}; seed ${seed}; ${jpeg}`;
    const row = [`images/${name}`, `labels/${name}`, size, size, instances, mpp, note];
    lines.push(row.join("\t"));
    writeFileSync(join(out, "index.tsv"), `${lines.join("\n")}\n`);
    log(`${name} ${instances} ${order.layer}`);
  }
}

interface LabelledPicture {
  readonly rgb: Uint8Array;
  readonly labels: Uint32Array;
  readonly instances: number;
}

function paintLayer(layer: Layer, world: World, box: Box, mpp: number): LabelledPicture {
  if (layer === "nuclei") {
    const { rgb, labels, nuclei } = paintRegion(world, box, mpp);
    return { rgb, labels, instances: nuclei.length };
  }
  const rgb = paintCoarse(world, box, mpp);
  const kind = mpp >= PIECES_MPP ? "pieces" : "structures";
  const { labels, count } = labelRegions(world, box, mpp, kind);
  return { rgb, labels, instances: count };
}
