import type { Size } from "../geometry.ts";

/**
 * Turns components of cells valued `value` that have fewer than `least` cells into the other value;
 * in place. Components are 4-connected. With `keepBorder`, those that touch the border stay.
 */
export function dropSmall(
  mask: Uint8Array,
  grid: Size,
  value: 0 | 1,
  least: number,
  keepBorder: boolean,
): void {
  const { width, height } = grid;
  const seen = new Uint8Array(mask.length);
  const stack = new Uint32Array(mask.length);
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] !== value || seen[seed]) continue;
    // The stack is never cleared below `count`: it ends up listing the component.
    let count = 1;
    let border = false;
    stack[0] = seed;
    seen[seed] = 1;
    for (let next = 0; next < count; next++) {
      const at = stack[next]!;
      const x = at % width;
      const y = (at - x) / width;
      border ||= x === 0 || y === 0 || x === width - 1 || y === height - 1;
      const visit = (neighbour: number) => {
        if (mask[neighbour] !== value || seen[neighbour]) return;
        seen[neighbour] = 1;
        stack[count++] = neighbour;
      };
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
      if (y > 0) visit(at - width);
      if (y < height - 1) visit(at + width);
    }
    if (count >= least || (keepBorder && border)) continue;
    for (let i = 0; i < count; i++) mask[stack[i]!] = 1 - value;
  }
}

/** A new mask with every 1 grown to the square of `radius` cells around it. */
export function dilate(mask: Uint8Array, grid: Size, radius: number): Uint8Array {
  const { width, height } = grid;
  const wide = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      const from = Math.max(0, x - radius);
      const to = Math.min(width, x + radius + 1);
      wide.fill(1, y * width + from, y * width + to);
    }
  }
  const grown = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let dy = Math.max(0, y - radius); dy < Math.min(height, y + radius + 1); dy++) {
      for (let x = 0; x < width; x++) {
        if (wide[y * width + x]) grown[dy * width + x] = 1;
      }
    }
  }
  return grown;
}
