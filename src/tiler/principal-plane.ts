import type { Triple } from "../stain.ts";

/** Sweeps of Jacobi's method; a symmetric 3 × 3 matrix needs about six. */
const SWEEPS = 20;

/**
 * The two directions in which points of three coordinates (x, y, z, x, …) vary most, of unit length,
 * the larger first; each with a positive first coordinate. Eigenvectors of the covariance by
 * Jacobi's method.
 */
export function principalPlane(points: Float64Array): [Triple, Triple] {
  const count = points.length / 3;
  const mean = [0, 0, 0];
  for (let p = 0; p < points.length; p++) mean[p % 3]! += points[p]!;
  for (let c = 0; c < 3; c++) mean[c]! /= count;
  const m = [0, 1, 2].map(() => [0, 0, 0]);
  for (let p = 0; p < points.length; p += 3) {
    for (let i = 0; i < 3; i++) {
      const a = points[p + i]! - mean[i]!;
      for (let j = i; j < 3; j++) m[i]![j]! += a * (points[p + j]! - mean[j]!);
    }
  }
  for (let i = 0; i < 3; i++) for (let j = 0; j < i; j++) m[i]![j] = m[j]![i]!;
  const axes = diagonalise(m);
  const order = [0, 1, 2].sort((i, j) => m[j]![j]! - m[i]![i]!);
  const axis = (rank: number): Triple => {
    const v = axes.map((row) => row[order[rank]!]!);
    const sign = v[0]! < 0 ? -1 : 1;
    return v.map((value) => sign * value) as unknown as Triple;
  };
  return [axis(0), axis(1)];
}

/** Turns a symmetric matrix into a diagonal one, in place; returns the eigenvectors as columns. */
function diagonalise(m: number[][]): number[][] {
  const v = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      if (m[p]![q] === 0) continue;
      const theta = (m[q]![q]! - m[p]![p]!) / (2 * m[p]![q]!);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const s = t * c;
      for (let k = 0; k < 3; k++) {
        const [a, b] = [m[k]![p]!, m[k]![q]!];
        m[k]![p] = c * a - s * b;
        m[k]![q] = s * a + c * b;
      }
      for (let k = 0; k < 3; k++) {
        const [a, b] = [m[p]![k]!, m[q]![k]!];
        m[p]![k] = c * a - s * b;
        m[q]![k] = s * a + c * b;
        const [x, y] = [v[k]![p]!, v[k]![q]!];
        v[k]![p] = c * x - s * y;
        v[k]![q] = s * x + c * y;
      }
    }
  }
  return v;
}
