import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DATA, hasData } from "../../tests/shared-data.ts";
import { BENCH_OUT } from "../harness/report.ts";
import { writeMosaic } from "./mosaic.ts";
import { reencodedTiles, storedTiles } from "./source-tiles.ts";

/** How the tiles of a bench slide are stored. */
export type Layout = "aperio" | "ycbcr";

/** What each layout is, for reports. */
export const LAYOUTS: Readonly<Record<Layout, string>> = {
  aperio:
    "BigTIFF; level 0 is CMU-1-Small-Region's stored tiles byte for byte (240×240 px, RGB JPEG 4:4:4 with shared tables, 1.6 bits a pixel), levels at 1/4 and 1/16",
  ycbcr:
    "BigTIFF; level 0 is CMU-1-Small-Region cut anew into 256×256 px tiles (YCbCr JPEG 4:2:0, quality 80), levels at 1/4 and 1/16",
};

const SOURCE = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";

/** CMU-1's own. */
const MPP = 0.499;

/**
 * The path of a square bench slide, made on first use and kept.
 *
 * Throws an Error where the real slide that it is laid of is absent.
 */
export async function benchSlide(layout: Layout, side: number): Promise<string> {
  const folder = join(BENCH_OUT, "slides");
  const path = join(folder, `${layout}-${side}.${layout === "aperio" ? "svs" : "tif"}`);
  if (existsSync(path)) return path;
  if (!hasData(SOURCE)) throw new Error(`${join(DATA, SOURCE)} is needed to lay the bench slides`);
  process.stderr.write(`making ${path} (once) …\n`);
  await mkdir(folder, { recursive: true });
  const source = await (layout === "aperio" ? storedTiles : reencodedTiles)(join(DATA, SOURCE));
  const description =
    layout === "aperio"
      ? `Aperio Image Library\r\nmosaic of CMU-1-Small-Region|AppMag = 20|MPP = ${MPP}`
      : `mosaic of CMU-1-Small-Region, ${MPP} um/px`;
  await writeMosaic(path, source, { width: side, height: side, mpp: MPP, description, seed: 1 });
  return path;
}

/** What {@link tissueSlide} is, for reports. */
export const TISSUE_SLIDE =
  "BigTIFF; level 0 is a field of breast cancer of BCSS at 40x, all tissue, laid out again and again in 256×256 px tiles (YCbCr JPEG 4:2:0, quality 80), levels at 1/4 and 1/16";

const FIELD = "train/regions-bcss-tumour/images/1008.jpg";

/**
 * The path of a square slide that is tissue all over, at the scale at which nuclei are looked for; made on
 * first use and kept. Throws an Error where the real field that it is laid of is absent.
 */
export async function tissueSlide(side: number, mpp: number): Promise<string> {
  const folder = join(BENCH_OUT, "slides");
  const path = join(folder, `tissue-${side}.tif`);
  if (existsSync(path)) return path;
  if (!hasData(FIELD)) throw new Error(`${join(DATA, FIELD)} is needed to lay the bench slides`);
  process.stderr.write(`making ${path} (once) …\n`);
  await mkdir(folder, { recursive: true });
  const description = `mosaic of a field of BCSS, ${mpp} um/px`;
  const source = await reencodedTiles(join(DATA, FIELD));
  await writeMosaic(path, source, { width: side, height: side, mpp, description, seed: 1 });
  return path;
}
