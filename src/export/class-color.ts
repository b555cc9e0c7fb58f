import type { TaskSpec } from "../scales/scale.ts";
import { isColor } from "./check-feature.ts";
import { isObject } from "./check-rules.ts";

/** Colours that show on H&E and differ from that of a plain nucleus and from each other, colour-blind eyes included. */
const COLORS: Readonly<Record<string, TaskSpec["color"]>> = {
  Lymphocyte: [255, 196, 0],
  Epithelial: [230, 60, 40],
  Stromal: [0, 150, 255],
};

/** Colours that a file gives its classes, by their names: they go before those of {@link classColor}. */
export type ClassColors = ReadonlyMap<string, TaskSpec["color"]>;

/** The colour an object of a class is exported in; the same for a name wherever it appears. */
export function classColor(name: string): TaskSpec["color"] {
  const known = COLORS[name];
  if (known !== undefined) return known;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) % 0xffff;
  // Bright and saturated, wherever the name falls on the colour circle.
  const part = (shift: number) =>
    Math.round(140 + 115 * Math.cos((hash / 0xffff + shift) * 2 * Math.PI));
  return [part(0), part(1 / 3), part(2 / 3)];
}

/**
 * The colour of a classification in QuPath's GeoJSON, or null where it says none: `color` as [red, green, blue] or as one
 * whole number, or `colorRGB` of QuPath 0.2, which is such a number. Alpha is passed over.
 */
export function statedColor(classification: unknown): TaskSpec["color"] | null {
  if (!isObject(classification)) return null;
  const color = classification.color ?? classification.colorRGB;
  if (!isColor(color)) return null;
  if (typeof color === "number") return [(color >> 16) & 255, (color >> 8) & 255, color & 255];
  const [red, green, blue] = color;
  return [red!, green!, blue!];
}
