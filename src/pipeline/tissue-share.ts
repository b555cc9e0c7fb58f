import type { Polygon } from "../geometry.ts";
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
  let [top, bottom] = [Infinity, -Infinity];
  for (let i = 1; i < outer.length; i += 2) {
    top = Math.min(top, outer[i]!);
    bottom = Math.max(bottom, outer[i]!);
  }
  const first = Math.max(0, Math.ceil(top / downsampleY - 0.5));
  const last = Math.min(height - 1, Math.floor(bottom / downsampleY - 0.5));
  let [inside, onTissue] = [0, 0];
  for (let row = first; row <= last; row++) {
    const crossings = crossingsAt((row + 0.5) * downsampleY, [outer, ...holes]);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const from = Math.max(0, Math.ceil(crossings[k]! / downsampleX - 0.5));
      const to = Math.min(width - 1, Math.ceil(crossings[k + 1]! / downsampleX - 0.5) - 1);
      for (let column = from; column <= to; column++) {
        inside++;
        if (tight[row * width + column] === 1) onTissue++;
      }
    }
  }
  return inside === 0 ? 1 : onTissue / inside;
}

/** Where a horizontal line crosses rings, ascending; an end of an edge counts for the upper one only, so that they pair up. */
function crossingsAt(y: number, rings: readonly Polygon["outer"][]): number[] {
  const found: number[] = [];
  for (const ring of rings) {
    let [x0, y0] = [ring[ring.length - 2]!, ring[ring.length - 1]!];
    for (let i = 0; i < ring.length; i += 2) {
      const [x1, y1] = [ring[i]!, ring[i + 1]!];
      if (y0 <= y !== y1 <= y) found.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
      [x0, y0] = [x1, y1];
    }
  }
  return found.sort((a, b) => a - b);
}
