import type { Box, Point } from "../../src/geometry.ts";
import { cosTurns, sinTurns } from "./math.ts";
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

/** Where windows are cut, µm: away from 0, so that no picture begins at a line of the noise. */
const CORNER = 3000;

/** Chooses the world and window of picture `index` of a set: stains, tissue and optics all vary. */
export function chooseView(seed: number, index: number, size: number, mpp: number): TrainingView {
  const own = hash(seed, 0x7a1, index);
  const random = new Random(own);
  const span = size * mpp;
  const jpegQuality = random.chance(0.7) ? random.integer(55, 95) : null;
  if (mpp >= 4) {
    const pieces = scatterPieces(random, CORNER, span);
    const world = makeWorld(drawRecipe(own, { variation: 1, pieces, zonePitch: span / 6 }));
    const at = Math.floor(CORNER / mpp);
    return { world, box: { x: at, y: at, width: size, height: size }, jpegQuality };
  }
  // One picture in eight shows the edge of the tissue and glass beyond.
  const pieces = random.chance(0.125) ? [largePiece(random)] : null;
  const world = makeWorld(drawRecipe(own, { variation: 1, pieces }));
  const from =
    pieces === null ? { x: CORNER, y: CORNER } : nearEdge(world, pieces[0]!, random, span);
  const far = pieces === null ? 2500 : span * 0.6;
  let best: Box = { x: 0, y: 0, width: size, height: size };
  let most = -1;
  for (let attempt = 0; attempt < 12; attempt++) {
    const box: Box = {
      x: Math.floor((from.x + random.between(0, far)) / mpp),
      y: Math.floor((from.y + random.between(0, far)) / mpp),
      width: size,
      height: size,
    };
    const worth = interest(world, box, mpp);
    if (worth > most) {
      most = worth;
      best = box;
    }
    // Some dull windows are wanted too: the better a window, the likelier it is taken.
    if (random.unit() < worth) break;
  }
  return { world, box: best, jpegQuality };
}

function largePiece(random: Random): Piece {
  const radius = random.between(900, 2500);
  return {
    x: CORNER + 2 * radius,
    y: CORNER + 2 * radius,
    radiusX: radius,
    radiusY: radius * random.between(0.7, 1),
    turn: random.unit(),
  };
}

/** Where windows are cut so that they show the edge of a piece: found by walking outwards from its middle. */
function nearEdge(world: World, piece: Piece, random: Random, span: number): Point {
  const turn = random.unit();
  const [dx, dy] = [cosTurns(turn), sinTurns(turn)];
  let way = 0;
  while (
    way < 2 * piece.radiusX &&
    world.tissue.outlineAt(piece.x + way * dx, piece.y + way * dy).depth > 0
  ) {
    way += 5;
  }
  return { x: piece.x + way * dx - 0.8 * span, y: piece.y + way * dy - 0.8 * span };
}

/** One to six pieces in a window, apart from each other. */
function scatterPieces(random: Random, corner: number, span: number): Piece[] {
  const pieces: Piece[] = [];
  const wanted = random.integer(1, 6);
  for (let attempt = 0; attempt < 60 && pieces.length < wanted; attempt++) {
    const radius = span * random.between(0.07, wanted < 3 ? 0.42 : 0.22);
    const piece: Piece = {
      x: corner + span * random.between(0.05, 0.95),
      y: corner + span * random.between(0.05, 0.95),
      radiusX: radius,
      radiusY: radius * random.between(0.35, 1),
      turn: random.unit(),
    };
    const clear = pieces.every((other) => {
      const dx = other.x - piece.x;
      const dy = other.y - piece.y;
      const apart = 1.15 * (other.radiusX + piece.radiusX) + 60;
      return dx * dx + dy * dy > apart * apart;
    });
    if (clear) pieces.push(piece);
  }
  return pieces;
}

/** The share of a window that can hold nuclei, 0..1.2: windows of nothing but fat or glass teach little. */
function interest(world: World, box: Box, mpp: number): number {
  const fields = emptyFields();
  let useful = 0;
  for (let r = 0; r < 6; r++) {
    for (let c = 0; c < 6; c++) {
      const x = (box.x + ((c + 0.5) / 6) * box.width) * mpp;
      const y = (box.y + ((r + 0.5) / 6) * box.height) * mpp;
      world.tissue.sample(x, y, fields);
      const busy = fields.nest > 0 || fields.gland > 0 ? 1 : fields.lymph > 0.3 ? 0.6 : 0.35;
      if (fields.tissue > 0 && fields.fat < 0) useful += busy;
    }
  }
  return (useful / 36) * 1.2;
}
