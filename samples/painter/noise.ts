import { cosTurns, sinTurns } from "./math.ts";
import { Random } from "./random.ts";

const SIDE = 256;
const WRAP = SIDE - 1;

/**
 * Coherent noise in the plane (gradient noise, Perlin 1985, with the quintic fade of 2002).
 *
 * The gradients come from a table of 256 × 256, so the pattern repeats after 256 wavelengths.
 */
export class Noise {
  readonly #gx = new Float64Array(SIDE * SIDE);
  readonly #gy = new Float64Array(SIDE * SIDE);

  constructor(seed: number) {
    const random = new Random(seed);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const turn = random.unit();
      this.#gx[i] = cosTurns(turn);
      this.#gy[i] = sinTurns(turn);
    }
  }

  /** Value at x, y in wavelengths; about −0.7 … 0.7, scaled to about −1 … 1. */
  at(x: number, y: number): number {
    const xf = Math.floor(x);
    const yf = Math.floor(y);
    const dx = x - xf;
    const dy = y - yf;
    const x0 = xf & WRAP;
    const x1 = (x0 + 1) & WRAP;
    const y0 = (yf & WRAP) * SIDE;
    const y1 = (y0 + SIDE) & (SIDE * SIDE - 1);
    const gx = this.#gx;
    const gy = this.#gy;
    const a = gx[y0 + x0]! * dx + gy[y0 + x0]! * dy;
    const b = gx[y0 + x1]! * (dx - 1) + gy[y0 + x1]! * dy;
    const c = gx[y1 + x0]! * dx + gy[y1 + x0]! * (dy - 1);
    const d = gx[y1 + x1]! * (dx - 1) + gy[y1 + x1]! * (dy - 1);
    const u = dx * dx * dx * (dx * (dx * 6 - 15) + 10);
    const v = dy * dy * dy * (dy * (dy * 6 - 15) + 10);
    const top = a + (b - a) * u;
    return 1.45 * (top + (c + (d - c) * u - top) * v);
  }

  /** Sum of octaves, each twice as fine and half as strong, turned so that the lattices do not line up. */
  octaves(x: number, y: number, count: number): number {
    let sum = 0;
    let strength = 1;
    let total = 0;
    for (let i = 0; i < count; i++) {
      sum += strength * this.at(x, y);
      total += strength;
      const turned = 1.6 * x - 1.2 * y + 17.31;
      y = 1.2 * x + 1.6 * y + 5.77;
      x = turned;
      strength *= 0.5;
    }
    return sum / total;
  }
}
