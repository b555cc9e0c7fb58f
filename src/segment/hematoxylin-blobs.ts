import type { StainEstimate } from "../stain.ts";
import type { RgbImage } from "../tiler/slide.ts";
import type { CellMap } from "./contracts/adapter.ts";
import { hematoxylinTables } from "./hematoxylin.ts";
import type { AutoSettings, GridSettings } from "./model.ts";

/** Side of the cells in which blobs are looked for, µm: a nucleus is about ten across. */
const CELL_UM = 0.5;

/** Widths of the two smoothings whose difference answers to a nucleus of 4 to 9 µm, µm (standard deviations). */
const NARROW_UM = 1.2;
const WIDE_UM = 2.4;

/**
 * Least optical density above the surroundings', and least distance of two prompts, µm: 0.90 and 0.94 of the nuclei of
 * two training sets (nuclei-tnbc-originals, nuclei-nucls-cellvit) then hold a prompt, at 2.0 and 1.5 prompts a nucleus.
 */
const LEAST_CONTRAST = 0.02;
const LEAST_DISTANCE_UM = 2.5;

/** Gaussians are approximated by this many box averages (Wells 1986, doi:10.1109/TPAMI.1986.4767776). */
const BOX_PASSES = 3;

/**
 * The automatic mode of a model without objectness, for nuclei: prompts at blobs of hematoxylin, what a
 * mask must pass taken from the grid's settings. `mpp` is µm per patch px.
 */
export function hematoxylinAuto(grid: GridSettings, mpp: number): AutoSettings {
  return {
    from: "hematoxylin",
    objectnessThreshold: LEAST_CONTRAST,
    peakRadiusPx: LEAST_DISTANCE_UM / mpp,
    predictedIouThreshold: grid.predictedIouThreshold,
    stabilityScoreThreshold: grid.stabilityScoreThreshold,
    maskThreshold: grid.maskThreshold,
    nmsIou: grid.nmsIou,
    refinePasses: 0,
    minAreaUm2: 0,
  };
}

/**
 * How much more hematoxylin there is about a cell than round it, optical density: a difference of
 * Gaussians, which stands for the Laplacian of one (Lindeberg 1998, doi:10.1023/A:1008045108935); its
 * peaks are nuclei, where no model tells objectness. May be negative.
 *
 * `mpp` is the image's µm a px. The slide's own stain vectors where an estimate has them, else Ruifrok &
 * Johnston's. Cells of about 0.5 µm, whole pixels; a rest of the image smaller than a cell is left out.
 */
export function hematoxylinBlobs(
  image: RgbImage,
  mpp: number,
  stain: StainEstimate | null,
): CellMap {
  const cellPx = Math.max(1, Math.round(CELL_UM / mpp));
  const density = meanDensity(image, cellPx, stain);
  const cellUm = cellPx * mpp;
  const narrow = smooth(density, NARROW_UM / cellUm);
  const wide = smooth(density, WIDE_UM / cellUm);
  const data = narrow.data.map((value, i) => value - wide.data[i]!);
  return { ...density, data };
}

/** Hematoxylin optical density averaged over cells. */
function meanDensity(image: RgbImage, cellPx: number, stain: StainEstimate | null): CellMap {
  const [red, green, blue] = hematoxylinTables(stain);
  const columns = Math.max(1, Math.floor(image.width / cellPx));
  const rows = Math.max(1, Math.floor(image.height / cellPx));
  const data = new Float32Array(columns * rows);
  const [width, height] = [
    Math.min(image.width, columns * cellPx),
    Math.min(image.height, rows * cellPx),
  ];
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cellPx) * columns;
    let i = y * image.width * 3;
    for (let x = 0; x < width; x++, i += 3) {
      const cell = row + Math.floor(x / cellPx);
      data[cell]! += red[image.data[i]!]! + green[image.data[i + 1]!]! + blue[image.data[i + 2]!]!;
    }
  }
  const share = 1 / (cellPx * cellPx);
  for (let i = 0; i < data.length; i++) data[i]! *= share;
  return { data, columns, rows, cellPx };
}

/** Smoothed by a Gaussian of about `sigma` cells; the edge cells go on outside. */
function smooth(map: CellMap, sigma: number): CellMap {
  const { columns, rows } = map;
  // A box of w cells has the variance (w² − 1) / 12.
  const width = Math.sqrt((12 * sigma * sigma) / BOX_PASSES + 1);
  const reach = Math.max(1, Math.round((width - 1) / 2));
  let data = map.data;
  for (let pass = 0; pass < BOX_PASSES; pass++) {
    data = boxAverage(data, columns, rows, 1, columns, reach);
    data = boxAverage(data, rows, columns, columns, 1, reach);
  }
  return { ...map, data };
}

/** Sliding means over 2·reach + 1 values along lines of `count` values `step` apart; `lines` of them, `next` apart. */
function boxAverage(
  data: Float32Array,
  count: number,
  lines: number,
  step: number,
  next: number,
  reach: number,
): Float32Array {
  const out = new Float32Array(data.length);
  const share = 1 / (2 * reach + 1);
  for (let line = 0; line < lines; line++) {
    const first = line * next;
    const at = (k: number) => data[first + Math.min(Math.max(k, 0), count - 1) * step]!;
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += at(k);
    for (let k = 0; k < count; k++) {
      out[first + k * step] = sum * share;
      sum += at(k + reach + 1) - at(k - reach);
    }
  }
  return out;
}
