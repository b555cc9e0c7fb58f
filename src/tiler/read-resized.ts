import { MicrotomeError } from "../errors.ts";
import type { Box, Size } from "../geometry.ts";
import { MAX_REGION_PIXELS } from "./limits.ts";
import { resampleLevel } from "./read-scaled.ts";
import { makeTaps } from "./resample-taps.ts";
import type { Level, RgbImage, Slide } from "./slide.ts";

/** What is to be read, and from which level: made by {@link planResize}. */
export interface ResizePlan {
  /** Index of the level that is read. */
  readonly level: number;
  /** Target px per level px, along each axis. */
  readonly across: number;
  readonly down: number;
  /** Level px that have to be decoded. */
  readonly cost: number;
}

/** Levels this much coarser than asked for still count as fine enough. */
const TOLERANCE = 1.005;

/**
 * Reads a box of the slide at any size: from the coarsest level that is fine enough, then a low-pass.
 *
 * `box` is in level-0 pixels (integers; may stick out at the right and bottom, where the edge is
 * repeated), `size` in target pixels; the two axes may be scaled differently. What lies beside the
 * box enters its outermost pixels, so neighbouring tiles meet without a seam. Where a level is
 * asked for as it is, its pixels are copied. Throws CorruptSlideError, `usage`.
 */
export async function readResized(
  slide: Slide,
  box: Box,
  size: Size,
  signal?: AbortSignal,
): Promise<RgbImage> {
  requireReadable(slide, box, size);
  const { level, across, down } = planResize(slide, box, size);
  const found = slide.levels[level]!;
  const left = (box.x * size.width) / box.width;
  const top = (box.y * size.height) / box.height;
  const copied = across === 1 && down === 1 && Number.isInteger(left) && Number.isInteger(top);
  if (copied && left + size.width <= found.size.width && top + size.height <= found.size.height) {
    return slide.readRegion(level, { x: left, y: top, ...size }, signal);
  }
  return resampleLevel(
    slide,
    level,
    makeTaps(left, size.width, across, found.size.width, "edge"),
    makeTaps(top, size.height, down, found.size.height, "edge"),
    signal,
  );
}

/** Which level {@link readResized} reads, and how much of it. */
export function planResize(slide: Slide, box: Box, size: Size): ResizePlan {
  const wantedX = (box.width / size.width) * TOLERANCE;
  const wantedY = (box.height / size.height) * TOLERANCE;
  let best = slide.levels[0]!;
  for (const level of slide.levels) {
    const { x, y } = levelDownsample(slide, level);
    if (x <= wantedX && y <= wantedY) best = level;
  }
  const { x, y } = levelDownsample(slide, best);
  return {
    level: best.index,
    across: (size.width * x) / box.width,
    down: (size.height * y) / box.height,
    cost: (box.width / x) * (box.height / y),
  };
}

/**
 * Level-0 px per px of a level, along each axis.
 *
 * Scanners shrink by whole factors and cut off or fill up what remains: where a whole factor explains a
 * level's size to within a pixel it is taken, as the quotient of the sizes would drift over the slide.
 */
export function levelDownsample(slide: Slide, level: Level): { x: number; y: number } {
  return {
    x: axisDownsample(slide.size.width, level.size.width),
    y: axisDownsample(slide.size.height, level.size.height),
  };
}

function axisDownsample(full: number, own: number): number {
  const whole = Math.round(full / own);
  return Math.abs(full / whole - own) < 1 ? whole : full / own;
}

function requireReadable(slide: Slide, box: Box, size: Size): void {
  const numbers = [box.x, box.y, box.width, box.height, size.width, size.height];
  const whole = numbers.every(Number.isSafeInteger) && box.x >= 0 && box.y >= 0;
  const some = box.width > 0 && box.height > 0 && size.width > 0 && size.height > 0;
  if (whole && some && size.width * size.height <= MAX_REGION_PIXELS) return;
  throw new MicrotomeError(
    "usage",
    `${slide.path}: ${box.x},${box.y},${box.width},${box.height} at ${size.width}×${size.height} px cannot be read; expected whole numbers, sizes above 0 and at most ${MAX_REGION_PIXELS} pixels.`,
    { path: slide.path, width: size.width, height: size.height },
  );
}
