import type { Canvas } from "./canvas.ts";
import type { FieldGrid } from "./field-grid.ts";
import { bell, clamp, mix, smoothstep } from "./math.ts";
import { FAR, type Neighbourhood } from "./neighbourhood.ts";
import { Noise } from "./noise.ts";
import { hash, hashUnit } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import type { Nucleus } from "./shape.ts";
import { emptyFields, type Fields } from "./tissue.ts";

/** Paints all that is not a nucleus: fibres, cytoplasm, lumina, fat, blood, necrosis, glass. */
export class GroundPainter {
  readonly #recipe: Recipe;
  readonly #fibre: Noise;
  readonly #grain: Noise;
  readonly #patch: Noise;
  #h = 0;
  #e = 0;
  #r = 0;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
    this.#fibre = new Noise(hash(recipe.seed, 0x6a, 1));
    this.#grain = new Noise(hash(recipe.seed, 0x6a, 2));
    this.#patch = new Noise(hash(recipe.seed, 0x6a, 3));
  }

  /** Fills the canvas. Without a neighbourhood nuclei are not drawn later: their mean darkness is added. */
  paint(
    canvas: Canvas,
    grid: FieldGrid,
    near: Neighbourhood | null,
    nuclei: readonly Nucleus[],
  ): void {
    const { box, mpp } = canvas;
    const fields = emptyFields();
    for (let row = 0, i = 0; row < box.height; row++) {
      const y = (box.y + row + 0.5) * mpp;
      for (let column = 0; column < box.width; column++, i++) {
        const x = (box.x + column + 0.5) * mpp;
        grid.read(x, y, fields);
        if (fields.tissue < -mpp) continue;
        const close = near === null ? FAR : near.nearest[i]!;
        const lead = near === null ? FAR : near.lead[i]!;
        const owner = near === null ? -1 : near.owner[i]!;
        this.#point(x, y, mpp, fields, close, lead, owner < 0 ? null : nuclei[owner]!);
        if (near === null) this.#h += this.#meanNuclei(x, y, fields);
        const there = smoothstep(-0.5 * mpp - 0.2, 0.5 * mpp + 0.2, fields.tissue);
        const rim = there * (1 + 0.3 * bell(fields.tissue - 1.5, 2.5));
        const mottle = Math.max(0.3, 1 + this.#recipe.texture * this.#mottle(x, y, mpp));
        canvas.hematoxylin[i] = Math.max(0, this.#h) * there * mottle;
        canvas.eosin[i] = Math.max(0, this.#e) * rim * mottle;
        if (this.#recipe.pigment > 0) {
          canvas.pigment[i] = there * this.#granules(x, y, fields, close);
        }
        canvas.redCells[i] = Math.max(0, this.#r) * there;
      }
    }
  }

  // Hematoxylin of nuclei too small to draw, grainy as they are.
  #meanNuclei(x: number, y: number, f: Fields): number {
    if (f.fat > 0 || f.vessel > 0) return 0;
    const grain = Math.max(0, 1 + 0.9 * this.#grain.at(x / 9 + 3, y / 9));
    if (f.nest > 0) return 0.26 * grain * (1 - f.necrosis);
    if (f.gland > 0) return f.gland < f.epithelium ? 0.3 * grain * (1 - f.gland / f.epithelium) : 0;
    return grain * (0.02 + 0.36 * f.lymph);
  }

  // Brown granules in a few places of the stroma: dark spots that are no nuclei.
  #granules(x: number, y: number, f: Fields, close: number): number {
    if (f.nest > 0 || f.gland > 0 || f.fat > -1 || f.vessel > -1 || close < 0) return 0;
    const place = smoothstep(0.44, 0.6, this.#patch.octaves(x / 38 + 91, y / 38 + 20, 2));
    if (place <= 0) return 0;
    const spot = smoothstep(0.26, 0.5, this.#grain.at(x / 1.2 + 60, y / 1.2 + 44));
    return this.#recipe.pigment * place * (0.08 + 0.75 * spot);
  }

  // Sections are not evenly thick, and nothing in them is even: three sizes of unevenness.
  #mottle(x: number, y: number, mpp: number): number {
    const large = 0.16 * this.#patch.at(x / 31 + 17, y / 31);
    const middle = 0.2 * this.#grain.at(x / 5.3, y / 5.3 + 71);
    if (mpp > 0.7) return large + middle;
    return (
      large + middle + 0.26 * this.#grain.at((0.8 * x - 0.6 * y) / 1.25, (0.6 * x + 0.8 * y) / 1.25)
    );
  }

  #point(
    x: number,
    y: number,
    mpp: number,
    f: Fields,
    close: number,
    lead: number,
    owner: Nucleus | null,
  ): void {
    const edge = 0.25 + 0.5 * mpp;
    this.#r = 0;
    const fine = mpp < 0.7 ? this.#grain.at(x / 0.9, y / 0.9) : 0;
    const coarse = this.#grain.at(x / 2.7 + 13, y / 2.7);
    const solid = Math.max(f.gland, f.nest);
    if (solid < edge) this.#stroma(x, y, mpp, f, close, lead, fine, coarse);
    else {
      this.#h = 0;
      this.#e = 0;
    }
    if (f.vessel > -f.wall - edge) this.#vessel(x, y, f, edge, fine);
    if (f.fat > -2.5) this.#fat(x, y, f, edge, coarse);
    if (f.gland > -2) this.#gland(x, y, f, edge, fine, coarse, close, lead, owner);
    if (f.nest > -4) this.#nest(x, y, f, edge, fine, coarse, close, lead, owner);
    if (owner !== null && owner.kind === "plasma" && close < 3.5) {
      // The cytoplasm of a plasma cell lies to one side of its nucleus.
      const side = ((x - owner.x) * owner.axisX + (y - owner.y) * owner.axisY) / owner.long;
      const body = smoothstep(3.2, 2.2, close - 0.9 * side) * smoothstep(0.2, 0.9, lead);
      this.#h = mix(this.#h, 0.24, 0.8 * body);
      this.#e = mix(this.#e, 0.3, 0.8 * body);
    }
  }

  #stroma(
    x: number,
    y: number,
    mpp: number,
    f: Fields,
    close: number,
    lead: number,
    fine: number,
    coarse: number,
  ): void {
    const { stroma } = this.#recipe;
    const n = this.#fibre;
    const { across, along } = f;
    const bundle = n.at(across / 8.7, along / 80);
    const fibre = n.at(across / 2.6 + 9, along / 34 + 3);
    const strand = mpp < 0.7 ? n.at(across / 1.05 + 50, along / 15) : 0;
    const crack = n.at(across / 7.1 + 31, along / 52 + 7);
    const open = this.#patch.octaves(x / 52, y / 52, 2);
    const width = 0.16 * stroma.clefts * smoothstep(-0.45, 0.6, open + 0.25 * f.loose);
    const cleft =
      smoothstep(width + 0.03, width * 0.35, Math.abs(crack)) * smoothstep(0.02, 0.06, width);
    const dark = smoothstep(0.35, 0.75, n.at(across / 4.3 + 77, along / 66 + 12));
    const dense =
      stroma.eosin * Math.max(0.2, 0.94 + 0.5 * bundle + 0.38 * fibre + 0.32 * strand + 0.4 * dark);
    // Loose tissue: thin fibrils in a pale ground.
    const fibril =
      smoothstep(0.16, 0, Math.abs(fibre + 0.3 * strand)) +
      0.6 * smoothstep(0.1, 0, Math.abs(bundle));
    const holes = smoothstep(0.25, 0.5, this.#patch.at(x / 9.5 + 70, y / 9.5) + 0.25 * open);
    const airy =
      stroma.eosin *
      (0.22 + 0.55 * fibril * (0.6 + 0.4 * coarse) + 0.1 * coarse) *
      (1 - 0.85 * holes);
    const loose = clamp(f.loose, 0, 1);
    let e = mix(dense, airy, loose);
    let h =
      stroma.blue * (0.7 + 0.5 * coarse + 0.3 * fine) * (1 + loose * 0.5) * (1 - loose * holes);
    if (f.lymph > 0.02) {
      // Among lymphocytes: thin pale cytoplasm, white gaps, some reticulin.
      const gap = smoothstep(0.5, 1.6, close + 0.7 * coarse + 0.6 * open);
      const cell = mix(0.2 + 0.05 * fine, 0.05 + 0.12 * fibril, gap);
      e = mix(e, cell, f.lymph * 0.85);
      h = mix(h, 0.1 * (1 - gap), f.lymph);
    }
    // A narrow clear rim where a cell has shrunk from its surroundings.
    const shrink =
      bell(close - 0.75, 0.5) * smoothstep(0.05, 0.45, open + 0.2) * smoothstep(0, 0.8, lead);
    const left = (1 - 0.92 * cleft * (1 - 0.6 * f.lymph)) * (1 - 0.6 * shrink);
    this.#e = e * left;
    this.#h = h * left;
  }

  #vessel(x: number, y: number, f: Fields, edge: number, fine: number): void {
    const wall = smoothstep(-f.wall - edge, -f.wall + edge, f.vessel);
    const rings = this.#fibre.at(f.vessel / 1.7, f.along / 22 + f.across / 22);
    this.#e = mix(
      this.#e,
      this.#recipe.stroma.eosin * (1.05 + 0.3 * rings + 0.1 * fine),
      wall * 0.85,
    );
    this.#h = mix(this.#h, 0.07, wall);
    const lumen = smoothstep(-edge, edge, f.vessel);
    if (lumen <= 0) return;
    this.#e *= 1 - lumen;
    this.#h *= 1 - lumen;
    const serum = f.blood > 0 ? 0.045 : 0.006;
    this.#e += lumen * serum * (1 + 0.4 * fine);
    if (f.blood > 0.02) this.#r += lumen * this.#redCells(x, y, f.blood);
  }

  // Red cells: discs of about 6.5 µm on a jittered grid, paler in the middle.
  #redCells(x: number, y: number, fill: number): number {
    const pitch = 5.6;
    const seed = this.#recipe.seed ^ 0x4bc;
    const column = Math.floor(x / pitch);
    const row = Math.floor(y / pitch);
    let best = 2;
    let strength = 0;
    for (let r = row - 1; r <= row + 1; r++) {
      for (let c = column - 1; c <= column + 1; c++) {
        const bits = hash(seed, c, r);
        if (hashUnit(bits, 3) > 0.35 + 0.65 * fill) continue;
        const dx = x - (c + 0.5 + 0.6 * (hashUnit(bits, 1) - 0.5)) * pitch;
        const dy = y - (r + 0.5 + 0.6 * (hashUnit(bits, 2) - 0.5)) * pitch;
        const turn = hashUnit(bits, 4);
        const squeeze = 1 + 0.5 * hashUnit(bits, 5);
        const u = turn < 0.5 ? dx * squeeze : dx;
        const v = turn < 0.5 ? dy : dy * squeeze;
        const d = Math.sqrt(u * u + v * v) / 3.3;
        if (d < best) {
          best = d;
          strength = 0.25 + 0.12 * hashUnit(bits, 6);
        }
      }
    }
    return strength * smoothstep(1.06, 0.9, best) * (0.78 + 0.3 * smoothstep(0.1, 0.75, best));
  }

  #fat(x: number, y: number, f: Fields, edge: number, coarse: number): void {
    const membrane = bell(f.fat + 0.7, 0.75);
    this.#e = mix(this.#e, 0.16 + 0.06 * coarse, 0.7 * membrane);
    const inside = smoothstep(-edge, edge, f.fat);
    const film = 0.006 + 0.012 * smoothstep(0.3, 0.8, this.#patch.at(x / 30, y / 30 + 5));
    this.#e = mix(this.#e, film, inside);
    this.#h = mix(this.#h, 0, inside);
  }

  #gland(
    x: number,
    y: number,
    f: Fields,
    edge: number,
    fine: number,
    coarse: number,
    close: number,
    lead: number,
    owner: Nucleus | null,
  ): void {
    const { cytoplasm, stroma } = this.#recipe;
    const body = smoothstep(-edge, edge, f.gland);
    const t = clamp(f.gland / f.epithelium, 0, 1);
    const apical = smoothstep(0.5, 0.75, t);
    const tone = this.#patch.at(x / 55 + 3, y / 55 + 9) + 0.6 * cellTone(owner, lead);
    const strands = smoothstep(0.22, 0, Math.abs(coarse + 0.4 * fine));
    let e = cytoplasm.eosin * (0.88 + 0.2 * tone + 0.25 * strands + 0.16 * fine);
    let h = cytoplasm.hematoxylin * (1.15 - 0.75 * t) * (1 + 0.3 * coarse);
    const froth = smoothstep(-0.1, 0.5, this.#grain.at(x / 3.6 + 41, y / 3.6));
    const mucin = f.mucin * smoothstep(0.42, 0.6, t);
    e = mix(e, cytoplasm.eosin * (0.24 + 0.25 * (1 - froth)), mucin);
    h = mix(h, 0.07 + 0.05 * (1 - froth), mucin);
    // Walls between neighbouring cells.
    const side = bell(lead, 0.45) * smoothstep(6.5, 4, close);
    e += 0.07 * cytoplasm.membranes * side;
    e += 0.1 * apical * bell(f.gland - f.epithelium + 0.7, 0.5) * (1 - f.mucin);
    const lumen = smoothstep(-edge, edge, f.gland - f.epithelium);
    const secretion = smoothstep(0.1, 0.6, this.#patch.octaves(x / 26 + 60, y / 26, 2) - 0.05);
    e = mix(e, 0.008 + 0.13 * secretion * (1 + 0.25 * coarse), lumen);
    h = mix(h, 0.03 * secretion * f.mucin, lumen);
    this.#e = mix(this.#e, e, body) + 0.6 * stroma.eosin * bell(f.gland + 0.5, 0.55);
    this.#h = mix(this.#h, h, body);
  }

  #nest(
    x: number,
    y: number,
    f: Fields,
    edge: number,
    fine: number,
    coarse: number,
    close: number,
    lead: number,
    owner: Nucleus | null,
  ): void {
    const { cytoplasm, nests } = this.#recipe;
    const soft = edge + 0.5 + 0.4 * coarse;
    const body = smoothstep(-soft, soft, f.nest);
    const cell = cellTone(owner, lead);
    const tone = 0.8 * this.#patch.octaves(x / 60 + 30, y / 60, 2) + 0.45 * cell;
    // Cytoplasm is a web of fine strands, not a wash.
    const strands = smoothstep(0.22, 0, Math.abs(coarse + 0.4 * fine));
    let e = cytoplasm.eosin * (0.82 + 0.4 * tone + 0.35 * strands + 0.2 * fine);
    let h = cytoplasm.hematoxylin * (0.9 - 0.5 * cell + 0.3 * coarse + 0.3 * fine);
    // Pale, watery cytoplasm in some cells.
    const web = this.#grain.at(x / 3.4 + 9, y / 3.4 + 27);
    const clear =
      smoothstep(0.35, -0.15, tone + 0.9 - 1.5 * cytoplasm.clear) *
      smoothstep(0.4, 1.6, close + web);
    e = mix(e, cytoplasm.eosin * (0.3 + 0.3 * smoothstep(0.25, 0, Math.abs(web))), clear * 0.85);
    h *= 1 - 0.6 * clear;
    // Where two cells meet: a pink line in some places, a crack in others.
    const border = bell(lead, 0.4) * smoothstep(8.5, 6, close);
    const crack = smoothstep(0.22, 0.5, this.#patch.at(x / 17 + 11, y / 17) * 0.7 + 0.35 * tone);
    e += 0.1 * cytoplasm.membranes * border * (1 - crack);
    const split = 1 - 0.85 * crack * bell(lead, 0.55);
    e *= split;
    h *= split;
    if (f.necrosis > 0) {
      const dust = this.#grain.at(x / 1.9 + 80, y / 1.9 + 3);
      e = mix(e, 0.36 + 0.12 * coarse + 0.14 * fine + 0.08 * tone, f.necrosis);
      h = mix(h, 0.05 + 0.75 * smoothstep(0.5, 0.62, dust + 0.15 * tone), f.necrosis);
    }
    this.#e = mix(this.#e, e, body);
    this.#h = mix(this.#h, h, body);
    const pulled =
      nests.cleft *
      smoothstep(0.05, 0.4, this.#patch.at(x / 37 + 2, y / 37 + 44) + 0.5 * nests.cleft);
    const gap = 1 - 0.95 * pulled * bell(f.nest + 1.2, 0.9);
    this.#e *= gap;
    this.#h *= gap;
  }
}

// −1..1: how strongly this cell takes stain; fades out towards its neighbours.
function cellTone(owner: Nucleus | null, lead: number): number {
  if (owner === null) return 0;
  return (2 * hashUnit(owner.bits, 7) - 1) * smoothstep(0, 1.6, lead);
}
