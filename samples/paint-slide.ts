import type { Size } from "../src/geometry.ts";
import { paintRegion } from "./painter/paint-region.ts";
import { makeSlideWorld } from "./painter/slide-world.ts";
import type { World } from "./painter/world.ts";
import { PyramidWriter } from "./pyramid-writer.ts";
import { TruthFile, type TruthObject } from "./truth-file.ts";
import { nucleusTruth, structureTruth, tissueTruth } from "./truth-outlines.ts";

/** What slide to paint. */
export interface SlideOrder {
  readonly file: string;
  /** Level-0 px. */
  readonly width: number;
  readonly height: number;
  readonly mpp: number;
  readonly seed: number;
  /** JPEG quality, 1..100. */
  readonly quality: number;
}

const TILE = 256;
/** Rows painted at a time: more would hold more of a wide slide in memory, fewer paint more margins twice. */
const BAND = 512;
const BLOCK = 1024;
/** A JPEG pixel of this tissue takes well under this many bytes, pyramid included. */
const BYTES_PER_PIXEL = 0.7;

/** Paints a slide and its truth files, in memory that grows with the slide's width only. */
export async function paintSlide(order: SlideOrder, log: (line: string) => void): Promise<void> {
  const { file, width, height, mpp, seed, quality } = order;
  const world = makeSlideWorld(seed, width * mpp, height * mpp);
  const writer = await PyramidWriter.create(file, {
    width,
    height,
    tile: TILE,
    quality,
    mpp,
    description: `Painted by microtome's painter, seed ${seed}, ${mpp} um/px. Not a patient's tissue. For research use only.`,
    big: width * height * BYTES_PER_PIXEL > 4e9,
  });
  for (let y = 0; y < height; y += BAND) {
    const rows = Math.min(BAND, height - y);
    await writer.writeRows(paintBand(world, y, rows, width, mpp), rows);
    log(`${file}: ${Math.min(height, y + rows)} of ${height} rows`);
  }
  await writer.close();
  await writeTruth(world, { width, height }, mpp, file, log);
}

function paintBand(world: World, y: number, rows: number, width: number, mpp: number): Uint8Array {
  const band = new Uint8Array(width * rows * 3);
  for (let x = 0; x < width; x += BLOCK) {
    const columns = Math.min(BLOCK, width - x);
    const { rgb } = paintRegion(world, { x, y, width: columns, height: rows }, mpp);
    for (let r = 0; r < rows; r++) {
      band.set(rgb.subarray(r * columns * 3, (r + 1) * columns * 3), (r * width + x) * 3);
    }
  }
  return band;
}

async function writeTruth(
  world: World,
  slide: Size,
  mpp: number,
  file: string,
  log: (line: string) => void,
): Promise<void> {
  const stem = file.replace(/\.tiff?$/i, "");
  const layers: readonly [string, Iterable<TruthObject>][] = [
    ["nuclei", nucleusTruth(world, slide, mpp)],
    ["regions", structureTruth(world, slide, mpp)],
    ["tissue", tissueTruth(world, slide, mpp)],
  ];
  for (const [layer, objects] of layers) {
    const path = `${stem}.${layer}.geojson.gz`;
    const truth = new TruthFile(path);
    for (const object of objects) await truth.add(object);
    await truth.close();
    log(`${path}: ${truth.count} ${layer}`);
  }
}
