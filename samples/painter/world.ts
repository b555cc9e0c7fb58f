import { Population } from "./population.ts";
import type { Recipe } from "./recipe.ts";
import { Tissue } from "./tissue.ts";

/** One slide's world: what it is made of, and who lives in it. Coordinates in µm from the slide's corner. */
export interface World {
  readonly recipe: Recipe;
  readonly tissue: Tissue;
  readonly population: Population;
}

/** Makes the world of a recipe. Nothing is painted until a region is asked for. */
export function makeWorld(recipe: Recipe): World {
  const tissue = new Tissue(recipe);
  return { recipe, tissue, population: new Population(tissue) };
}
