import { clamp, cosTurns, sinTurns } from "./math.ts";
import type { Random } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import type { Nucleus, NucleusKind } from "./shape.ts";

/** Where a nucleus stands and which way its surroundings point. Lengths in µm. */
export interface Site {
  readonly column: number;
  readonly row: number;
  readonly index: number;
  readonly x: number;
  readonly y: number;
  /** Unit vector the long axis follows where the kind has a direction. */
  readonly axisX: number;
  readonly axisY: number;
  /** −1..1: what cells of one nest or gland have in common. */
  readonly kinship: number;
}

interface Looks {
  readonly long: number;
  readonly short: number;
  /** How strictly the axis follows the site: standard deviation in turns; 1 for any direction. */
  readonly stray: number;
  readonly ripple: number;
  readonly bend: number;
  readonly density: number;
  readonly vesicular: number;
  readonly clumps: number;
  readonly nucleoli: number;
}

/** No nucleus reaches farther from its centre than this, µm. */
export const MAX_REACH = 15.5;

/** Makes one nucleus of a kind at a site. */
export function breed(kind: NucleusKind, site: Site, recipe: Recipe, random: Random): Nucleus {
  const looks = drawLooks(kind, site, recipe, random);
  let turnX = site.axisX;
  let turnY = site.axisY;
  const stray = looks.stray >= 1 ? random.unit() : looks.stray * random.normal();
  const [c, s] = [cosTurns(stray), sinTurns(stray)];
  [turnX, turnY] = [turnX * c - turnY * s, turnX * s + turnY * c];
  const waves: number[] = [];
  let sum = 0;
  for (let k = 2; k <= 5; k++) {
    const size = (looks.ripple * (0.4 + random.unit()) * 2) / k;
    const turn = random.unit();
    // The second harmonic would only stretch the ellipse again: half is enough.
    const part = k === 2 ? size / 2 : size;
    waves.push(part * cosTurns(turn), part * sinTurns(turn));
    sum += part;
  }
  const bend = looks.bend;
  const width = looks.short * (1 + 0.6 * Math.abs(bend));
  let { long, short } = looks;
  let reach = Math.sqrt(long * long + width * width) * (1 + sum);
  if (reach > MAX_REACH) {
    const shrink = MAX_REACH / reach;
    long *= shrink;
    short *= shrink;
    reach = MAX_REACH;
  }
  const nucleoli: number[] = [];
  const count = Math.min(4, Math.floor(looks.nucleoli * 2.4 * random.unit() + 0.35));
  for (let i = 0; i < count; i++) {
    const turn = random.unit();
    const away = 0.55 * random.unit();
    nucleoli.push(
      away * long * cosTurns(turn),
      away * short * sinTurns(turn),
      clamp(short * random.between(0.14, 0.27), 0.5, 1.6),
    );
  }
  // Some nuclei are cut near their top or lie deep in the section: pale and blurred.
  const deep = random.chance(0.14) ? random.unit() : 0;
  return {
    column: site.column,
    row: site.row,
    index: site.index,
    kind,
    x: site.x,
    y: site.y,
    long,
    short,
    axisX: turnX,
    axisY: turnY,
    bend,
    waves,
    reach,
    order: random.bits(),
    bits: random.bits(),
    density: looks.density * (1 - 0.4 * deep),
    vesicular: looks.vesicular,
    clumps: looks.clumps,
    nucleoli,
    softness: 0.15 + 0.35 * random.unit() * random.unit() + 0.45 * deep,
  };
}

function drawLooks(kind: NucleusKind, site: Site, recipe: Recipe, random: Random): Looks {
  const n = recipe.nuclei;
  const c = n.contrast;
  switch (kind) {
    case "tumour": {
      const size = 1 + 0.1 * site.kinship + n.pleomorphism * random.normal();
      const mean = clamp(n.tumourRadius * n.size * size, 3.7, 10.5);
      const stretch = 1 + 0.12 * Math.abs(random.normal()) + 0.25 * Math.abs(site.kinship);
      const dark = random.unit() < 0.12 + 0.5 * n.pleomorphism;
      const vesicular = dark ? 0.1 : clamp(n.vesicular + 0.2 * random.normal(), 0, 1);
      return {
        long: mean * stretch,
        short: mean / stretch,
        stray: 0.05 + (1 - Math.abs(site.kinship)) * 0.3,
        ripple: 0.03 + 0.1 * n.pleomorphism * random.unit() + (dark ? 0.04 : 0),
        bend: 0.18 * random.normal(),
        density:
          c *
          (1 - 0.45 * n.pale) *
          (dark ? random.between(0.85, 1.15) : random.between(0.58, 0.85)),
        vesicular: clamp(vesicular + (dark ? 0 : 0.5 * n.pale), 0, 1),
        clumps: random.between(0.35, 0.9),
        nucleoli: dark ? 0.2 : n.nucleoli,
      };
    }
    case "mitosis": {
      const long = random.between(3.2, 5.2);
      return {
        long,
        short: random.between(1.3, 2.4),
        stray: 1,
        ripple: 0.16,
        bend: 0.3 * random.normal(),
        density: c * random.between(1.35, 1.6),
        vesicular: 0,
        clumps: 0.8,
        nucleoli: 0,
      };
    }
    case "epithelial": {
      const long = n.size * random.between(4.2, 6) * (1 + 0.12 * site.kinship);
      return {
        long,
        short: long * random.between(0.5, 0.72),
        stray: 0.035,
        ripple: 0.03,
        bend: 0.1 * random.normal(),
        density: c * random.between(0.68, 0.98),
        vesicular: clamp(0.35 + 0.25 * site.kinship + 0.15 * random.normal(), 0, 1),
        clumps: random.between(0.3, 0.7),
        nucleoli: 0.4,
      };
    }
    case "lymphocyte": {
      const mean = n.size * clamp(3.35 + 0.38 * random.normal(), 2.5, 4.6);
      const stretch = 1 + 0.13 * Math.abs(random.normal());
      return {
        long: mean * stretch,
        short: mean / stretch,
        stray: 1,
        ripple: 0.06,
        bend: 0.15 * random.normal(),
        density: c * random.between(0.85, 1.25),
        vesicular: 0.1 + 0.5 * random.unit() * random.unit(),
        clumps: random.between(0.5, 1),
        nucleoli: 0,
      };
    }
    case "plasma": {
      const mean = n.size * random.between(3.2, 4);
      return {
        long: mean * 1.06,
        short: mean,
        stray: 1,
        ripple: 0.03,
        bend: 0,
        density: c * random.between(0.95, 1.15),
        vesicular: 0.4,
        clumps: 1,
        nucleoli: 0,
      };
    }
    case "macrophage": {
      const mean = n.size * random.between(3.8, 5.2);
      return {
        long: mean * 1.25,
        short: mean / 1.25,
        stray: 1,
        ripple: 0.06,
        bend: 0.3 * random.normal(),
        density: c * random.between(0.5, 0.7),
        vesicular: 0.75,
        clumps: 0.4,
        nucleoli: 0.5,
      };
    }
    case "spindle": {
      const plump = random.chance(0.3);
      const thin = random.unit();
      const long = plump ? random.between(4.5, 7) : random.between(4.5, 8) + 4 * thin * thin;
      return {
        long,
        short: plump ? random.between(2, 3.1) : random.between(0.9, 2.1) * (1 - 0.25 * thin),
        stray: 0.03,
        ripple: 0.07,
        bend: 0.7 * random.normal(),
        density: c * (plump ? random.between(0.5, 0.75) : random.between(0.55, 1.1)),
        vesicular: plump ? 0.6 : 0.15,
        clumps: random.between(0.2, 0.6),
        nucleoli: plump ? 0.4 : 0,
      };
    }
    case "endothelial":
      return {
        long: random.between(3.8, 6.5),
        short: random.between(1, 1.7),
        stray: 0.015,
        ripple: 0.04,
        bend: 0.3 * random.normal(),
        density: c * random.between(0.8, 1.1),
        vesicular: 0.2,
        clumps: 0.4,
        nucleoli: 0,
      };
  }
}
