import type { Ring } from "./geometry.ts";

/** Whole numbers up to here are exact in a double, and so are sums and products below it. */
const EXACT = 2 ** 53;

/** Rounding errors of two products and their difference, as a share of their size. */
const ERROR = 4.5e-16;

/**
 * Which side of the line a→b the point p lies on: a number with the sign of the triangle's area,
 * positive to the right on screen. The sign is exact for whole coordinates up to 2^52.
 */
export function side(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  px: number,
  py: number,
): number {
  const left = (bx - ax) * (py - ay);
  const right = (by - ay) * (px - ax);
  const area = left - right;
  const size = Math.abs(left) + Math.abs(right);
  if (size < EXACT || Math.abs(area) > ERROR * size) return area;
  if (![ax, ay, bx, by, px, py].every(Number.isSafeInteger)) return area;
  const exact =
    (BigInt(bx) - BigInt(ax)) * (BigInt(py) - BigInt(ay)) -
    (BigInt(by) - BigInt(ay)) * (BigInt(px) - BigInt(ax));
  return exact > 0n ? 1 : exact < 0n ? -1 : 0;
}

/** Whether a point of the line a→b lies between its ends, these included. */
export function between(
  ax: number,
  ay: number,
  bx: number,
  by: number,
  px: number,
  py: number,
): boolean {
  return (
    px >= Math.min(ax, bx) &&
    px <= Math.max(ax, bx) &&
    py >= Math.min(ay, by) &&
    py <= Math.max(ay, by)
  );
}

/** Where a point lies: 1 inside the ring, 0 on it, −1 outside. */
export function locateInRing(ring: Ring, x: number, y: number): 1 | 0 | -1 {
  let inside = false;
  const n = ring.length;
  for (let i = 0, j = n - 2; i < n; j = i, i += 2) {
    const ax = ring[j]!;
    const ay = ring[j + 1]!;
    const bx = ring[i]!;
    const by = ring[i + 1]!;
    if (ay > y !== by > y) {
      const d = side(ax, ay, bx, by, x, y);
      if (d === 0) return 0;
      if (d > 0 === by > ay) inside = !inside;
    } else if (side(ax, ay, bx, by, x, y) === 0 && between(ax, ay, bx, by, x, y)) {
      return 0;
    }
  }
  return inside ? 1 : -1;
}
