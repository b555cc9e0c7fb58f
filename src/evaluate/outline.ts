import { MicrotomeError } from "../errors.ts";
import type { Box, Polygon, Ring } from "../geometry.ts";

/** The outline of one object, level-0 px: one polygon, or several that do not overlap (a MultiPolygon). */
export type Outline = Polygon | readonly Polygon[];

/** Every ring of an outline, outer and inner alike: the even-odd rule needs no more. */
export function outlineRings(outline: Outline): readonly Ring[] {
  const polygons: readonly Polygon[] = "outer" in outline ? [outline] : outline;
  return polygons.flatMap((polygon) => [polygon.outer, ...polygon.holes]);
}

/** No slide is larger; runs of pixels are kept as 32-bit integers. */
const FARTHEST_PX = 2 ** 30;

/**
 * The smallest box of whole pixels whose centres an outline can cover, level-0 px; null for an
 * outline without a point. Throws MicrotomeError `corrupt-file` on a coordinate that is not a number
 * within ±2³⁰.
 */
export function outlinePixelBox(rings: readonly Ring[], index: number): Box | null {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let i = 0; i + 1 < ring.length; i += 2) {
      const x = ring[i]!;
      const y = ring[i + 1]!;
      if (!(Math.abs(x) <= FARTHEST_PX && Math.abs(y) <= FARTHEST_PX)) {
        throw new MicrotomeError(
          "corrupt-file",
          `Object ${index} has a vertex at (${x}, ${y}); expected level-0 pixels within ±2^30. Mend or drop that object.`,
          { object: index },
        );
      }
      x0 = Math.min(x0, x);
      x1 = Math.max(x1, x);
      y0 = Math.min(y0, y);
      y1 = Math.max(y1, y);
    }
  }
  if (x0 > x1) return null;
  const left = Math.floor(x0);
  const top = Math.floor(y0);
  return { x: left, y: top, width: Math.ceil(x1) - left, height: Math.ceil(y1) - top };
}
