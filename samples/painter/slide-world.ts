import { clamp } from "./math.ts";
import { hash, Random } from "./random.ts";
import { drawRecipe, type Piece } from "./recipe.ts";
import { makeWorld, type World } from "./world.ts";

/** Side of the ground one piece of tissue has to itself, µm. */
const PLOT = 7000;

/** The world of a whole slide of the given size (µm): pieces of tissue with glass around them. */
export function makeSlideWorld(seed: number, width: number, height: number): World {
  const random = new Random(hash(seed, 0x51d3));
  const columns = Math.max(1, Math.round(width / PLOT));
  const rows = Math.max(1, Math.round(height / PLOT));
  const plotX = width / columns;
  const plotY = height / rows;
  const pieces: Piece[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      // Now and then a place stays empty, but never all of them.
      if (pieces.length > 0 && random.chance(0.15)) continue;
      pieces.push({
        x: (c + 0.5 + 0.06 * random.normal()) * plotX,
        y: (r + 0.5 + 0.06 * random.normal()) * plotY,
        radiusX: plotX * random.between(0.42, 0.5),
        radiusY: plotY * random.between(0.42, 0.5),
        turn: random.between(-0.03, 0.03),
      });
    }
  }
  return makeWorld(
    drawRecipe(seed, {
      variation: 0.4,
      pieces,
      zonePitch: clamp(Math.min(width, height) / 3, 180, 700),
      zoneWeights: [0.6, 1.2, 1.2, 0.5, 0.6],
    }),
  );
}
