import type { StainEstimate } from "../stain.ts";
import type { RgbImage } from "../tiler/slide.ts";
import { type PlacedRle, SpanCursor } from "./rle.ts";

/**
 * Stain vectors of hematoxylin and eosin in optical density (R, G, B), unit length: Ruifrok &
 * Johnston, "Quantification of histochemical staining by color deconvolution", 2001.
 */
const HEMATOXYLIN = unit([0.65, 0.7, 0.29]);
const EOSIN = unit([0.07, 0.99, 0.11]);

type Vector = readonly [number, number, number];

function unit(v: Vector): Vector {
  const length = Math.hypot(...v);
  return [v[0] / length, v[1] / length, v[2] / length];
}

/** First row of the pseudo-inverse of the two vectors: optical density → amount of the first stain. */
function unmixFirst(a: Vector, b: Vector): Vector {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const k = 1 / (1 - dot * dot);
  return [k * (a[0] - dot * b[0]), k * (a[1] - dot * b[1]), k * (a[2] - dot * b[2])];
}

/** Byte of a channel → its share of hematoxylin; optical density is −log10((v + 1) / 256). */
function table(weight: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, v) => -Math.log10((v + 1) / 256) * weight);
}

type Tables = readonly [Float64Array, Float64Array, Float64Array];

function tablesOf(hematoxylin: Vector, eosin: Vector): Tables {
  return unmixFirst(hematoxylin, eosin).map(table) as unknown as Tables;
}

const RUIFROK = tablesOf(HEMATOXYLIN, EOSIN);
const [RED, GREEN, BLUE] = RUIFROK;

/**
 * Byte of R, G and B → its share of a pixel's hematoxylin optical density: by the slide's own stain
 * vectors where an estimate has them, else by Ruifrok & Johnston's.
 */
export function hematoxylinTables(stain: StainEstimate | null): Tables {
  return stain?.method === "macenko" ? tablesOf(stain.hematoxylin, stain.eosin) : RUIFROK;
}

/**
 * Mean hematoxylin optical density over a mask's pixels, no unit; 0 for an empty mask.
 *
 * The mask's frame is the image's pixels. Optical density −log10((v+1)/256) is unmixed into
 * hematoxylin and eosin by least squares; the value may be slightly negative where neither stain fits.
 */
export function meanHematoxylinOd(image: RgbImage, mask: PlacedRle): number {
  const { data, width } = image;
  const spans = new SpanCursor(mask);
  let sum = 0;
  let pixels = 0;
  while (spans.next()) {
    const end = (spans.y * width + spans.x1) * 3;
    for (let i = (spans.y * width + spans.x0) * 3; i < end; i += 3) {
      sum += RED[data[i]!]! + GREEN[data[i + 1]!]! + BLUE[data[i + 2]!]!;
    }
    pixels += spans.x1 - spans.x0;
  }
  return pixels === 0 ? 0 : sum / pixels;
}
