import { type Rgb, toOklab } from "./color-ramp.ts";

/** What H&E looks like: nuclei dark and pale, stroma, background. An outline of such a colour is lost on it. */
const STAIN: readonly Rgb[] = [
  [72, 52, 125],
  [112, 76, 155],
  [155, 110, 180],
  [200, 130, 190],
  [225, 160, 205],
  [240, 215, 235],
  [246, 244, 244],
];

/** Colours that stand out from it and from each other, in the order that they are given out. */
const STAND_INS: readonly Rgb[] = [
  [0, 205, 130],
  [255, 196, 0],
  [0, 170, 235],
  [255, 120, 30],
  [150, 220, 40],
];

/** OKLab distances below these are hard to tell apart as thin lines. */
const LOST_BELOW = 0.12;
const ALIKE_BELOW = 0.1;

/**
 * The colours that classes are drawn in: their own where it shows on H&E, else one that does and that
 * no other class has. The file keeps its colours.
 */
export function visibleColors(classes: readonly { readonly color: Rgb }[]): Rgb[] {
  const isLost = (color: Rgb) => STAIN.some((stain) => distance(stain, color) < LOST_BELOW);
  const taken = classes.map(({ color }) => color).filter((color) => !isLost(color));
  let given = 0;
  return classes.map(({ color }) => {
    if (!isLost(color)) return color;
    const free = STAND_INS.find((c) => taken.every((other) => distance(c, other) >= ALIKE_BELOW));
    const stand = free ?? STAND_INS[given % STAND_INS.length]!;
    given++;
    taken.push(stand);
    return stand;
  });
}

function distance(one: Rgb, other: Rgb): number {
  const [a, b] = [toOklab(one), toOklab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
