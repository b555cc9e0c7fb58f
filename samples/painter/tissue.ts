import { type Blob, type BlobHit, BlobLattice } from "./lattice.ts";
import { clamp, cosTurns, expNegative, sinTurns, smoothstep } from "./math.ts";
import { Noise } from "./noise.ts";
import { Outline } from "./outline.ts";
import { hash, hashUnit } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { ZoneMap } from "./zones.ts";

/** What the tissue is at one point. Depths in µm: positive inside, negative outside. */
export interface Fields {
  tissue: number;
  /** Index of the piece of tissue, −1 on endless tissue. */
  piece: number;
  gland: number;
  /** Thickness of the gland's epithelium, µm. */
  epithelium: number;
  /** Mucin in the gland's cells, 0..1. */
  mucin: number;
  /** The gland whose depth `gland` is, or null. */
  glandBlob: Blob | null;
  nest: number;
  nestBlob: Blob | null;
  fat: number;
  vessel: number;
  /** Thickness of the vessel's wall, µm. */
  wall: number;
  /** How full of red cells the vessel is, 0..1. */
  blood: number;
  /** Density of lymphocytes, 0..1. */
  lymph: number;
  necrosis: number;
  /** 0 dense collagen, 1 loose. */
  loose: number;
  /** Fibres run along the level lines of this potential, µm. */
  across: number;
  /** A coordinate roughly along the fibres, µm. */
  along: number;
}

/** Fields before anything is known. */
export function emptyFields(): Fields {
  return {
    tissue: 0,
    piece: -1,
    gland: 0,
    glandBlob: null,
    epithelium: 0,
    mucin: 0,
    nest: 0,
    nestBlob: null,
    fat: 0,
    vessel: 0,
    wall: 0,
    blood: 0,
    lymph: 0,
    necrosis: 0,
    loose: 0,
    across: 0,
    along: 0,
  };
}

const [STROMA, GLANDULAR, TUMOUR, FAT, LYMPHOID] = [0, 1, 2, 3, 4] as const;

/** This far outside tissue (µm) its inner architecture is not worked out. */
const FAR_OUT = -60;

/** The architecture of a slide: a pure function of place. Coordinates in µm. */
export class Tissue {
  readonly recipe: Recipe;
  readonly glands: BlobLattice;
  readonly nests: BlobLattice;
  readonly #fat: BlobLattice;
  readonly #vessels: BlobLattice;
  readonly #zones: ZoneMap;
  readonly #outline: Outline;
  readonly #noise: Noise;
  readonly #slow: Noise;
  readonly #cos: number;
  readonly #sin: number;
  readonly #hit: BlobHit = { depth: 0, blob: null };

  constructor(recipe: Recipe) {
    this.recipe = recipe;
    const seed = (n: number): number => hash(recipe.seed, 0x71, n);
    this.#noise = new Noise(seed(1));
    this.#slow = new Noise(seed(2));
    this.#zones = new ZoneMap(seed(3), recipe.zones.pitch, recipe.zones.weights);
    this.#outline = new Outline(seed(4), recipe.pieces);
    this.#cos = cosTurns(recipe.stroma.turn);
    this.#sin = sinTurns(recipe.stroma.turn);
    const zones = this.#zones;
    const { nests, glands, fat, vessels } = recipe;
    this.nests = new BlobLattice({
      seed: seed(5),
      pitch: nests.pitch,
      jitter: 0.32,
      radius: [nests.pitch * 0.35, nests.pitch * 0.8],
      gap: nests.gap,
      rounding: 22,
      presence: (x, y, bits) => zones.kindAt(x, y) === TUMOUR && hashUnit(bits, 9) < nests.fill,
    });
    this.glands = new BlobLattice({
      seed: seed(6),
      pitch: glands.pitch,
      jitter: 0.33,
      radius: [glands.pitch * 0.26, glands.pitch * 0.7],
      gap: glands.gap,
      rounding: 26,
      presence: (x, y, bits) => zones.kindAt(x, y) === GLANDULAR && hashUnit(bits, 9) < glands.fill,
    });
    this.#fat = new BlobLattice({
      seed: seed(7),
      pitch: fat.pitch,
      jitter: 0.3,
      radius: [fat.pitch * 0.5, fat.pitch * 0.85],
      gap: fat.wall,
      rounding: 9,
      presence: (x, y, bits) => {
        const kind = zones.kindAt(x, y);
        return hashUnit(bits, 9) < (kind === FAT ? 0.97 : kind === STROMA ? 0.02 : 0);
      },
    });
    this.#vessels = new BlobLattice({
      seed: seed(8),
      pitch: 95,
      jitter: 0.33,
      radius: [4, 25],
      gap: 10,
      rounding: 6,
      // Vessels come in company, not evenly spread.
      presence: (x, y, bits) =>
        hashUnit(bits, 9) < vessels.fill * (0.35 + 1.6 * this.#slow.at(x / 300 + 9, y / 300 + 4)),
    });
  }

  /** Fills `out` with what is at x, y. */
  sample(x: number, y: number, out: Fields): void {
    const { recipe } = this;
    const noise = this.#noise;
    const slow = this.#slow;
    out.piece = this.#outline.sample(x, y);
    out.tissue = this.#outline.depth;
    if (out.tissue < FAR_OUT) {
      // Bare glass: nothing else is asked of it.
      out.gland = out.nest = out.fat = out.vessel = out.lymph = out.necrosis = 0;
      out.glandBlob = out.nestBlob = null;
      return;
    }

    const wx = 13 * slow.at(x / 83, y / 83) + 2.4 * noise.at(x / 19, y / 19);
    const wy = 13 * slow.at(x / 83 + 40.3, y / 83 + 9.7) + 2.4 * noise.at(x / 19 + 31.1, y / 19);
    const hit = this.#hit;
    // Small bays and tongues of an invading margin.
    const fringe = 2.6 * noise.octaves(x / 21 + 70, y / 21 + 31, 3);

    this.nests.query(x + wx, y + wy, hit);
    out.nest = hit.depth + (1 + recipe.nuclei.pleomorphism * 4) * fringe;
    out.nestBlob = hit.blob;
    this.glands.query(x + wx, y + wy, hit);
    out.gland = Math.min(hit.depth + 0.5 * fringe, -out.nest - 7);
    const gland = hit.blob;
    out.glandBlob = gland;
    out.epithelium =
      recipe.glands.thickness * (gland ? 0.75 + 0.5 * hashUnit(gland.bits, 4) : 1) +
      2.5 * noise.at(x / 13, y / 13 + 77);
    out.mucin = gland && hashUnit(gland.bits, 5) < recipe.glands.mucin ? 1 : 0;

    // Vessels are long: squeezing one axis of the warped plane stretches them.
    this.#vessels.query(x + 1.6 * wx, 0.75 * y + 1.6 * wy, hit);
    const solid = Math.max(out.gland, out.nest);
    out.vessel = Math.min(hit.depth, -solid - 5);
    const bits = hit.blob ? hit.blob.bits : 0;
    out.wall = 1.6 + 0.16 * (hit.blob ? hit.blob.radius : 0) * (1 + hashUnit(bits, 6));
    out.blood = hashUnit(bits, 7) < 0.55 ? hashUnit(bits, 8) : 0;

    this.#fat.query(x + 0.8 * wx, y + 0.8 * wy, hit);
    out.fat = Math.min(hit.depth, -solid - 5, -out.vessel - 3);

    const lymphoid = smoothstep(
      0.3,
      0.7,
      this.#zones.nearness(x, y, LYMPHOID, 45) + 0.4 * slow.octaves(x / 62 + 19, y / 62 + 44, 2),
    );
    const spots = slow.octaves(x / 130 + 3.3, y / 130 + 71, 2) + recipe.lymph.spots * 0.4;
    const outside = smoothstep(3, -5, solid);
    out.lymph =
      clamp(lymphoid + 0.8 * smoothstep(0.42, 0.62, spots), 0, 1) *
      outside *
      smoothstep(1, -4, out.fat);
    out.necrosis =
      out.nest > 25
        ? smoothstep(25, 42, out.nest) *
          smoothstep(0.5, 0.3, slow.at(x / 210 + 8, y / 210) + 1 - 1.4 * recipe.nests.necrosis)
        : 0;
    out.loose = smoothstep(-0.5, 0.5, slow.octaves(x / 170, y / 170 + 23, 2) + recipe.stroma.loose);

    const px = x * this.#cos + y * this.#sin;
    const py = y * this.#cos - x * this.#sin;
    const wrap = solid < 0 ? 34 * expNegative(-solid / 24) : 34;
    const vesselWrap = out.vessel < 0 ? 12 * expNegative(-out.vessel / 9) : 12;
    out.across =
      py +
      46 * slow.at(x / 210 + 51, y / 210) +
      9 * slow.at(x / 47, y / 47 + 61) +
      recipe.stroma.crimp * noise.at(px / 13, py / 26) +
      wrap +
      vesselWrap;
    out.along = px + 20 * slow.at(x / 160 + 5, y / 160 + 90);
  }

  /** Depth in the tissue and index of its piece, without what is inside it: cheap, for coarse maps. */
  outlineAt(x: number, y: number): { readonly depth: number; readonly piece: number } {
    const piece = this.#outline.sample(x, y);
    return { depth: this.#outline.depth, piece };
  }
}
