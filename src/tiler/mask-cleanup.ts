import type { Size } from "../geometry.ts";

/** Which components of a mask are turned over. */
export interface DropRule {
  /** Components of cells with this value are looked at; 4-connected. */
  readonly value: 0 | 1;
  /** Those with fewer cells than this go. */
  readonly least: number;
  /** Those that touch the border stay. */
  readonly keepBorder?: boolean;
  /** Only these cells of a component count towards `least`; all of them where left out. */
  readonly counted?: Uint8Array;
}

/** Turns components of cells that are too small into the other value; in place. */
export function dropSmall(mask: Uint8Array, grid: Size, rule: DropRule): void {
  const { width, height } = grid;
  const { value, least, keepBorder = false, counted } = rule;
  const seen = new Uint8Array(mask.length);
  const list = new Uint32Array(mask.length);
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] !== value || seen[seed] === 1) continue;
    // Never cleared below `count`: it ends up listing the component.
    let count = 1;
    let border = false;
    let weight = 0;
    list[0] = seed;
    seen[seed] = 1;
    for (let next = 0; next < count; next++) {
      const at = list[next]!;
      const x = at % width;
      if (!counted || counted[at] === 1) weight++;
      if (x > 0) {
        if (mask[at - 1] === value && seen[at - 1] === 0) {
          seen[at - 1] = 1;
          list[count++] = at - 1;
        }
      } else border = true;
      if (x < width - 1) {
        if (mask[at + 1] === value && seen[at + 1] === 0) {
          seen[at + 1] = 1;
          list[count++] = at + 1;
        }
      } else border = true;
      const up = at - width;
      if (up >= 0) {
        if (mask[up] === value && seen[up] === 0) {
          seen[up] = 1;
          list[count++] = up;
        }
      } else border = true;
      const down = at + width;
      if (down < width * height) {
        if (mask[down] === value && seen[down] === 0) {
          seen[down] = 1;
          list[count++] = down;
        }
      } else border = true;
    }
    if (weight >= least || (keepBorder && border)) continue;
    for (let i = 0; i < count; i++) mask[list[i]!] = 1 - value;
  }
}

/** A new mask with every 1 grown to the square of `radius` cells around it. */
export function dilate(mask: Uint8Array, grid: Size, radius: number): Uint8Array {
  return spread(mask, grid, radius, 1);
}

/** A new mask whose gaps up to 2 × `radius` cells are bridged, as if there were glass beyond the border. */
export function close(mask: Uint8Array, grid: Size, radius: number): Uint8Array {
  const { width, height } = grid;
  const padded = { width: width + 2 * radius, height: height + 2 * radius };
  const roomy = new Uint8Array(padded.width * padded.height);
  const rowIn = (y: number) => (y + radius) * padded.width + radius;
  for (let y = 0; y < height; y++) {
    roomy.set(mask.subarray(y * width, (y + 1) * width), rowIn(y));
  }
  const bridged = spread(spread(roomy, padded, radius, 1), padded, radius, 0);
  const closed = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    closed.set(bridged.subarray(rowIn(y), rowIn(y) + width), y * width);
  }
  return closed;
}

/** Grows every cell of `value` to the square of `radius` cells around it, by columns and then by rows. */
function spread(mask: Uint8Array, grid: Size, radius: number, value: 0 | 1): Uint8Array {
  const { width, height } = grid;
  const wide = new Uint8Array(mask.length).fill(1 - value);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let filled = 0;
    for (let x = 0; x < width; x++) {
      if (mask[row + x] !== value) continue;
      const to = Math.min(width, x + radius + 1);
      wide.fill(value, row + Math.max(filled, x - radius), row + to);
      filled = to;
    }
  }
  const grown = new Uint8Array(mask.length).fill(1 - value);
  // For every column the row up to which it is filled.
  const filled = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const to = Math.min(height, y + radius + 1);
    for (let x = 0; x < width; x++) {
      if (wide[row + x] !== value) continue;
      for (let j = Math.max(filled[x]!, y - radius); j < to; j++) grown[j * width + x] = value;
      filled[x] = to;
    }
  }
  return grown;
}
