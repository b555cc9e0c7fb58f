import type { RunInfo, SlideInfo } from "../server/api.ts";
import { formatValue } from "./quantities.ts";

/** How large a level-0 pixel is, and who says so. */
export interface PixelSize {
  /** µm per level-0 px, across. */
  readonly mpp: number;
  /** e.g. "0.25 µm/px". */
  readonly text: string;
  /** In words for the page. */
  readonly source: string;
}

const SOURCES: Readonly<Record<string, string>> = {
  override: "--mpp, given for the run",
  vendor: "the scanner's own tags",
  "tiff-resolution": "the TIFF resolution tags",
};

/** By less than this two scales are one, written with fewer digits. */
const SAME_SCALE = 1e-3;

/**
 * The size of a pixel on screen, or null when nobody knows it.
 *
 * A run's own comes first, so that the scale bar agrees with the run's measurements; where the slide
 * says otherwise, the source tells.
 */
export function pixelSize(
  slide: Pick<SlideInfo, "mpp"> | null,
  run: Pick<RunInfo, "mpp"> | null,
): PixelSize | null {
  const own = slide?.mpp ?? null;
  if (!run || !(run.mpp.slide > 0)) {
    return own && { mpp: own.x, text: resolution(own), source: inWords(own.source) };
  }
  const source = run.mpp.source === "unknown" ? "the run" : inWords(run.mpp.source);
  const differs = own !== null && Math.abs((own.x + own.y) / 2 / run.mpp.slide - 1) > SAME_SCALE;
  return {
    mpp: run.mpp.slide,
    text: `${formatValue(run.mpp.slide)} µm/px`,
    source: differs ? `${source}; the file says ${resolution(own)}` : source,
  };
}

function resolution({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${formatValue(x)}${x === y ? "" : ` × ${formatValue(y)}`} µm/px`;
}

function inWords(source: string): string {
  return SOURCES[source] ?? source;
}
