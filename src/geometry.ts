/**
 * The plain shapes every room shares.
 *
 * Frames. Coordinates are **level-0 pixels** (x right, y down, the pixel (0,0) covers [0,1)×[0,1))
 * unless a name says otherwise: `level` (a level's own pixels), `grid` (the pixels of the
 * task's scale, on which patches are cut: see docs/architecture.md) or `patch` (a patch's pixels).
 */

/** Width and height, in pixels of the frame that holds it. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A position, in pixels of the frame that holds it. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An axis-aligned box: covers [x, x+width) × [y, y+height), in pixels of the frame that holds it. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A closed ring without the repeated first point: x0, y0, x1, y1, … */
export type Ring = readonly number[];

/** One outer ring and any number of holes. OGC-valid; outer rings run clockwise on screen (y down). */
export interface Polygon {
  readonly outer: Ring;
  readonly holes: readonly Ring[];
}

/** The common part of two boxes, or null where they share no area. */
export function intersectBoxes(a: Box, b: Box): Box | null {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The smallest box that covers both. */
export function uniteBoxes(a: Box, b: Box): Box {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** Signed area of a ring by the shoelace formula, in square pixels; positive when clockwise on screen. */
export function ringArea(ring: Ring): number {
  let twice = 0;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    twice += ring[j]! * ring[i + 1]! - ring[i]! * ring[j + 1]!;
  }
  return twice / 2;
}

/** Area of a polygon, holes taken off, in square pixels. */
export function polygonArea(polygon: Polygon): number {
  let area = Math.abs(ringArea(polygon.outer));
  for (const hole of polygon.holes) area -= Math.abs(ringArea(hole));
  return area;
}

/** The tight box of a ring. */
export function ringBox(ring: Ring): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < ring.length; i += 2) {
    x0 = Math.min(x0, ring[i]!);
    x1 = Math.max(x1, ring[i]!);
    y0 = Math.min(y0, ring[i + 1]!);
    y1 = Math.max(y1, ring[i + 1]!);
  }
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
