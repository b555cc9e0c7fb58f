import { breed, type Site } from "./breed.ts";
import { Noise } from "./noise.ts";
import { hash, Random } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { ellipseRadius, type Nucleus, type NucleusKind } from "./shape.ts";
import { emptyFields, type Fields, type Tissue } from "./tissue.ts";

/** Side of a cell of the population grid, µm: more than twice the reach of a nucleus. */
export const CELL = 32;

const DARTS = 130;
const STEP = 0.7;

interface Draft {
  readonly kind: NucleusKind;
  /** Centres keep at least this share of the two radii apart. */
  readonly spacing: number;
  /** And this much more, µm. */
  readonly margin: number;
  /** The field whose gradient gives the axis. */
  readonly field: "gland" | "nest" | "vessel" | "across" | "fat";
  /** Whether the axis runs along the gradient (columnar cells) or across it. */
  readonly radial: boolean;
  /** Depth in that field the centre is drawn to, µm; null to stay. */
  readonly depth: number | null;
}

/**
 * All nuclei of a slide, made cell by cell of a grid and forgotten again.
 *
 * Darts are thrown into a cell in the order of its seed; a dart that lands too near an earlier
 * one is lost. Cells are of four phases (even/odd column × row): a cell looks at neighbours of lower phase only,
 * and two cells of one phase are too far apart to touch. So a cell's nuclei follow from the seed
 * alone, in whatever order cells are asked for.
 */
export class Population {
  readonly #tissue: Tissue;
  readonly #recipe: Recipe;
  readonly #texture: Noise;
  readonly #cells = new Map<number, readonly Nucleus[]>();
  readonly #fields = emptyFields();
  readonly #probe = emptyFields();

  constructor(tissue: Tissue) {
    this.#tissue = tissue;
    this.#recipe = tissue.recipe;
    this.#texture = new Noise(hash(tissue.recipe.seed, 0x90b));
  }

  /** The nuclei whose centres lie in one cell. */
  cell(column: number, row: number): readonly Nucleus[] {
    const key = column * 4194304 + row;
    let nuclei = this.#cells.get(key);
    if (nuclei === undefined) {
      nuclei = this.#fill(column, row);
      // A working set of a few tiles is enough; what is dropped is made again, the same.
      if (this.#cells.size > 12_000) this.#cells.clear();
      this.#cells.set(key, nuclei);
    }
    return nuclei;
  }

  /** The nuclei whose cells meet a box (µm): all that may reach into it when it is grown by MAX_REACH. */
  around(x0: number, y0: number, x1: number, y1: number): Nucleus[] {
    const found: Nucleus[] = [];
    for (let r = Math.floor(y0 / CELL); r <= Math.floor(y1 / CELL); r++) {
      for (let c = Math.floor(x0 / CELL); c <= Math.floor(x1 / CELL); c++) {
        for (const nucleus of this.cell(c, r)) found.push(nucleus);
      }
    }
    return found;
  }

  #fill(column: number, row: number): readonly Nucleus[] {
    const phase = (column & 1) + 2 * (row & 1);
    const settled: Nucleus[] = [];
    for (let r = row - 1; r <= row + 1; r++) {
      for (let c = column - 1; c <= column + 1; c++) {
        if ((c & 1) + 2 * (r & 1) < phase) settled.push(...this.cell(c, r));
      }
    }
    const own: Nucleus[] = [];
    const random = new Random(hash(this.#recipe.seed, 0xce11, column, row));
    for (let i = 0; i < DARTS; i++) {
      const dart = new Random(random.bits());
      const nucleus = this.#throw(dart, column, row, own.length, settled);
      if (nucleus !== null) {
        own.push(nucleus);
        settled.push(nucleus);
      }
    }
    return own;
  }

  #throw(
    random: Random,
    column: number,
    row: number,
    index: number,
    settled: readonly Nucleus[],
  ): Nucleus | null {
    let x = (column + random.unit()) * CELL;
    let y = (row + random.unit()) * CELL;
    const fields = this.#fields;
    this.#tissue.sample(x, y, fields);
    const draft = this.#draft(fields, x, y, random);
    if (draft === null) return null;
    const here = fields[draft.field];
    const kinship = this.#texture.at(x / 61, y / 61 + 19);
    let gx = 1;
    let gy = 0;
    this.#tissue.sample(x + STEP, y, this.#probe);
    const dx = this.#probe[draft.field] - here;
    this.#tissue.sample(x, y + STEP, this.#probe);
    const dy = this.#probe[draft.field] - here;
    const steep = Math.sqrt(dx * dx + dy * dy);
    if (steep > 1e-6) [gx, gy] = [dx / steep, dy / steep];
    if (draft.depth !== null && steep > 0.2 * STEP) {
      const move = ((draft.depth - here) * STEP) / steep;
      x += gx * move;
      y += gy * move;
      if (Math.floor(x / CELL) !== column || Math.floor(y / CELL) !== row) return null;
    }
    const site: Site = {
      column,
      row,
      index,
      x,
      y,
      axisX: draft.radial ? gx : -gy,
      axisY: draft.radial ? gy : gx,
      kinship,
    };
    const nucleus = breed(draft.kind, site, this.#recipe, random);
    for (const other of settled) {
      const ox = other.x - x;
      const oy = other.y - y;
      const square = ox * ox + oy * oy;
      const far = nucleus.long + other.long + draft.margin;
      if (square > far * far) continue;
      const distance = Math.sqrt(square) + 1e-9;
      const radii =
        ellipseRadius(nucleus, ox / distance, oy / distance) +
        ellipseRadius(other, ox / distance, oy / distance);
      if (distance < draft.spacing * radii + draft.margin) return null;
    }
    return nucleus;
  }

  // Lymphocytes stand in tight groups with cracks between: extra distance, µm.
  #crevice(x: number, y: number): number {
    const n = this.#texture.octaves(x / 24 + 33, y / 24 + 8, 2);
    return 0.1 + 2.4 * Math.max(0, n + 0.1);
  }

  #draft(f: Fields, x: number, y: number, random: Random): Draft | null {
    if (f.tissue < 4.5) return null;
    const { nuclei, lymph, stroma } = this.#recipe;
    const roll = random.unit();
    const lone = (kind: NucleusKind, spacing: number, margin: number): Draft => ({
      kind,
      spacing,
      margin,
      field: "across",
      radial: false,
      depth: null,
    });
    if (f.fat > -3) {
      // The flat nucleus of a fat cell or a capillary, in the wall.
      if (f.fat > 0.5 || roll > 0.05) return null;
      return {
        kind: "endothelial",
        spacing: 1.1,
        margin: 2,
        field: "fat",
        radial: false,
        depth: -0.9,
      };
    }
    if (f.vessel > -f.wall) {
      if (f.vessel > 2.5) return roll < 0.004 ? lone("lymphocyte", 1.1, 1) : null;
      const lining = f.vessel > -1.4;
      if (roll > (lining ? 0.4 : 0.12)) return null;
      return {
        kind: lining ? "endothelial" : "spindle",
        spacing: 1,
        margin: lining ? 1.5 : 2.5,
        field: "vessel",
        radial: false,
        depth: lining ? 0.1 : null,
      };
    }
    if (f.nest > 2.2) {
      if (roll < f.necrosis * 0.97) return null;
      if (roll > 1 - lymph.infiltrate * 0.3) return lone("lymphocyte", 1, 0.6);
      const open = 0.5 + 0.5 * this.#texture.at(x / 90 + 7, y / 90);
      const crowd = nuclei.crowding;
      if (random.unit() < nuclei.mitoses * 0.5) return lone("mitosis", 1, 2.2);
      return {
        kind: "tumour",
        spacing: crowd,
        margin: 3.4 * Math.max(0, open - 0.35) * open,
        field: "nest",
        radial: f.nest < 9,
        depth: null,
      };
    }
    if (f.nest > -1.5) return null;
    if (f.gland > 1.5) {
      if (f.gland > f.epithelium - 3) return null;
      if (roll > 1 - lymph.infiltrate * 0.1) return lone("lymphocyte", 1, 0.4);
      const rows = this.#texture.at(x / 75, y / 75 + 3) > 0.2 ? 0.16 : 0.05;
      return {
        kind: "epithelial",
        spacing: 0.9,
        margin: 0.8 * random.unit() * random.unit(),
        field: "gland",
        radial: true,
        depth: 1.2 + f.epithelium * (0.3 + rows * random.normal()),
      };
    }
    if (f.gland > -1.5) return null;
    if (roll < f.lymph * 0.95) {
      const kind = random.weighted([0.82, 0.1, 0.06]);
      return lone(
        (["lymphocyte", "plasma", "macrophage"] as const)[kind]!,
        0.9,
        this.#crevice(x, y),
      );
    }
    // Fibroblasts keep company: many here, few there.
    const company = 0.35 + 2.2 * Math.max(0, this.#texture.octaves(x / 70 + 15, y / 70, 2) + 0.15);
    if (roll < f.lymph * 0.95 + 0.024 * stroma.cells * company) {
      return lone("spindle", 1.08, 0.7);
    }
    if (roll > 1 - 0.012 * (lymph.infiltrate * 6 + f.loose * 0.4)) {
      return lone(random.chance(0.7) ? "lymphocyte" : "macrophage", 1.1, 0.8);
    }
    return null;
  }
}
