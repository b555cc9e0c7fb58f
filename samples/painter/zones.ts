import { Noise } from "./noise.ts";
import { hash, hashUnit } from "./random.ts";

/**
 * Which kind of tissue prevails where: a warped Voronoi map, one kind a cell.
 *
 * Kinds are indices into the weights they are drawn by.
 */
export class ZoneMap {
  readonly #seed: number;
  readonly #pitch: number;
  readonly #bounds: readonly number[];
  readonly #noise: Noise;

  constructor(seed: number, pitch: number, weights: readonly number[]) {
    this.#seed = seed;
    this.#pitch = pitch;
    this.#noise = new Noise(hash(seed, 0x20e5));
    let total = 0;
    for (const w of weights) total += w;
    let sum = 0;
    this.#bounds = weights.map((w) => {
      sum += w;
      return sum / total;
    });
  }

  /** The kind at x, y (µm). */
  kindAt(x: number, y: number): number {
    return this.#find(x, y, -1)[0];
  }

  /** 1 deep inside a zone of the kind, 0 outside, a ramp of `width` µm at its border. */
  nearness(x: number, y: number, kind: number, width: number): number {
    const [, own, other] = this.#find(x, y, kind);
    const t = (other - own) / (2 * width) + 0.5;
    return t < 0 ? 0 : t > 1 ? 1 : t;
  }

  // Kind of the nearest centre, distance to the nearest centre of `kind`, and to the nearest of any other.
  #find(x: number, y: number, kind: number): [number, number, number] {
    const pitch = this.#pitch;
    const warp = 0.6 * pitch;
    const scale = 1 / (0.8 * pitch);
    const wx = x + warp * this.#noise.octaves(x * scale, y * scale, 4);
    const wy = y + warp * this.#noise.octaves(x * scale + 37.7, y * scale + 11.3, 4);
    const column = Math.floor(wx / pitch);
    const row = Math.floor(wy / pitch);
    let nearest = Infinity;
    let nearestKind = 0;
    let own = Infinity;
    let other = Infinity;
    for (let r = row - 1; r <= row + 1; r++) {
      for (let c = column - 1; c <= column + 1; c++) {
        const bits = hash(this.#seed, c, r, 7);
        const dx = (c + 0.5 + 0.66 * (hashUnit(bits, 1) - 0.5)) * pitch - wx;
        const dy = (r + 0.5 + 0.66 * (hashUnit(bits, 2) - 0.5)) * pitch - wy;
        const distance = Math.sqrt(dx * dx + dy * dy);
        const drawn = hashUnit(bits, 3);
        let k = 0;
        while (k < this.#bounds.length - 1 && drawn >= this.#bounds[k]!) k++;
        if (distance < nearest) {
          nearest = distance;
          nearestKind = k;
        }
        if (k === kind) own = Math.min(own, distance);
        else other = Math.min(other, distance);
      }
    }
    return [nearestKind, Math.min(own, 1e6), Math.min(other, 1e6)];
  }
}
