import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { encodeLabelPng } from "./label-png.ts";
import { chooseView, paintTrainingPicture } from "./painter/training-picture.ts";

/** What to paint for training. */
export interface TrainingOrder {
  readonly out: string;
  readonly count: number;
  /** Side of a picture, px. */
  readonly size: number;
  readonly mpp: number;
  readonly seed: number;
  /** Index of the first picture: sets can be painted in parts. */
  readonly first: number;
}

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
    const painting = paintTrainingPicture(view, mpp);
    const name = `${String(i).padStart(6, "0")}.png`;
    const raw = { width: size, height: size, channels: 3 as const };
    let picture = sharp(painting.rgb, { raw });
    if (view.jpegQuality !== null) {
      picture = sharp(await picture.jpeg({ quality: view.jpegQuality }).toBuffer());
    }
    await picture.png({ compressionLevel: 6 }).toFile(join(out, "images", name));
    writeFileSync(join(out, "labels", name), await encodeLabelPng(painting.labels, size, size));
    const jpeg = view.jpegQuality === null ? "no JPEG" : `JPEG q${view.jpegQuality}`;
    const note = `painted; seed ${seed}; ${jpeg}`;
    lines.push(
      [`images/${name}`, `labels/${name}`, size, size, painting.nuclei.length, mpp, note].join(
        "\t",
      ),
    );
    writeFileSync(join(out, "index.tsv"), `${lines.join("\n")}\n`);
    log(`${name} ${painting.nuclei.length} nuclei`);
  }
}
