import { describe, expect, it } from "vitest";
import { isValidPolygon, polygonFault, roundedFault } from "../../src/merge/validity.ts";
import cases from "../cases/geojson/validity.json" with { type: "json" };

describe("polygon validity", () => {
  it.each(cases)("$name: $fault", ({ rings, fault }) => {
    const [outer, ...holes] = rings.map((ring) => ring.flat());
    const polygon = { outer: outer!, holes };
    expect(polygonFault(polygon)).toBe(fault);
    // The same in the other direction, and far out on a large slide.
    const reversed = (ring: number[]): number[] =>
      ring.map((_, i) => ring[ring.length - 2 - (i - (i % 2)) + (i % 2)]!);
    expect(polygonFault({ outer: reversed(outer!), holes: holes.map(reversed) })).toBe(fault);
    const far = (ring: number[]): number[] => ring.map((value) => value + 20_000_000);
    expect(polygonFault({ outer: far(outer!), holes: holes.map(far) })).toBe(fault);
  });

  it("finds the same faults among many edges as among few", () => {
    const circle = Array.from({ length: 400 }, (_, i) => {
      const angle = (i / 400) * 2 * Math.PI;
      return [Math.round(100_000 * Math.cos(angle)), Math.round(100_000 * Math.sin(angle))];
    });
    expect(polygonFault({ outer: circle.flat(), holes: [] })).toBeNull();
    const swapped = [...circle];
    [swapped[100], swapped[101]] = [swapped[101]!, swapped[100]!];
    expect(polygonFault({ outer: swapped.flat(), holes: [] })).toBe("self-intersection");
  });

  it("judges after rounding to 0.01", () => {
    const thin = { outer: [0, 0, 10, 0, 10, 0.004], holes: [] };
    expect(polygonFault(thin)).toBeNull();
    expect(roundedFault(thin)).toBe("too-few-points");
    expect(isValidPolygon(thin)).toBe(false);
    expect(isValidPolygon({ outer: [0, 0, 10, 0, 10, 0.006], holes: [] })).toBe(true);
    expect(roundedFault({ outer: [0, 0, Number.NaN, 0, 1, 1], holes: [] })).toBe("not-finite");
  });
});
