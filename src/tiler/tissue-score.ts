import type { CellColors } from "./cell-colors.ts";

/** What a cell can be besides tissue or glass: left out of the threshold and of the mask. */
const IGNORED = -1;

/** Glass is at least this bright in its darkest channel, and this near to grey. */
const GLASS = { least: 195, chroma: 26 } as const;

/** Bounds of the threshold: below is the noise of glass, above are the paler parts of sure tissue. */
const THRESHOLD = { least: 0.03, most: 0.045 } as const;

/**
 * Which cells are stained: 1 byte a cell.
 *
 * A cell's score is how much, and how unevenly over the colours, it absorbs against the glass:
 * the spread of its optical densities plus half their mean, so that colour counts more than
 * shade. Otsu's threshold (1979) on the scores, held within bounds: on a field that is all tissue
 * it would part dark from pale tissue, on bare glass noise from noise. Black borders and pen
 * colours are left out.
 */
export function stainedCells(colors: CellColors): Uint8Array {
  const scores = scoreCells(colors);
  const threshold = Math.min(THRESHOLD.most, Math.max(THRESHOLD.least, otsu(scores)));
  return Uint8Array.from(scores, (score) => (score >= threshold ? 1 : 0));
}

function scoreCells(colors: CellColors): Float32Array {
  const { data } = colors;
  const glass = estimateGlass(data);
  const density = glass.map((white) =>
    Float32Array.from({ length: 256 }, (_, value) =>
      Math.max(0, Math.log10((white + 1) / (value + 1))),
    ),
  );
  const scores = new Float32Array(data.length / 3);
  for (let i = 0, p = 0; i < scores.length; i++, p += 3) {
    const [red, green, blue] = [data[p]!, data[p + 1]!, data[p + 2]!];
    if (isBlack(red, green, blue) || isPen(red, green, blue)) {
      scores[i] = IGNORED;
      continue;
    }
    const [r, g, b] = [density[0]![red]!, density[1]![green]!, density[2]![blue]!];
    scores[i] = Math.max(r, g, b) - Math.min(r, g, b) + (r + g + b) / 6;
  }
  return scores;
}

/** The colour of bare glass: the brightest tenth of the cells where that is near white, else white. */
function estimateGlass(data: Uint8Array): [number, number, number] {
  const byShade = new Uint32Array(766);
  for (let p = 0; p < data.length; p += 3) {
    const shade = data[p]! + data[p + 1]! + data[p + 2]!;
    byShade[shade] = byShade[shade]! + 1;
  }
  let wanted = data.length / 30;
  let shade = 765;
  while (shade > 0 && wanted > byShade[shade]!) wanted -= byShade[shade--]!;
  const sums = [0, 0, 0];
  let count = 0;
  for (let p = 0; p < data.length; p += 3) {
    if (data[p]! + data[p + 1]! + data[p + 2]! < shade) continue;
    for (let c = 0; c < 3; c++) sums[c] = sums[c]! + data[p + c]!;
    count++;
  }
  const glass = sums.map((sum) => sum / count) as [number, number, number];
  const chroma = Math.max(...glass) - Math.min(...glass);
  return Math.min(...glass) >= GLASS.least && chroma <= GLASS.chroma ? glass : [250, 250, 250];
}

/** Scanner borders, and black ink. */
function isBlack(red: number, green: number, blue: number): boolean {
  const most = Math.max(red, green, blue);
  return most < 50 && most - Math.min(red, green, blue) < 25;
}

/**
 * Pen colours that stains do not have: green or blue with little red (hematoxylin and DAB absorb
 * green the most), and a red with neither green nor blue (eosin lets blue through).
 */
function isPen(red: number, green: number, blue: number): boolean {
  const cold = green - red > 40 && Math.max(green, blue) > 1.8 * red;
  const hot = red > 120 && green < 60 && blue < 60 && red - Math.max(green, blue) > 90;
  return cold || hot;
}

/** Otsu's threshold on scores in 0..0.5; scores below 0 are left out. */
function otsu(scores: Float32Array): number {
  const bins = 256;
  const top = 0.5;
  const histogram = new Float64Array(bins);
  let count = 0;
  for (const score of scores) {
    if (score < 0) continue;
    const bin = Math.min(bins - 1, Math.floor((score / top) * bins));
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
