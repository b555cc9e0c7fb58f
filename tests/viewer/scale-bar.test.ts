import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scaleBar } from "../../src/viewer/scale-bar.ts";

describe("scaleBar", () => {
  test.each([
    // CSS px per level-0 px, µm per level-0 px, label, CSS px
    [1, 0.25, "20 µm", 80],
    [0.5, 0.25, "50 µm", 100],
    [0.01, 0.25, "2 mm", 80],
    [8, 0.25, "5 µm", 160],
    [1, null, "100 px", 100],
  ])("at %f px, %s µm/px it says %s", (scale, mpp, label, length) => {
    const bar = scaleBar(scale, mpp, 180);
    expect(bar.label).toBe(label);
    expect(bar.length).toBeCloseTo(length, 6);
  });

  test("it fits, and fills at least two fifths of the room", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-4, max: 10, noNaN: true }),
        fc.double({ min: 0.05, max: 5, noNaN: true }),
        (scale, mpp) => {
          const { length } = scaleBar(scale, mpp, 180);
          expect(length).toBeLessThanOrEqual(180.0001);
          expect(length).toBeGreaterThan(71.9);
        },
      ),
    );
  });
});
