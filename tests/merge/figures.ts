import { type Canvas, paintLabels } from "./canvas.ts";

/** Whether a pixel, by its place relative to the figure's middle, belongs to the figure. */
type Figure = (dx: number, dy: number) => boolean;

/** Kinds of figures, each of a size that fits into a square of half side `reach`. */
const KINDS: readonly ((random: () => number, reach: number) => Figure)[] = [
  // A wobbly blob.
  (random, reach) => {
    const [phase, wobble] = [6 * random(), 0.25 * random()];
    return (dx, dy) =>
      Math.hypot(dx, dy) < reach * (0.75 + wobble * Math.sin(3 * Math.atan2(dy, dx) + phase));
  },
  // A ring around a hole.
  (random, reach) => {
    const inner = reach * (0.4 + 0.4 * random());
    return (dx, dy) => Math.hypot(dx, dy) < reach && Math.hypot(dx, dy) > inner;
  },
  // A comb: teeth on a spine.
  (random, reach) => {
    const [pitch, spine] = [4 + Math.floor(4 * random()), 3];
    return (dx, dy) =>
      Math.abs(dx) < reach &&
      Math.abs(dy) < reach &&
      (dy < spine - reach || Math.floor(dx + 1000 * pitch) % pitch < 2);
  },
  // A meander: one line that goes to and fro.
  (random, reach) => {
    const pitch = 5 + Math.floor(5 * random());
    return (dx, dy) => {
      if (Math.abs(dx) >= reach || Math.abs(dy) >= reach) return false;
      const along = Math.floor(dx + reach);
      const column = Math.floor(along / pitch);
      if (along % pitch < 2) return true;
      return column % 2 === 0 ? dy > reach - 3 : dy < 3 - reach;
    };
  },
  // A spiral.
  (random, reach) => {
    const [pitch, turn] = [7 + 4 * random(), 6 * random()];
    return (dx, dy) => {
      const r = Math.hypot(dx, dy);
      const turns = r / pitch - (Math.atan2(dy, dx) + turn) / (2 * Math.PI);
      return r < reach && turns - Math.floor(turns) < 0.4;
    };
  },
  // A long thin fibre.
  (random, reach) => {
    const [slope, bend, phase] = [2 * random() - 1, 0.2 * reach * random(), 6 * random()];
    return (dx, dy) =>
      Math.abs(dx) < reach && Math.abs(dy - slope * dx - bend * Math.sin(dx / 15 + phase)) < 2.5;
  },
];

/**
 * Paints figures of all kinds, 4-connected each; they may touch, lie in one another's holes and
 * reach over the canvas's edge, but no two share a pixel.
 */
export function paintFigures(
  random: () => number,
  size: { readonly width: number; readonly height: number },
  count: number,
  [smallest, largest]: readonly [number, number],
): Canvas {
  const { width, height } = size;
  return paintLabels(size, count, (labels) => {
    const reach = smallest + random() * (largest - smallest);
    const [cx, cy] = [random() * width, random() * height];
    const figure = KINDS[Math.floor(random() * KINDS.length)]!(random, reach);
    const free = new Set<number>();
    const [x0, x1] = [Math.max(0, Math.floor(cx - reach)), Math.min(width, cx + reach)];
    const [y0, y1] = [Math.max(0, Math.floor(cy - 2 * reach)), Math.min(height, cy + 2 * reach)];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = y * width + x;
        if (labels[at] === 0 && figure(x + 0.5 - cx, y + 0.5 - cy)) free.add(at);
      }
    }
    return largestConnected(free, width);
  });
}

function largestConnected(pixels: Set<number>, width: number): number[] {
  let largest: number[] = [];
  while (pixels.size > 0) {
    const [start] = pixels;
    pixels.delete(start!);
    const part = [start!];
    for (let i = 0; i < part.length; i++) {
      const at = part[i]!;
      const sideways = [at % width > 0 ? at - 1 : -1, (at + 1) % width > 0 ? at + 1 : -1];
      for (const next of [...sideways, at - width, at + width]) {
        if (pixels.delete(next)) part.push(next);
      }
    }
    if (part.length > largest.length) largest = part;
  }
  return largest;
}
