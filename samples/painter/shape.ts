/** What a nucleus belongs to. */
export type NucleusKind =
  | "tumour"
  | "mitosis"
  | "epithelial"
  | "lymphocyte"
  | "plasma"
  | "macrophage"
  | "spindle"
  | "endothelial";

/** A nucleus of the painted world: place, outline and looks. Lengths in µm. */
export interface Nucleus {
  /** Cell of the population grid, and the number in it: together its name. */
  readonly column: number;
  readonly row: number;
  readonly index: number;
  readonly kind: NucleusKind;
  readonly x: number;
  readonly y: number;
  /** Half lengths along and across the axis. */
  readonly long: number;
  readonly short: number;
  /** Unit vector of the long axis. */
  readonly axisX: number;
  readonly axisY: number;
  /** Curvature of the long axis: offset across, in half widths, at its end. */
  readonly bend: number;
  /** cos and sin amplitudes of the outline's harmonics 2, 3, 4, 5. */
  readonly waves: readonly number[];
  /** No part is farther from x, y than this. */
  readonly reach: number;
  /** Higher lies over lower. */
  readonly order: number;
  /** 32 random bits for its texture. */
  readonly bits: number;
  /** Hematoxylin in the body, optical density. */
  readonly density: number;
  /** 0 evenly dark, 1 pale with a sharp membrane. */
  readonly vesicular: number;
  /** Coarseness of chromatin, 0..1. */
  readonly clumps: number;
  /** x, y, radius of each nucleolus in the frame of the axes, µm. */
  readonly nucleoli: readonly number[];
  /** Half width of its soft edge, µm: how far out of focus it lies. */
  readonly softness: number;
}

/** Whether a lies over b: a strict order, the same everywhere. */
export function liesOver(a: Nucleus, b: Nucleus): boolean {
  if (a.order !== b.order) return a.order > b.order;
  if (a.row !== b.row) return a.row > b.row;
  if (a.column !== b.column) return a.column > b.column;
  return a.index > b.index;
}

/** Radial position of a point at dx, dy (µm) from the centre: 0 at the centre, 1 on the outline. */
export function radial(n: Nucleus, dx: number, dy: number): number {
  const u = (dx * n.axisX + dy * n.axisY) / n.long;
  const v = (dy * n.axisX - dx * n.axisY) / n.short - n.bend * (u * u - 0.4);
  const rho = Math.sqrt(u * u + v * v);
  if (rho < 1e-6) return 0;
  const c1 = u / rho;
  const s1 = v / rho;
  const c2 = c1 * c1 - s1 * s1;
  const s2 = 2 * c1 * s1;
  const c3 = c2 * c1 - s2 * s1;
  const s3 = s2 * c1 + c2 * s1;
  const c4 = c2 * c2 - s2 * s2;
  const s4 = 2 * c2 * s2;
  const c5 = c4 * c1 - s4 * s1;
  const s5 = s4 * c1 + c4 * s1;
  const w = n.waves;
  const edge =
    1 +
    w[0]! * c2 +
    w[1]! * s2 +
    w[2]! * c3 +
    w[3]! * s3 +
    w[4]! * c4 +
    w[5]! * s4 +
    w[6]! * c5 +
    w[7]! * s5;
  return rho / edge;
}

/** Distance from the centre to the plain ellipse in direction dx, dy (a unit vector), µm. */
export function ellipseRadius(n: Nucleus, dx: number, dy: number): number {
  const u = (dx * n.axisX + dy * n.axisY) / n.long;
  const v = (dy * n.axisX - dx * n.axisY) / n.short;
  return 1 / Math.sqrt(u * u + v * v);
}
