import { type Polygon, type Ring, ringArea } from "../geometry.ts";
import { roundedFault } from "../polygon-validity.ts";
import { partPolygon, traceWalks } from "./contour.ts";
import { evenWalk } from "./midline.ts";
import { thinRing } from "./simplify.ts";
import type { Spans } from "./spans.ts";

/**
 * Default distance, in grid px, that an outline may lie from the middle line of the mask's pixel
 * staircase; the middle line itself lies within 0.5 grid px of the staircase.
 */
export const OUTLINE_TOLERANCE = 0.25;

/** Shares of the tolerance: evening out, dropping points. */
const SHARES = { even: 0.5, thin: 0.5 } as const;

/** An outline ready for export, and which rung of the ladder it came from. */
export interface Outline {
  /** Level-0 px, rounded to 0.01, OGC-valid. */
  readonly polygon: Polygon;
  /** `smooth` at the full tolerance, `fine` at a quarter of it, `staircase` where neither stays valid. */
  readonly kind: "smooth" | "fine" | "staircase";
}

/**
 * The smooth outline of a 4-connected mask, in level-0 px.
 *
 * Corners of the pixel staircase are cut (at most 0.5 grid px away from it); then the line is evened
 * out and points are dropped, which together moves it by at most `tolerance` grid px more. Both look
 * at a short stretch of the border alone and not at the side the object lies on: objects that touch
 * get the same line along their common border, up to a few pixels from its ends. Where the result
 * would not be OGC-valid after rounding to 0.01 px the tolerance shrinks, and at last the exact
 * staircase itself is the outline. docs/geometry.md says what was measured.
 */
export function outlineOf(
  part: Spans,
  gridDownsample: number,
  tolerance: number = OUTLINE_TOLERANCE,
): Outline {
  const walks = traceWalks(part);
  for (const [kind, reach] of [
    ["smooth", tolerance],
    ["fine", tolerance / 4],
  ] as const) {
    const rings = walks.map((walk) =>
      thinRing(evenWalk(walk, reach * SHARES.even), reach * SHARES.thin),
    );
    const polygon = toLevel0(rings, gridDownsample);
    if (polygon !== null && roundedFault(polygon) === null) return { polygon, kind };
  }
  const { outer, holes } = partPolygon(part);
  const polygon = toLevel0([outer, ...holes], gridDownsample);
  return { polygon: polygon!, kind: "staircase" };
}

/** Scales and rounds rings; null unless exactly one is an outer ring. */
function toLevel0(rings: readonly Ring[], gridDownsample: number): Polygon | null {
  const outers: number[][] = [];
  const holes: number[][] = [];
  for (const ring of rings) {
    const rounded: number[] = [];
    for (let i = 0; i < ring.length; i += 2) {
      const x = Math.round(ring[i]! * gridDownsample * 100) / 100;
      const y = Math.round(ring[i + 1]! * gridDownsample * 100) / 100;
      const end = rounded.length;
      if (end === 0 || x !== rounded[end - 2] || y !== rounded[end - 1]) rounded.push(x, y);
    }
    const end = rounded.length;
    if (end > 2 && rounded[0] === rounded[end - 2] && rounded[1] === rounded[end - 1]) {
      rounded.length -= 2;
    }
    (ringArea(rounded) > 0 ? outers : holes).push(rounded);
  }
  return outers.length === 1 ? { outer: outers[0]!, holes } : null;
}
