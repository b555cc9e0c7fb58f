import type { Size } from "../geometry.ts";
import type { CellColors } from "./cell-colors.ts";
import { cellDetail, isTextured, SMOOTH, sharesAround } from "./cell-detail.ts";
import { ASSUMED_GLASS, estimateGlass, isUnscanned, type Rgb } from "./glass.ts";

/** What a cell can be; a byte a cell. */
export const KIND = {
  glass: 0,
  /** Stained. */
  tissue: 1,
  /** Tissue if it joins tissue: faint, or grey with structure. */
  weak: 2,
  /** Pen of any colour, without structure beneath. */
  ink: 3,
  /** Without colour: scanner borders, black pen, dust, coverslip edges, shade. */
  grey: 4,
} as const;

/** The cells of a slide by kind, and what they were told apart by. */
export interface CellKinds {
  /** A {@link KIND} a cell, row-major. */
  readonly kinds: Uint8Array;
  /** Score from which a cell is tissue, optical density. */
  readonly threshold: number;
  /** Colour of the bare glass, or null where none was found and white was assumed. */
  readonly glass: Rgb | null;
}

/** Bounds of the threshold: below is the noise of glass, above are the paler parts of sure tissue. */
const THRESHOLD = { least: 0.03, most: 0.045 } as const;

/** Faint tissue scores at least this, and this much of it in colour. */
const WEAK = { score: 0.014, spread: 0.008 } as const;

/** Absorbs the colours so evenly that no stain does it: spread over the greatest density. */
const GREY = 0.2;

/** Share of textured cells around from which there is tissue under ink, and below which there is none. */
const UNDER_INK = { tissue: 0.5, none: 0.2 } as const;

/** Share of ink around from which a cell of a pen's colour is a stroke's rim. */
const HALO = 0.25;

/**
 * Tells stained cells from glass, ink and what has no colour; `fineCells` says that cells are small
 * enough (a few cell bodies) for their differences to be tissue's structure and not a pen's outline.
 *
 * A cell's score is how much, and how unevenly over the colours, it absorbs against the glass:
 * the spread of its optical densities plus half their mean, so that colour counts more than
 * shade. Otsu's threshold (1979) on the scores, held within bounds: on a field that is all tissue
 * it would part dark from pale tissue, on bare glass noise from noise. Ink is told by its colour, and
 * by lying on the coverslip: out of focus, it has no structure of its own.
 */
export function classifyCells(colors: CellColors, fineCells: boolean): CellKinds {
  const { data, grid } = colors;
  const detail = cellDetail(colors);
  const glass = estimateGlass(colors, detail);
  const white = glass ?? ASSUMED_GLASS;
  const densityRed = densityTable(white[0]);
  const densityGreen = densityTable(white[1]);
  const densityBlue = densityTable(white[2]);
  const count = detail.length;
  const scores = new Float32Array(count);
  const kinds = new Uint8Array(count);
  const textured = new Uint8Array(count);
  const unsure: number[] = [];
  for (let cell = 0, p = 0; cell < count; cell++, p += 3) {
    const red = data[p]!;
    const green = data[p + 1]!;
    const blue = data[p + 2]!;
    const brightness = red + green + blue;
    if (isTextured(detail[cell]!, brightness)) textured[cell] = 1;
    if (isBlack(red, green, blue)) {
      kinds[cell] = KIND.grey;
      continue;
    }
    if (isUnscanned(red, green, blue)) continue;
    const r = densityRed[red]!;
    const g = densityGreen[green]!;
    const b = densityBlue[blue]!;
    const most = Math.max(r, g, b);
    const spread = most - Math.min(r, g, b);
    const score = spread + (r + g + b) / 6;
    scores[cell] = score;
    if (score < WEAK.score) continue;
    if (isRedPen(red, green, blue) || isColdPen(r, g)) {
      kinds[cell] = KIND.ink;
      if (fineCells) unsure.push(cell);
    } else if (spread < GREY * most) {
      kinds[cell] = score >= THRESHOLD.most ? KIND.grey : KIND.glass;
      if (fineCells && score >= THRESHOLD.most) unsure.push(cell);
    } else {
      kinds[cell] = KIND.tissue;
      if (fineCells && isPenLike(r, g, b)) unsure.push(cell);
    }
  }
  const threshold = Math.min(THRESHOLD.most, Math.max(THRESHOLD.least, otsu(scores, kinds)));
  for (let cell = 0, p = 0; cell < count; cell++, p += 3) {
    if (kinds[cell] !== KIND.tissue || scores[cell]! >= threshold) continue;
    const r = densityRed[data[p]!]!;
    const g = densityGreen[data[p + 1]!]!;
    const b = densityBlue[data[p + 2]!]!;
    const coloured = Math.max(r, g, b) - Math.min(r, g, b) >= WEAK.spread;
    kinds[cell] = coloured && detail[cell]! > SMOOTH ? KIND.weak : KIND.glass;
  }
  if (unsure.length === 0) return { kinds, threshold, glass };
  const texturedAround = sharesAround(textured, grid);
  for (const cell of unsure) {
    const share = texturedAround(cell);
    if (kinds[cell] === KIND.ink && share >= UNDER_INK.tissue) kinds[cell] = KIND.tissue;
    else if (kinds[cell] === KIND.grey && share >= UNDER_INK.tissue) kinds[cell] = KIND.weak;
    else if (kinds[cell] === KIND.tissue && share < UNDER_INK.none) kinds[cell] = KIND.ink;
  }
  markHalo(kinds, grid, unsure);
  return { kinds, threshold, glass };
}

/** The blurred rim of a stroke: cells of a pen's colour with much ink around them. */
function markHalo(kinds: Uint8Array, grid: Size, candidates: readonly number[]): void {
  const ink = new Uint8Array(kinds.length);
  for (let cell = 0; cell < kinds.length; cell++) ink[cell] = kinds[cell] === KIND.ink ? 1 : 0;
  const inkAround = sharesAround(ink, grid);
  for (const cell of candidates) {
    if (kinds[cell] === KIND.tissue && inkAround(cell) >= HALO) kinds[cell] = KIND.ink;
  }
}

/** Byte of a channel → optical density against the glass, never below 0. */
function densityTable(white: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) =>
    Math.max(0, Math.log10((white + 1) / (value + 1))),
  );
}

/** Scanner borders, and black ink. */
function isBlack(red: number, green: number, blue: number): boolean {
  const most = Math.max(red, green, blue);
  return most < 50 && most - Math.min(red, green, blue) < 25;
}

/** A red with neither green nor blue: eosin lets blue through. */
function isRedPen(red: number, green: number, blue: number): boolean {
  return red > 120 && green < 60 && blue < 60 && red - Math.max(green, blue) > 90;
}

/** Green or blue pen, by its optical densities: hematoxylin and DAB absorb green about as much as red, or more. */
function isColdPen(r: number, g: number): boolean {
  return r > 1.6 * g && r > 0.1;
}

/**
 * Optical densities that a thin or blurred stroke has, but some stain too: more red absorbed than
 * green (methyl blue and alcian blue do), or green and blue alike with no red (eosin on some scanners).
 */
function isPenLike(r: number, g: number, b: number): boolean {
  return r > 1.3 * g || (b > 0.8 * g && r < 0.25 * g);
}

/** Otsu's threshold on the scores, 0..0.5, of cells that are tissue or glass. */
function otsu(scores: Float32Array, kinds: Uint8Array): number {
  const bins = 256;
  const top = 0.5;
  const histogram = new Float64Array(bins);
  let count = 0;
  for (let cell = 0; cell < scores.length; cell++) {
    if (kinds[cell]! > KIND.tissue) continue;
    const bin = Math.min(bins - 1, Math.floor((scores[cell]! / top) * bins));
    histogram[bin] = histogram[bin]! + 1;
    count++;
  }
  let total = 0;
  for (let i = 0; i < bins; i++) total += i * histogram[i]!;
  let below = 0;
  let belowSum = 0;
  let best = -1;
  let split = 0;
  for (let i = 0; i < bins - 1; i++) {
    below += histogram[i]!;
    belowSum += i * histogram[i]!;
    const above = count - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (belowSum / below - (total - belowSum) / above) ** 2;
    if (between > best) [best, split] = [between, i + 1];
  }
  return (split / bins) * top;
}
