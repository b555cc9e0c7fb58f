/** Coordinates are kept in hundredths of a level-0 pixel: exact for what an export holds, four bytes each. */
export const UNITS_PER_PIXEL = 100;

/**
 * The rings of one object: ring r has points pointsOf[r] … pointsOf[r+1]; point p is coordinates[2p],
 * coordinates[2p+1], in hundredths of a level-0 px. Rings do not repeat their first point. Outer rings run
 * clockwise on screen (positive area), holes the other way; a hole follows its outer ring.
 */
export interface Outline {
  readonly coordinates: ArrayLike<number>;
  readonly pointsOf: ArrayLike<number>;
}

/** Twice the signed area of points [from, to): positive when clockwise on screen. Square units. */
function twiceArea(coordinates: ArrayLike<number>, from: number, to: number): number {
  if (to - from < 3) return 0;
  // Relative to the first point: the products of far-away hundredths would lose their last digits.
  const originX = coordinates[2 * from]!;
  const originY = coordinates[2 * from + 1]!;
  let sum = 0;
  let lastX = coordinates[2 * (to - 1)]! - originX;
  let lastY = coordinates[2 * (to - 1) + 1]! - originY;
  for (let p = from; p < to; p++) {
    const x = coordinates[2 * p]! - originX;
    const y = coordinates[2 * p + 1]! - originY;
    sum += lastX * y - x * lastY;
    lastX = x;
    lastY = y;
  }
  return sum;
}

/** A ring's numbers in the direction of an outer ring, or of a hole. */
export function turned(units: readonly number[], outer: boolean): readonly number[] {
  const points = units.length / 2;
  if (twiceArea(units, 0, points) < 0 !== outer) return units;
  return Array.from({ length: units.length }, (_, i) => units[units.length - 2 - i + 2 * (i % 2)]!);
}

/** Area of an object with its holes taken off, in level-0 px². */
export function outlineArea({ coordinates, pointsOf }: Outline): number {
  let twice = 0;
  for (let r = 0; r + 1 < pointsOf.length; r++) {
    twice += twiceArea(coordinates, pointsOf[r]!, pointsOf[r + 1]!);
  }
  return twice / 2 / UNITS_PER_PIXEL ** 2;
}

/** True when the point (hundredths of a level-0 px) is inside the object and not in a hole. */
export function outlineHolds({ coordinates, pointsOf }: Outline, x: number, y: number): boolean {
  let inside = false;
  for (let r = 0; r + 1 < pointsOf.length; r++) {
    const from = pointsOf[r]!;
    const to = pointsOf[r + 1]!;
    for (let p = from, q = to - 1; p < to; q = p++) {
      const py = coordinates[2 * p + 1]!;
      const qy = coordinates[2 * q + 1]!;
      if (py > y === qy > y) continue;
      const px = coordinates[2 * p]!;
      const qx = coordinates[2 * q]!;
      if (x < ((qx - px) * (y - py)) / (qy - py) + px) inside = !inside;
    }
  }
  return inside;
}

/** An outline's polygons as the server answers them: closed rings, the outer one first. */
export function polygonsOf({ coordinates, pointsOf }: Outline): (readonly [number, number])[][][] {
  const polygons: (readonly [number, number])[][][] = [];
  for (let r = 0; r + 1 < pointsOf.length; r++) {
    const from = pointsOf[r]!;
    const to = pointsOf[r + 1]!;
    const ring: (readonly [number, number])[] = [];
    for (let p = from; p <= to; p++) {
      const q = p === to ? from : p;
      ring.push([coordinates[2 * q]! / UNITS_PER_PIXEL, coordinates[2 * q + 1]! / UNITS_PER_PIXEL]);
    }
    const isHole = polygons.length > 0 && twiceArea(coordinates, from, to) < 0;
    if (isHole) polygons.at(-1)!.push(ring);
    else polygons.push([ring]);
  }
  return polygons;
}
