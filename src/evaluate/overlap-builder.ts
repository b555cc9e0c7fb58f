import { MicrotomeError } from "../errors.ts";
import type { OverlapTable } from "./overlap.ts";

// Two object numbers in one exact double: 2^26 objects a side.
const SIDE = 2 ** 26;

/** Gathers an {@link OverlapTable} run by run; memory grows with objects and pairs, never with pixels. */
export class OverlapBuilder {
  predUnion = 0;
  truthUnion = 0;
  common = 0;
  readonly #pred = new SideBuilder();
  readonly #truth = new SideBuilder();
  readonly #pairs = new Map<number, number>();

  /** Adds pixels to a predicted object, and answers its number. */
  addPred(id: number, pixels: number): number {
    return this.#pred.add(id, pixels);
  }

  /** Adds pixels to a true object, and answers its number. */
  addTruth(id: number, pixels: number): number {
    return this.#truth.add(id, pixels);
  }

  /** Adds shared pixels to a pair of numbers (not ids). */
  addPair(pred: number, truth: number, pixels: number): void {
    const key = truth * SIDE + pred;
    this.#pairs.set(key, (this.#pairs.get(key) ?? 0) + pixels);
  }

  finish(): OverlapTable {
    const keys = Float64Array.from(this.#pairs.keys()).sort();
    const pairs = {
      pred: new Uint32Array(keys.length),
      truth: new Uint32Array(keys.length),
      pixels: new Float64Array(keys.length),
    };
    keys.forEach((key, i) => {
      pairs.pred[i] = key % SIDE;
      pairs.truth[i] = Math.floor(key / SIDE);
      pairs.pixels[i] = this.#pairs.get(key)!;
    });
    return {
      predAreas: Float64Array.from(this.#pred.areas),
      truthAreas: Float64Array.from(this.#truth.areas),
      predIds: this.#pred.ids,
      truthIds: this.#truth.ids,
      pairs,
      predUnion: this.predUnion,
      truthUnion: this.truthUnion,
      common: this.common,
    };
  }
}

class SideBuilder {
  readonly ids: number[] = [];
  readonly areas: number[] = [];
  readonly #numbers = new Map<number, number>();

  add(id: number, pixels: number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) {
      this.areas[known] = this.areas[known]! + pixels;
      return known;
    }
    const number = this.ids.length;
    if (number >= SIDE) {
      throw new MicrotomeError(
        "usage",
        `More than ${SIDE} objects on one side; score parts apart.`,
      );
    }
    this.#numbers.set(id, number);
    this.ids.push(id);
    this.areas.push(pixels);
    return number;
  }
}
