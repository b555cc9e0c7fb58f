import { hash, hashUnit, Random } from "./random.ts";
import { drawStains, type StainRecipe } from "./stain.ts";

/** What a zone of tissue is mainly made of. */
export const ZONE_KINDS = ["stroma", "glandular", "tumour", "fat", "lymphoid"] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];

/** One piece of tissue on the glass; lengths in µm, turn in turns. */
export interface Piece {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly turn: number;
}

/** How the picture is taken. */
export interface Optics {
  /** Standard deviation of the in-focus blur, µm. */
  readonly blur: number;
  /** The same where the tissue lies out of focus, µm. */
  readonly defocus: number;
  /** How much of the slide is out of focus, 0..1. */
  readonly defocusAmount: number;
  /** Scanner sharpening: part of the high frequencies added again. */
  readonly sharpen: number;
  /** Standard deviation of the sensor's noise, 8-bit levels. */
  readonly noise: number;
}

/** Everything that differs from slide to slide; all that the painter does follows from it. */
export interface Recipe {
  readonly seed: number;
  readonly stains: StainRecipe;
  readonly optics: Optics;
  /** null: tissue without end. */
  readonly pieces: readonly Piece[] | null;
  readonly zones: { readonly pitch: number; readonly weights: readonly number[] };
  readonly nests: {
    readonly pitch: number;
    readonly gap: number;
    readonly fill: number;
    readonly cleft: number;
    readonly necrosis: number;
  };
  readonly glands: {
    readonly pitch: number;
    readonly gap: number;
    readonly fill: number;
    readonly mucin: number;
    readonly thickness: number;
  };
  readonly fat: { readonly pitch: number; readonly wall: number };
  readonly vessels: { readonly fill: number };
  readonly stroma: {
    readonly turn: number;
    readonly crimp: number;
    readonly loose: number;
    readonly clefts: number;
    readonly eosin: number;
    readonly blue: number;
    readonly cells: number;
  };
  readonly lymph: { readonly spots: number; readonly infiltrate: number };
  readonly nuclei: {
    /** Mean semi-axis of tumour nuclei, µm. */
    readonly tumourRadius: number;
    readonly pleomorphism: number;
    readonly vesicular: number;
    /** How washed out tumour nuclei are, 0..1: only in pictures that vary widely. */
    readonly pale: number;
    readonly nucleoli: number;
    readonly crowding: number;
    readonly contrast: number;
    readonly mitoses: number;
    readonly size: number;
  };
  readonly cytoplasm: {
    readonly eosin: number;
    readonly hematoxylin: number;
    readonly membranes: number;
    readonly clear: number;
  };
  /** How mottled everything is. */
  readonly texture: number;
  readonly pigment: number;
}

/** What a caller may fix in a recipe; the rest is drawn. */
export interface RecipeWish {
  /** Draw widely (training), or near the middle (a typical slide). */
  readonly variation: number;
  readonly pieces: readonly Piece[] | null;
  readonly zonePitch?: number;
  readonly zoneWeights?: readonly number[];
}

/** Draws a recipe from a seed. */
export function drawRecipe(seed: number, wish: RecipeWish): Recipe {
  const random = new Random(hash(seed, 0x7ec1));
  const spread = wish.variation;
  // A value around `middle`, reaching `reach` either side at full variation.
  const about = (middle: number, reach: number): number =>
    middle + spread * reach * (2 * random.unit() - 1);
  const positive = (middle: number, reach: number): number => Math.max(0, about(middle, reach));
  const weights = wish.zoneWeights ?? drawWeights(random);
  return {
    seed,
    stains: drawStains(hash(seed, 0x57a1), spread),
    optics: {
      blur: positive(0.27, 0.14),
      defocus: positive(0.8, 0.4),
      defocusAmount: positive(0.12, 0.3),
      sharpen: positive(0.25, 0.5),
      noise: positive(1.1, 1.3),
    },
    pieces: wish.pieces,
    zones: { pitch: wish.zonePitch ?? about(300, 120), weights },
    nests: {
      pitch: about(150, 60),
      gap: about(16, 12),
      fill: about(0.88, 0.12),
      cleft: positive(0.25, 0.7),
      necrosis: positive(0.2, 0.5),
    },
    glands: {
      pitch: about(125, 35),
      gap: about(22, 18),
      fill: about(0.85, 0.14),
      mucin: positive(0.25, 0.5),
      thickness: about(19, 6),
    },
    fat: { pitch: about(66, 18), wall: about(1.5, 0.6) },
    vessels: { fill: positive(0.6, 0.4) },
    stroma: {
      turn: random.unit(),
      crimp: positive(1.6, 1.5),
      loose: about(0, 0.5),
      clefts: positive(0.6, 0.5),
      eosin: about(0.24, 0.1),
      blue: positive(0.05, 0.06),
      cells: positive(1, 0.8),
    },
    lymph: { spots: about(0, 0.35), infiltrate: positive(0.05, 0.12) },
    nuclei: {
      tumourRadius: about(5.6, 1.7),
      pleomorphism: positive(0.2, 0.18),
      vesicular: positive(0.7, 0.5),
      pale: Math.max(0, (spread - 0.4) / 0.6) * hashUnit(seed, 0x9a1e) * hashUnit(seed, 0x9a1f),
      nucleoli: positive(0.6, 0.7),
      crowding: about(0.86, 0.08),
      contrast: about(1, 0.22),
      mitoses: positive(0.012, 0.015),
      size: about(1, 0.12),
    },
    cytoplasm: {
      eosin: about(0.2, 0.1),
      hematoxylin: positive(0.09, 0.07),
      membranes: positive(0.5, 0.7),
      clear: positive(0.15, 0.4),
    },
    texture: about(1, 0.5),
    pigment: random.chance(0.15) ? random.unit() : 0,
  };
}

function drawWeights(random: Random): readonly number[] {
  const weights = ZONE_KINDS.map(() => {
    const u = random.unit();
    return 0.05 + u * u * u;
  });
  // Half the pictures lean on one kind, as one field of view does.
  if (random.chance(0.5)) {
    const main = random.weighted([1, 1.2, 2, 0.5, 0.45]);
    weights[main] = weights[main]! + 2.5;
  }
  return weights;
}
