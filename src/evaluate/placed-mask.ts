import type { Box, Size } from "../geometry.ts";
import type { SpanSink } from "../row-spans.ts";
import type { Rle } from "../segment/mask.ts";

/** A mask and where it lies, px of the image: what a `PatchMask` is, less its scores. */
export interface PlacedMask {
  /** Integers; same size as the RLE's. */
  readonly box: Box;
  readonly rle: Rle;
}

/** Walks a mask's foreground inside an image, row by row. */
export function forEachMaskSpan({ box, rle }: PlacedMask, size: Size, sink: SpanSink): void {
  let at = 0;
  rle.runs.forEach((run, i) => {
    // Foreground runs are the odd ones, and may wrap over rows.
    for (let left = i % 2 === 1 ? run : 0, start = at; left > 0; ) {
      const column = start % rle.width;
      const length = Math.min(left, rle.width - column);
      const y = box.y + Math.floor(start / rle.width);
      const x0 = Math.max(0, box.x + column);
      const x1 = Math.min(size.width, box.x + column + length);
      if (y >= 0 && y < size.height && x1 > x0) sink(y, x0, x1);
      start += length;
      left -= length;
    }
    at += run;
  });
}

/** The mask of the pixels of `box` for which `inside` holds, asked at pixel centres, px of the image. */
export function maskWhere(box: Box, inside: (x: number, y: number) => boolean): PlacedMask {
  const runs: number[] = [0];
  let foreground = false;
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      if (inside(box.x + x + 0.5, box.y + y + 0.5) !== foreground) {
        foreground = !foreground;
        runs.push(0);
      }
      runs[runs.length - 1] = runs[runs.length - 1]! + 1;
    }
  }
  return { box, rle: { width: box.width, height: box.height, runs } };
}
