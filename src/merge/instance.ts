import type { Polygon } from "../geometry.ts";

/** One object on the slide, whole. */
export interface Instance {
  /** UUID (version 5), the same from run to run for the same slide, parameters and outline. */
  readonly id: string;
  /** Level-0 px, rounded to 0.01, OGC-valid. */
  readonly polygon: Polygon;
  /** Interior point of the object, level-0 px. */
  readonly centroid: { readonly x: number; readonly y: number };
  readonly areaUm2: number;
  readonly perimeterUm: number;
  /** 4π·area / perimeter², 0..1. */
  readonly circularity: number;
  /** The model's predicted IoU of the mask (of the best part, where parts were joined). */
  readonly predictedIou: number;
  readonly stabilityScore: number;
  /** Mean hematoxylin optical density, no unit. */
  readonly hematoxylinOd: number;
  /** The class of the best part, where the model was sure of it; else the object is what its task calls it. */
  readonly classification?: string;
  /** Ids of the patches that contributed. */
  readonly patches: readonly string[];
}
