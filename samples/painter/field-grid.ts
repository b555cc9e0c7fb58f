import type { Box } from "../../src/geometry.ts";
import { emptyFields, type Fields, type Tissue } from "./tissue.ts";

const NAMES = [
  "tissue",
  "gland",
  "epithelium",
  "mucin",
  "nest",
  "fat",
  "vessel",
  "wall",
  "blood",
  "lymph",
  "necrosis",
  "loose",
  "across",
  "along",
] as const;

/**
 * The tissue's fields on a grid laid over the world, read between its points by bilinear weights.
 *
 * The grid's points lie at whole multiples of `step` µm wherever the region lies, so that two tiles that
 * share a pixel read the same value there.
 */
export class FieldGrid {
  readonly #step: number;
  readonly #column0: number;
  readonly #row0: number;
  readonly #columns: number;
  readonly #planes: readonly Float64Array[];

  constructor(tissue: Tissue, box: Box, mpp: number, step: number) {
    this.#step = step;
    this.#column0 = Math.floor((box.x * mpp) / step) - 1;
    this.#row0 = Math.floor((box.y * mpp) / step) - 1;
    const columns = Math.ceil(((box.x + box.width) * mpp) / step) + 2 - this.#column0;
    const rows = Math.ceil(((box.y + box.height) * mpp) / step) + 2 - this.#row0;
    this.#columns = columns;
    const planes = NAMES.map(() => new Float64Array(columns * rows));
    const fields = emptyFields();
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        tissue.sample((this.#column0 + column) * step, (this.#row0 + row) * step, fields);
        for (let k = 0; k < NAMES.length; k++) planes[k]![i] = fields[NAMES[k]!];
      }
    }
    this.#planes = planes;
  }

  /** Fills `out` with the fields at x, y (µm). */
  read(x: number, y: number, out: Fields): void {
    const gx = x / this.#step - this.#column0;
    const gy = y / this.#step - this.#row0;
    const column = Math.floor(gx);
    const row = Math.floor(gy);
    const tx = gx - column;
    const ty = gy - row;
    const a = row * this.#columns + column;
    const p = this.#planes;
    const step = this.#columns;
    out.tissue = between(p[0]!, a, step, tx, ty);
    out.gland = between(p[1]!, a, step, tx, ty);
    out.epithelium = between(p[2]!, a, step, tx, ty);
    out.mucin = between(p[3]!, a, step, tx, ty);
    out.nest = between(p[4]!, a, step, tx, ty);
    out.fat = between(p[5]!, a, step, tx, ty);
    out.vessel = between(p[6]!, a, step, tx, ty);
    out.wall = between(p[7]!, a, step, tx, ty);
    out.blood = between(p[8]!, a, step, tx, ty);
    out.lymph = between(p[9]!, a, step, tx, ty);
    out.necrosis = between(p[10]!, a, step, tx, ty);
    out.loose = between(p[11]!, a, step, tx, ty);
    out.across = between(p[12]!, a, step, tx, ty);
    out.along = between(p[13]!, a, step, tx, ty);
  }
}

// A function of its own, not a closure: this runs for every pixel and field.
function between(plane: Float64Array, a: number, step: number, tx: number, ty: number): number {
  const top = plane[a]! + (plane[a + 1]! - plane[a]!) * tx;
  const bottom = plane[a + step]! + (plane[a + step + 1]! - plane[a + step]!) * tx;
  return top + (bottom - top) * ty;
}
