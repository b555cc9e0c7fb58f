import type { Box } from "../../src/geometry.ts";
import { type Painting, paintRegion } from "./paint-region.ts";
import { hash, Random } from "./random.ts";
import { drawRecipe, type Piece } from "./recipe.ts";
import { emptyFields } from "./tissue.ts";
import { makeWorld, type World } from "./world.ts";

/** A world and the window of it that makes a good training picture. */
export interface TrainingView {
  readonly world: World;
  /** px at the picture's µm/px. */
  readonly box: Box;
  /** Quality of the JPEG pass a picture goes through, or null for none. */
  readonly jpegQuality: number | null;
}

/** Chooses the world and window of picture `index` of a set: stains, tissue and optics all vary. */
export function chooseView(seed: number, index: number, size: number, mpp: number): TrainingView {
  const own = hash(seed, 0x7a1, index);
  const random = new Random(own);
  const span = size * mpp;
  const corner = 3000;
  // One picture in eight shows the edge of the tissue and glass beyond.
  const pieces: Piece[] | null = random.chance(0.125) ? [edgePiece(random, corner, span)] : null;
  const world = makeWorld(drawRecipe(own, { variation: 1, pieces }));
  const jpegQuality = random.chance(0.7) ? random.integer(55, 95) : null;
  let box: Box = { x: 0, y: 0, width: size, height: size };
  for (let attempt = 0; attempt < 12; attempt++) {
    const far = pieces === null ? 2500 : span * 0.5;
    box = {
      ...box,
      x: Math.floor((corner + random.between(0, far)) / mpp),
      y: Math.floor((corner + random.between(0, far)) / mpp),
    };
    if (random.unit() < interest(world, box, mpp)) break;
  }
  return { world, box, jpegQuality };
}

/** Paints a training picture of nuclei. */
export function paintTrainingPicture(view: TrainingView, mpp: number): Painting {
  return paintRegion(view.world, view.box, mpp);
}

function edgePiece(random: Random, corner: number, span: number): Piece {
  const radius = random.between(900, 2500);
  const at = corner + span * random.between(0.3, 1.2);
  return {
    x: at + radius * random.between(0.6, 0.78),
    y: at + radius * random.between(0.6, 0.78),
    radiusX: radius,
    radiusY: radius * random.between(0.7, 1),
    turn: random.unit(),
  };
}

/** The share of a window that can hold nuclei: few windows of nothing but fat or glass are wanted. */
function interest(world: World, box: Box, mpp: number): number {
  const fields = emptyFields();
  let useful = 0;
  for (let r = 0; r < 6; r++) {
    for (let c = 0; c < 6; c++) {
      const x = (box.x + ((c + 0.5) / 6) * box.width) * mpp;
      const y = (box.y + ((r + 0.5) / 6) * box.height) * mpp;
      world.tissue.sample(x, y, fields);
      const busy = fields.nest > 0 || fields.gland > 0 || fields.lymph > 0.3;
      if (fields.tissue > 0 && fields.fat < 0) useful += busy ? 1 : 0.35;
    }
  }
  return (useful / 36) * 1.2;
}
