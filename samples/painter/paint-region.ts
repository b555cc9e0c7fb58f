import type { Box } from "../../src/geometry.ts";
import { MAX_REACH } from "./breed.ts";
import { makeCanvas } from "./canvas.ts";
import { FieldGrid } from "./field-grid.ts";
import { GroundPainter } from "./ground.ts";
import { NucleusPainter } from "./ink.ts";
import { FAR, findNeighbours } from "./neighbourhood.ts";
import { expose, opticsHalo } from "./optics.ts";
import { liesOver } from "./shape.ts";
import { transmit } from "./stain.ts";
import { seenPart, type VisibleNucleus } from "./visible.ts";
import type { World } from "./world.ts";

/** A painted region and its truth. */
export interface Painting {
  readonly width: number;
  readonly height: number;
  /** RGB, HWC. */
  readonly rgb: Uint8Array;
  /** 0 background, else 1 + index into `nuclei`; row-major. */
  readonly labels: Uint32Array;
  /** The nuclei seen in the region, in the world's own order. Frame: slide px. */
  readonly nuclei: readonly VisibleNucleus[];
}

/** `drawn`: one by one, with truth. `mean`: their average darkness only, where they are smaller than pixels. */
export type NucleusDetail = "drawn" | "mean";

/**
 * Paints a box of a world (px at `mpp` µm/px, integers).
 *
 * Every pixel depends on the world and its own place only: boxes that overlap agree where they do.
 */
export function paintRegion(
  world: World,
  inner: Box,
  mpp: number,
  detail: NucleusDetail = "drawn",
): Painting {
  const halo = opticsHalo(world.recipe, mpp);
  const box: Box = {
    x: inner.x - halo,
    y: inner.y - halo,
    width: inner.width + 2 * halo,
    height: inner.height + 2 * halo,
  };
  const drawn = detail === "drawn";
  const seen = drawn ? seenAround(world, box, mpp) : [];
  const nuclei = seen.map((s) => s.nucleus);
  const canvas = makeCanvas(box, mpp);
  const grid = new FieldGrid(world.tissue, box, mpp, mpp < 1 ? 1 : 2 * mpp);
  const near = drawn ? findNeighbours(nuclei, box, mpp) : null;
  new GroundPainter(world.recipe).paint(canvas, grid, near, nuclei);
  const ink = new NucleusPainter(world.recipe);
  const lowestFirst = [...seen].sort((a, b) => (liesOver(a.nucleus, b.nucleus) ? 1 : -1));
  for (const s of lowestFirst) ink.paint(canvas, s);
  const light = transmit(world.recipe.stains, [
    canvas.hematoxylin,
    canvas.eosin,
    canvas.redCells,
    canvas.pigment,
  ]);
  const rgb = expose(world.recipe, light, box, inner, mpp);
  const labels = new Uint32Array(inner.width * inner.height);
  const kept: VisibleNucleus[] = [];
  for (const s of seen) if (stamp(labels, inner, s, kept.length + 1)) kept.push(s);
  return { width: inner.width, height: inner.height, rgb, labels, nuclei: kept };
}

/** The seen nuclei that matter to a box: those that may touch it or be the nearest to one of its pixels. */
function seenAround(world: World, box: Box, mpp: number): VisibleNucleus[] {
  const reach = MAX_REACH + FAR;
  const found: VisibleNucleus[] = [];
  const [x0, y0] = [box.x * mpp - reach, box.y * mpp - reach];
  const [x1, y1] = [(box.x + box.width) * mpp + reach, (box.y + box.height) * mpp + reach];
  for (const n of world.population.around(x0, y0, x1, y1)) {
    if (n.x < x0 || n.x > x1 || n.y < y0 || n.y > y1) continue;
    const s = seenPart(n, world.population, mpp);
    if (s !== null) found.push(s);
  }
  return found;
}

// Writes a nucleus's seen pixels into the labels; false where none lies in the box.
function stamp(labels: Uint32Array, box: Box, s: VisibleNucleus, label: number): boolean {
  let any = false;
  const x0 = Math.max(s.x, box.x);
  const x1 = Math.min(s.x + s.width, box.x + box.width);
  const y1 = Math.min(s.y + s.height, box.y + box.height);
  for (let y = Math.max(s.y, box.y); y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      if (s.mask[(y - s.y) * s.width + (x - s.x)] !== 1) continue;
      labels[(y - box.y) * box.width + (x - box.x)] = label;
      any = true;
    }
  }
  return any;
}
