import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";
import { MAX_REGION_PIXELS } from "./limits.ts";

/** Throws `usage` unless the box is in whole pixels, not empty, and no larger than is read at once. */
export function requireReadable(path: string, box: Box): void {
  const whole = [box.x, box.y, box.width, box.height].every(Number.isSafeInteger);
  const pixels = box.width * box.height;
  if (whole && box.width > 0 && box.height > 0 && pixels <= MAX_REGION_PIXELS) return;
  throw new MicrotomeError(
    "usage",
    `A region of ${path} was asked for as ${box.x},${box.y},${box.width},${box.height}; expected whole pixels, a size above 0 and at most ${MAX_REGION_PIXELS} pixels: ask for less, or for a coarser level.`,
    { path, width: box.width, height: box.height },
  );
}
