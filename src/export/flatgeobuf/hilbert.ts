/** Cells a side of the square that the curve fills. */
export const HILBERT_SIDE = 1 << 16;

/**
 * Position of a cell along the Hilbert curve, 0 to 2³² − 1; `x` and `y` are whole, from 0 to 2¹⁶ − 1.
 *
 * Every quadrant, and every quadrant of a quadrant, is one unbroken stretch of the curve. Source: the
 * textbook's walk down the quadrants (H. S. Warren, Hacker's Delight, 2nd ed., chapter 16).
 */
export function hilbertIndex(x: number, y: number): number {
  let index = 0;
  let [left, up] = [x, y];
  for (let side = HILBERT_SIDE >> 1; side > 0; side >>= 1) {
    const right = (left & side) > 0 ? 1 : 0;
    const down = (up & side) > 0 ? 1 : 0;
    index = index * 4 + ((3 * right) ^ down);
    // The quadrant's own curve is turned or mirrored into its place.
    if (down === 0) {
      if (right === 1) {
        left = HILBERT_SIDE - 1 - left;
        up = HILBERT_SIDE - 1 - up;
      }
      [left, up] = [up, left];
    }
  }
  return index;
}
