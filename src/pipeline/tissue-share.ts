import type { Polygon, Ring } from "../geometry.ts";
import { forEachSpan } from "../row-spans.ts";
import type { FoundTissue } from "../tiler/tissue.ts";

/** What of a found tissue tells where it is. */
export type TissueCells = Pick<
  FoundTissue,
  "width" | "height" | "tight" | "downsampleX" | "downsampleY"
>;

/**
 * Share of a polygon's area that is tissue, 0..1: of the cells whose centres lie in it, those that are tissue
 * (lumina that tissue detection fills count as tissue). A polygon without any cell's centre is taken for tissue: it is too small to tell.
 *
 * polygon: level-0 px; holes are left out of it.
 */
export function tissueShare({ outer, holes }: Polygon, tissue: TissueCells): number {
  const { width, height, tight, downsampleX, downsampleY } = tissue;
  const inCells = (ring: Ring) =>
    ring.map((value, i) => value / (i % 2 === 0 ? downsampleX : downsampleY));
  let [inside, onTissue] = [0, 0];
  forEachSpan([outer, ...holes].map(inCells), { x: 0, y: 0, width, height }, (row, x0, x1) => {
    inside += x1 - x0;
    for (let i = row * width + x0; i < row * width + x1; i++) onTissue += tight[i]!;
  });
  return inside === 0 ? 1 : onTissue / inside;
}
