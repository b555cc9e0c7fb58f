import { describe, expect, it } from "vitest";
import {
  isValidPolygon,
  polygonFault,
  polygonsFault,
  roundedFault,
  toHundredths,
} from "../../src/polygon-validity.ts";
import cases from "../cases/geojson/validity.json" with { type: "json" };
import { randomFrom } from "../merge/random.ts";

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

  it("finds the same fault by its short way and by every pair of edges", () => {
    const random = randomFrom(5);
    const seen = new Set<string>();
    for (let n = 0; n < 3000; n++) {
      const points = 3 + Math.floor(random() * 6);
      const jumble = n % 2 === 0;
      const ring = Array.from({ length: points }, (_, i) => {
        // Around the middle once or twice, or anywhere on a small grid: through the middle, back again.
        const angle = ((i + random()) / points) * 2 * Math.PI * (n % 4 === 1 ? 1 : 2);
        return jumble
          ? [Math.floor(random() * 4), Math.floor(random() * 4)]
          : [Math.round(20 * Math.cos(angle)), Math.round(20 * Math.sin(angle))];
      }).flat();
      const whole = toHundredths(ring.map((v) => v / 100));
      const fault = roundedFault({ outer: whole.map((v) => v / 100), holes: [] });
      expect(fault, String(whole)).toBe(polygonFault({ outer: whole, holes: [] }));
      seen.add(String(fault));
    }
    expect([...seen]).toEqual(expect.arrayContaining(["null", "spike", "self-intersection"]));
    const backThroughTheMiddle = [0, 1, 0, 2, 0, 0, 0, 1, 0, 2, 1, 2].map((v) => v / 100);
    expect(roundedFault({ outer: backThroughTheMiddle, holes: [] })).toBe("spike");
  });

  it("is exact far out and for very long edges", () => {
    // The third point lies off the line between the others by far less than a double can say.
    const far = 2 ** 40;
    const outer = [0, 0, far, far - 1, 2 * far, 2 * far - 2, far, far + 5];
    expect(polygonFault({ outer, holes: [] })).toBeNull();
    const pinched = [0, 0, 2 * far, 2 * far - 2, 2 * far, 3 * far, far, far - 1, 0, 3 * far];
    expect(polygonFault({ outer: pinched, holes: [] })).toBe("self-intersection");
    const open = [0, 0, 2 * far, 2 * far - 2, 2 * far, 3 * far, far, far, 0, 3 * far];
    expect(polygonFault({ outer: open, holes: [] })).toBeNull();
  });

  it("gives up on a polygon that would take minutes, by name", { timeout: 60_000 }, () => {
    // Long slanted teeth beside each other: every box meets every other, and no edge crosses.
    const teeth = 1200;
    const outer = Array.from({ length: teeth }, (_, i) => [
      20 * i,
      0,
      1_000_010 + 20 * i,
      1_000_000,
    ]).flat();
    outer.push(2_200_000, 1_000_000, 2_200_000, -10, 0, -10);
    expect(polygonFault({ outer, holes: [] })).toBe("too-complex");
  });

  describe("of several polygons", () => {
    const square = (x: number, y: number, side: number) => [
      x,
      y,
      x + side,
      y,
      x + side,
      y + side,
      x,
      y + side,
    ];
    const ring = { outer: square(0, 0, 10), holes: [square(2, 2, 6)] };
    const one = (outer: number[]) => ({ outer, holes: [] });
    it.each([
      {
        name: "beside each other",
        parts: [one(square(0, 0, 4)), one(square(5, 0, 4))],
        fault: null,
      },
      {
        name: "touching in a point",
        parts: [one(square(0, 0, 4)), one(square(4, 4, 4))],
        fault: null,
      },
      {
        name: "along an edge",
        parts: [one(square(0, 0, 4)), one(square(4, 0, 4))],
        fault: "parts-overlap",
      },
      {
        name: "across each other",
        parts: [one(square(0, 0, 4)), one(square(2, 2, 4))],
        fault: "parts-overlap",
      },
      {
        name: "the same twice",
        parts: [one(square(0, 0, 4)), one(square(0, 0, 4))],
        fault: "parts-overlap",
      },
      {
        name: "one inside the other",
        parts: [one(square(0, 0, 9)), one(square(3, 3, 2))],
        fault: "parts-overlap",
      },
      { name: "one in the other's hole", parts: [ring, one(square(4, 4, 2))], fault: null },
      {
        name: "one in the other's hole, named first",
        parts: [one(square(4, 4, 2)), ring],
        fault: null,
      },
      {
        name: "one filling the other's hole",
        parts: [ring, one(square(2, 2, 6))],
        fault: "parts-overlap",
      },
      {
        name: "one that is not valid itself",
        parts: [one(square(0, 0, 4)), one([9, 9, 12, 12])],
        fault: "too-few-points",
      },
    ])("$name: $fault", ({ parts, fault }) => {
      expect(polygonsFault(parts)).toBe(fault);
    });
  });
});
