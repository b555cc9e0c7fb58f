import type { Population } from "./population.ts";
import { liesOver, type Nucleus, radial } from "./shape.ts";

/** The part of a nucleus that is seen: one 4-connected blob of pixels. Frame: slide px at some µm/px. */
export interface VisibleNucleus {
  readonly nucleus: Nucleus;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** 1 seen, 2 inside the outline but covered or cut off, 0 outside; width × height. */
  readonly mask: Uint8Array;
  /** Pixels seen. */
  readonly area: number;
}

/** Less of a nucleus than this seen, and it is not painted at all. */
const LEAST_SHARE = 0.5;
const LEAST_UM2 = 5;

/**
 * The seen part of a nucleus at `mpp` µm/px, or null where too little is seen.
 *
 * A pixel belongs to the nucleus when its centre does. Nuclei that lie over it take their whole
 * outline away; of what is left the largest 4-connected part stays. Follows from the world
 * alone, never from the tile being painted.
 */
export function seenPart(
  nucleus: Nucleus,
  population: Population,
  mpp: number,
): VisibleNucleus | null {
  const { reach } = nucleus;
  const x0 = Math.floor((nucleus.x - reach) / mpp);
  const y0 = Math.floor((nucleus.y - reach) / mpp);
  const width = Math.ceil((nucleus.x + reach) / mpp) - x0 + 1;
  const height = Math.ceil((nucleus.y + reach) / mpp) - y0 + 1;
  const mask = new Uint8Array(width * height);
  const over = uppers(nucleus, population);
  let whole = 0;
  for (let row = 0; row < height; row++) {
    const y = (y0 + row + 0.5) * mpp;
    for (let column = 0; column < width; column++) {
      const x = (x0 + column + 0.5) * mpp;
      if (radial(nucleus, x - nucleus.x, y - nucleus.y) >= 1) continue;
      whole++;
      mask[row * width + column] = isCovered(over, x, y) ? 2 : 1;
    }
  }
  const area = keepLargest(mask, width, height);
  if (area < whole * LEAST_SHARE || area * mpp * mpp < LEAST_UM2) return null;
  return { nucleus, x: x0, y: y0, width, height, mask, area };
}

function uppers(nucleus: Nucleus, population: Population): Nucleus[] {
  const found: Nucleus[] = [];
  for (let r = nucleus.row - 1; r <= nucleus.row + 1; r++) {
    for (let c = nucleus.column - 1; c <= nucleus.column + 1; c++) {
      for (const other of population.cell(c, r)) {
        if (other === nucleus) continue;
        const far = other.reach + nucleus.reach;
        const dx = other.x - nucleus.x;
        const dy = other.y - nucleus.y;
        if (dx * dx + dy * dy < far * far && liesOver(other, nucleus)) found.push(other);
      }
    }
  }
  return found;
}

function isCovered(over: readonly Nucleus[], x: number, y: number): boolean {
  for (const other of over) {
    const dx = x - other.x;
    const dy = y - other.y;
    if (dx * dx + dy * dy < other.reach * other.reach && radial(other, dx, dy) < 1) return true;
  }
  return false;
}

/** Turns every 1 outside the largest 4-connected part into 2; returns that part's size. */
export function keepLargest(mask: Uint8Array, width: number, height: number): number {
  const part = new Int32Array(mask.length);
  const stack: number[] = [];
  let parts = 0;
  let best = 0;
  let bestArea = 0;
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== 1 || part[start] !== 0) continue;
    parts++;
    let area = 0;
    part[start] = parts;
    stack.push(start);
    while (stack.length > 0) {
      const i = stack.pop()!;
      area++;
      const column = i % width;
      if (column > 0) visit(i - 1);
      if (column < width - 1) visit(i + 1);
      if (i >= width) visit(i - width);
      if (i < width * (height - 1)) visit(i + width);
    }
    if (area > bestArea) {
      bestArea = area;
      best = parts;
    }
  }
  if (parts > 1) {
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && part[i] !== best) mask[i] = 2;
  }
  return bestArea;

  function visit(i: number): void {
    if (mask[i] === 1 && part[i] === 0) {
      part[i] = parts;
      stack.push(i);
    }
  }
}
