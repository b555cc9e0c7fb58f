import { paintRegion } from "./painter/paint-region.ts";
import { drawRecipe } from "./painter/recipe.ts";
import { makeSlideWorld } from "./painter/slide-world.ts";
import { makeWorld, type World } from "./painter/world.ts";

/** A picture of a slide with something on it that tissue detection meets, and the exact truth. */
export interface TissueCase {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** µm/px. */
  readonly mpp: number;
  /** RGB, HWC. */
  readonly rgb: Uint8Array;
  /** 1 = tissue, row-major. */
  readonly tissue: Uint8Array;
  /** 1 = ink, row-major. */
  readonly ink: Uint8Array;
}

const [WIDTH, HEIGHT, MPP] = [500, 400, 4] as const;

/** Light that pens let through in R, G, B; the last is black. */
const PENS = {
  red: [0.86, 0.1, 0.14],
  green: [0.16, 0.55, 0.45],
  blue: [0.2, 0.42, 0.85],
  black: [0.08, 0.08, 0.09],
} as const;

/** H (blue) and DAB (brown) in optical density: Ruifrok & Johnston 2001. */
const HEMATOXYLIN = [0.65, 0.704, 0.286] as const;
const DAB = [0.268, 0.57, 0.776] as const;

/** A picture being drawn on; light is RGB 0–255. */
interface Sheet {
  readonly light: Float32Array;
  readonly tissue: Uint8Array;
  readonly ink: Uint8Array;
}

/** Paints every case; some ten seconds. */
export function paintTissueCases(): TissueCase[] {
  const slide = paintSheet(makeSlideWorld(11, WIDTH * MPP, HEIGHT * MPP));
  const fatty = paintSheet(
    makeWorld(
      drawRecipe(23, {
        variation: 0.3,
        pieces: [{ x: 1000, y: 800, radiusX: 780, radiusY: 600, turn: 0.02 }],
        zonePitch: 420,
        zoneWeights: [0.25, 0.1, 0.1, 1.6, 0.1],
      }),
    ),
  );
  const full = paintSheet(makeWorld(drawRecipe(5, { variation: 0.3, pieces: null })));
  const glass: Sheet = {
    light: slide.light.map((_, i) => [242, 240, 243][i % 3]! + noise(i)),
    tissue: new Uint8Array(slide.tissue.length),
    ink: new Uint8Array(slide.ink.length),
  };
  return [
    finish("clean", slide),
    finish("fat", fatty),
    finish("all tissue", full),
    finish("no tissue", withDust(withCoverslip(withBubble(copy(glass), 260, 210, 90)))),
    finish("pale", faded(copy(slide), 0.22)),
    finish("red pen", withPen(copy(slide), PENS.red)),
    finish("green pen", withPen(copy(slide), PENS.green)),
    finish("blue pen", withPen(copy(slide), PENS.blue)),
    finish("black pen", withPen(copy(slide), PENS.black)),
    finish("scanner border", withBorder(copy(slide))),
    finish("coverslip, bubble, dust", withDust(withCoverslip(withBubble(copy(slide), 70, 70, 50)))),
    finish("unscanned, tinted glass", withUnscanned(tinted(copy(slide)))),
    finish("DAB", stainedWithDab(copy(slide))),
  ];
}

/** Paints a world at half the size of a pixel, two by two of which are averaged: walls of fat cells are thin. */
function paintSheet(world: World): Sheet {
  const box = { x: 0, y: 0, width: 2 * WIDTH, height: 2 * HEIGHT };
  const { rgb } = paintRegion(world, box, MPP / 2, "mean");
  const light = new Float32Array(WIDTH * HEIGHT * 3);
  const tissue = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i++) {
      for (let c = 0; c < 3; c++) {
        const p = (4 * y * WIDTH + 2 * x) * 3 + c;
        const below = p + 2 * WIDTH * 3;
        light[i * 3 + c] = (rgb[p]! + rgb[p + 3]! + rgb[below]! + rgb[below + 3]!) / 4;
      }
      if (world.tissue.outlineAt((x + 0.5) * MPP, (y + 0.5) * MPP).depth > 0) tissue[i] = 1;
    }
  }
  return { light, tissue, ink: new Uint8Array(tissue.length) };
}

function copy({ light, tissue, ink }: Sheet): Sheet {
  return { light: light.slice(), tissue: tissue.slice(), ink: ink.slice() };
}

function finish(name: string, { light, tissue, ink }: Sheet): TissueCase {
  const rgb = Uint8Array.from(light, (v) => Math.min(255, Math.max(0, Math.round(v))));
  return { name, width: WIDTH, height: HEIGHT, mpp: MPP, rgb, tissue, ink };
}

/** −1.5..1.5, the same each time. */
function noise(i: number): number {
  return (((Math.imul(i + 1, 0x9e3779b1) >>> 16) & 0xff) / 255 - 0.5) * 3;
}

/** Lets `share(x, y)` of the pixel pass through a filter of the given transmission. */
function shine(
  sheet: Sheet,
  through: readonly [number, number, number],
  cover: (x: number, y: number) => number,
  mark = false,
): Sheet {
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i++) {
      const share = Math.min(1, Math.max(0, cover(x, y)));
      if (share === 0) continue;
      for (let c = 0; c < 3; c++) sheet.light[i * 3 + c]! *= through[c]! ** share;
      if (mark && share > 0.5) sheet.ink[i] = 1;
    }
  }
  return sheet;
}

/** Strokes of 200 to 240 µm, on bare glass and across the tissue, out of focus: their edges are 50 µm wide. */
function withPen(sheet: Sheet, through: readonly [number, number, number]): Sheet {
  const stroke = (from: number, to: number, y0: number, y1: number, half: number) => {
    return (x: number, y: number) => {
      const along = Math.min(1, Math.max(0, (x - from) / (to - from)));
      const d = Math.hypot(x - (from + along * (to - from)), y - (y0 + along * (y1 - y0)));
      return (half + 6 - d) / 12;
    };
  };
  const outside = stroke(10, 470, 378, 377, 20);
  const corner = stroke(22, 50, 30, 110, 20);
  const across = stroke(120, 420, 330, 90, 24);
  return shine(sheet, through, (x, y) => Math.max(outside(x, y), corner(x, y), across(x, y)), true);
}

function withBorder(sheet: Sheet): Sheet {
  return shine(
    sheet,
    [0.02, 0.02, 0.02],
    (x, y) => Math.max(18 - x, (HEIGHT - 1 - y < 14 ? 14 : 0) - (HEIGHT - 1 - y), 0) / 5,
  );
}

/** A dark line across the slide, with a faint bright one beside it. */
function withCoverslip(sheet: Sheet): Sheet {
  const off = (x: number, y: number) => (y - 30 - 0.04 * x) / Math.hypot(1, 0.04);
  shine(sheet, [0.55, 0.55, 0.56], (x, y) => 1.3 - Math.abs(off(x, y)));
  return shine(sheet, [1.02, 1.02, 1.02], (x, y) => 1.5 - Math.abs(off(x, y) - 3));
}

function withBubble(sheet: Sheet, cx: number, cy: number, radius: number): Sheet {
  const rim = (x: number, y: number) => 1.8 - Math.abs(Math.hypot(x - cx, y - cy) - radius);
  return shine(sheet, [0.45, 0.45, 0.46], rim);
}

/** Grey specks of 8 to 16 µm. */
function withDust(sheet: Sheet): Sheet {
  for (let k = 0; k < 40; k++) {
    const [cx, cy] = [(k * 197 + 31) % WIDTH, (k * 131 + 57) % HEIGHT];
    const radius = 1 + (k % 3) * 0.5;
    shine(sheet, [0.3, 0.3, 0.31], (x, y) =>
      Math.abs(x - cx) > 4 || Math.abs(y - cy) > 4 ? 0 : radius - Math.hypot(x - cx, y - cy),
    );
  }
  return sheet;
}

/** Stains of a fraction of their strength. */
function faded(sheet: Sheet, strength: number): Sheet {
  for (let i = 0; i < sheet.light.length; i++) {
    sheet.light[i] = 243 * (Math.max(1, sheet.light[i]!) / 243) ** strength + noise(i);
  }
  return sheet;
}

function tinted(sheet: Sheet): Sheet {
  return shine(sheet, [0.93, 0.92, 0.88], () => 1);
}

/** White where the scanner did not look. */
function withUnscanned(sheet: Sheet): Sheet {
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i++) {
      if (x >= 30 && y >= 24 && x < WIDTH - 20) continue;
      sheet.light.fill(255, i * 3, i * 3 + 3);
      sheet.tissue[i] = 0;
    }
  }
  return sheet;
}

/** The same densities in blue and, in a third of the places, brown. */
function stainedWithDab(sheet: Sheet): Sheet {
  for (let y = 0, i = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, i++) {
      const [r, g, b] = [0, 1, 2].map((c) =>
        Math.log10(243 / Math.max(1, sheet.light[i * 3 + c]!)),
      );
      const amount = Math.max(0, (r! + g! + b!) / 3);
      const brown = Math.sin(x / 23) * Math.sin(y / 19 + 1) > 0.25;
      const vector = brown ? DAB : HEMATOXYLIN;
      const strength = brown ? 1.6 * amount : 0.8 * amount;
      for (let c = 0; c < 3; c++) sheet.light[i * 3 + c] = 243 * 10 ** (-strength * vector[c]!);
    }
  }
  return sheet;
}
