import type { Box, Polygon, Size } from "../src/geometry.ts";
import { partPolygon } from "../src/merge/contour.ts";
import { SpanBuilder } from "../src/merge/spans.ts";
import { uuidV5 } from "../src/merge/uuid.ts";
import type { BlobLattice } from "./painter/lattice.ts";
import { CELL } from "./painter/population.ts";
import { labelRegions } from "./painter/region-labels.ts";
import type { NucleusKind } from "./painter/shape.ts";
import { emptyFields } from "./painter/tissue.ts";
import { keepLargest, seenPart, type VisibleNucleus } from "./painter/visible.ts";
import type { World } from "./painter/world.ts";
import type { TruthObject } from "./truth-file.ts";

interface ClassLook {
  readonly className: string;
  readonly color: readonly [number, number, number];
}

const TUMOUR: ClassLook = { className: "Tumor", color: [200, 0, 0] };
const IMMUNE: ClassLook = { className: "Immune cells", color: [160, 90, 160] };
const STROMA: ClassLook = { className: "Stroma", color: [150, 200, 150] };
const EPITHELIUM: ClassLook = { className: "Epithelium", color: [0, 130, 200] };
const TISSUE: ClassLook = { className: "Tissue", color: [90, 90, 90] };

const CLASSES: Readonly<Record<NucleusKind, ClassLook>> = {
  tumour: TUMOUR,
  mitosis: TUMOUR,
  epithelial: EPITHELIUM,
  lymphocyte: IMMUNE,
  plasma: IMMUNE,
  macrophage: IMMUNE,
  spindle: STROMA,
  endothelial: STROMA,
};

/** The exact outlines of all nuclei of a slide, in the order of the world's grid. Frame: level-0 px. */
export function* nucleusTruth(world: World, slide: Size, mpp: number): Generator<TruthObject> {
  const columns = Math.ceil((slide.width * mpp) / CELL);
  const rows = Math.ceil((slide.height * mpp) / CELL);
  // Nuclei centred just outside may reach in.
  for (let row = -1; row <= rows; row++) {
    for (let column = -1; column <= columns; column++) {
      for (const nucleus of world.population.cell(column, row)) {
        const seen = seenPart(nucleus, world.population, mpp);
        if (seen === null) continue;
        const traced = traceInside(seen, slide);
        if (traced === null) continue;
        yield {
          id: uuidV5(`painted/${world.recipe.seed}/nucleus/${column},${row},${nucleus.index}`),
          polygon: traced.polygon,
          objectType: "detection",
          ...CLASSES[nucleus.kind],
          measurements: { "Area µm^2": round2(traced.area * mpp * mpp) },
        };
      }
    }
  }
}

/** The exact outline of a seen nucleus, or null where none of it lies on the slide. */
export function traceInside(
  seen: VisibleNucleus,
  slide: Size,
): { readonly polygon: Polygon; readonly area: number } | null {
  const { x, y, width, height } = seen;
  const within = x >= 0 && y >= 0 && x + width <= slide.width && y + height <= slide.height;
  let mask = seen.mask;
  let area = seen.area;
  if (!within) {
    // The border may cut a nucleus in two: the larger part is the object.
    mask = mask.slice();
    for (let i = 0; i < mask.length; i++) {
      const px = x + (i % width);
      const py = y + Math.floor(i / width);
      const outside = px < 0 || py < 0 || px >= slide.width || py >= slide.height;
      if (outside) mask[i] = 0;
    }
    area = keepLargest(mask, width, height);
    if (area === 0) return null;
  }
  return { polygon: tracePart(mask, { x, y, width, height }, 1), area };
}

/** Glands and tumour nests, each traced on a grid of about 2 µm. Frame: level-0 px. */
export function* structureTruth(world: World, slide: Size, mpp: number): Generator<TruthObject> {
  const step = Math.max(1, Math.round(2 / mpp));
  for (const [lattice, field, blobField, look, name] of [
    [world.tissue.nests, "nest", "nestBlob", TUMOUR, "nest"],
    [world.tissue.glands, "gland", "glandBlob", EPITHELIUM, "gland"],
  ] as const) {
    const { pitch } = lattice.spec;
    const columns = Math.ceil((slide.width * mpp) / pitch);
    const rows = Math.ceil((slide.height * mpp) / pitch);
    for (let row = -1; row <= rows; row++) {
      for (let column = -1; column <= columns; column++) {
        const traced = traceBlob(world, lattice, column, row, field, blobField, slide, mpp, step);
        if (traced === null) continue;
        yield {
          id: uuidV5(`painted/${world.recipe.seed}/${name}/${column},${row}`),
          polygon: traced.polygon,
          objectType: "annotation",
          ...look,
          measurements: { "Area µm^2": round2(traced.area * step * step * mpp * mpp) },
        };
      }
    }
  }
}

function traceBlob(
  world: World,
  lattice: BlobLattice,
  column: number,
  row: number,
  field: "nest" | "gland",
  blobField: "nestBlob" | "glandBlob",
  slide: Size,
  mpp: number,
  step: number,
): { readonly polygon: Polygon; readonly area: number } | null {
  const blob = lattice.blob(column, row);
  if (!blob.present) return null;
  const cell = step * mpp;
  // The warp moves an outline by up to about 20 µm, the fringe by some more.
  const reach = blob.radius + 30;
  const x0 = Math.max(0, Math.floor((blob.x - reach) / cell));
  const y0 = Math.max(0, Math.floor((blob.y - reach) / cell));
  const x1 = Math.min(Math.floor(slide.width / step), Math.ceil((blob.x + reach) / cell));
  const y1 = Math.min(Math.floor(slide.height / step), Math.ceil((blob.y + reach) / cell));
  if (x1 <= x0 || y1 <= y0) return null;
  const box: Box = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const mask = new Uint8Array(box.width * box.height);
  const fields = emptyFields();
  for (let r = 0, i = 0; r < box.height; r++) {
    for (let c = 0; c < box.width; c++, i++) {
      world.tissue.sample((x0 + c + 0.5) * cell, (y0 + r + 0.5) * cell, fields);
      if (fields.tissue > 0 && fields[field] > 0 && fields[blobField] === blob) mask[i] = 1;
    }
  }
  const area = keepLargest(mask, box.width, box.height);
  return area * cell * cell < 400 ? null : { polygon: tracePart(mask, box, step), area };
}

/** Pieces of tissue, traced on a grid of about 8 µm. Frame: level-0 px. */
export function* tissueTruth(world: World, slide: Size, mpp: number): Generator<TruthObject> {
  const step = Math.max(1, Math.round(8 / mpp));
  const box: Box = {
    x: 0,
    y: 0,
    width: Math.max(1, Math.floor(slide.width / step)),
    height: Math.max(1, Math.floor(slide.height / step)),
  };
  const { labels, count } = labelRegions(world, box, mpp * step, "pieces");
  for (let label = 1; label <= count; label++) {
    const mask = new Uint8Array(labels.length);
    let area = 0;
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] !== label) continue;
      mask[i] = 1;
      area++;
    }
    yield {
      id: uuidV5(`painted/${world.recipe.seed}/tissue/${label}`),
      polygon: tracePart(mask, box, step),
      objectType: "annotation",
      ...TISSUE,
      measurements: { "Area µm^2": round2(area * step * step * mpp * mpp) },
    };
  }
}

/** The outline of the 1s of a mask (one 4-connected part), `step` level-0 px a mask px. */
function tracePart(mask: Uint8Array, box: Box, step: number): Polygon {
  const builder = new SpanBuilder(box.y);
  for (let r = 0; r < box.height; r++) {
    builder.row();
    let start = -1;
    for (let c = 0; c <= box.width; c++) {
      const on = c < box.width && mask[r * box.width + c] === 1;
      if (on && start < 0) start = c;
      if (!on && start >= 0) {
        builder.add(box.x + start, box.x + c);
        start = -1;
      }
    }
  }
  const spans = builder.close();
  if (spans === null) throw new RangeError("an empty mask has no outline");
  const polygon = partPolygon(spans);
  if (step === 1) return polygon;
  return {
    outer: polygon.outer.map((v) => v * step),
    holes: polygon.holes.map((hole) => hole.map((v) => v * step)),
  };
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
