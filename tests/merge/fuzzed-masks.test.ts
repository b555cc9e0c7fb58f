import { describe, expect, it } from "vitest";
import { polygonArea } from "../../src/geometry.ts";
import { maskPolygons } from "../../src/merge/contour.ts";
import { outlineOf } from "../../src/merge/outline.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import { polygonFault, roundedFault } from "../../src/polygon-validity.ts";
import { rasterise } from "./canvas.ts";
import { fuzzedMasks, maskOf } from "./fuzzed-masks.ts";

/** A few in every run; MICROTOME_FUZZ=10000 for all of them. */
const COUNT = Number(process.env.MICROTOME_FUZZ ?? 300);

describe("masks that no model would draw", () => {
  it("become valid polygons of their area and come back pixel by pixel", {
    timeout: 900_000,
  }, () => {
    const seen: Record<string, number> = {};
    const outlines: Record<string, number> = {};
    for (const { kind, spans, downsample } of fuzzedMasks(COUNT)) {
      seen[kind] = (seen[kind] ?? 0) + 1;
      const parts = connectedParts(spans);
      for (const [i, polygon] of maskPolygons(spans).entries()) {
        const part = parts[i]!;
        if (polygonFault(polygon) !== null) throw new Error(`${kind} is not valid`);
        expect(polygonArea(polygon)).toBe(part.area);
        expect(maskOf(rasterise(polygon))).toEqual(part);
        const outline = outlineOf(part, downsample);
        if (roundedFault(outline.polygon) !== null)
          throw new Error(`outline of ${kind} is not valid`);
        outlines[outline.kind] = (outlines[outline.kind] ?? 0) + 1;
      }
    }
    if (process.env.MICROTOME_FUZZ) console.info(JSON.stringify({ seen, outlines }));
    expect(Object.keys(seen)).toHaveLength(6);
    expect(outlines.smooth).toBeGreaterThan(COUNT / 2);
  });
});
