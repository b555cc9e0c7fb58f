import { cosTurns, sinTurns } from "./math.ts";
import { Noise } from "./noise.ts";
import { hash, hashUnit } from "./random.ts";
import type { Piece } from "./recipe.ts";

/** Where tissue lies on the glass: ellipses bent by harmonics, with a ragged edge and tears. */
export class Outline {
  /** Depth of the last sampled point in the tissue, µm; negative on glass. */
  depth = 0;
  readonly #noise: Noise;
  readonly #pieces: readonly {
    readonly piece: Piece;
    readonly cos: number;
    readonly sin: number;
    readonly waves: readonly number[];
  }[];

  constructor(seed: number, pieces: readonly Piece[] | null) {
    this.#noise = new Noise(hash(seed, 1));
    this.#pieces = (pieces ?? []).map((piece, i) => ({
      piece,
      cos: cosTurns(piece.turn),
      sin: sinTurns(piece.turn),
      waves: [2, 3, 4, 5].flatMap((k) => {
        const turn = hashUnit(seed, i, k, 1);
        const size = (0.16 / k) * (0.4 + hashUnit(seed, i, k, 2));
        return [size * cosTurns(turn), size * sinTurns(turn)];
      }),
    }));
  }

  /** Returns the index of the piece at x, y (µm), −1 where tissue has no end, and sets {@link depth}. */
  sample(x: number, y: number): number {
    if (this.#pieces.length === 0) {
      this.depth = 1e4;
      return -1;
    }
    let best = 0;
    let deepest = -Infinity;
    for (let i = 0; i < this.#pieces.length; i++) {
      const { piece, cos, sin, waves } = this.#pieces[i]!;
      const dx = x - piece.x;
      const dy = y - piece.y;
      const p = (dx * cos + dy * sin) / piece.radiusX;
      const q = (dy * cos - dx * sin) / piece.radiusY;
      const rho = Math.sqrt(p * p + q * q) + 1e-9;
      const c1 = p / rho;
      const s1 = q / rho;
      let [c, s] = [c1, s1];
      let reach = 1;
      for (let k = 0; k < waves.length; k += 2) {
        const next = c * c1 - s * s1;
        s = s * c1 + c * s1;
        c = next;
        reach += waves[k]! * c + waves[k + 1]! * s;
      }
      const depth = (reach - rho) * Math.min(piece.radiusX, piece.radiusY);
      if (depth > deepest) {
        deepest = depth;
        best = i;
      }
    }
    if (deepest > -260 && deepest < 400) {
      const n = this.#noise;
      deepest += 55 * n.octaves(x / 310, y / 310, 2);
      deepest += 9 * n.octaves(x / 43, y / 43 + 13, 2) + 2.2 * n.at(x / 7 + 5, y / 7);
    }
    this.depth = deepest;
    return best;
  }
}
