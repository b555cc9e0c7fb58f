import { describe, expect, test } from "vitest";
import { TASKS } from "../../src/scales/tasks.ts";
import { visibleColors } from "../../src/viewer/class-colors.ts";
import type { Rgb } from "../../src/viewer/color-ramp.ts";

const of = (...colors: Rgb[]) => visibleColors(colors.map((color) => ({ color })));

describe("visibleColors", () => {
  test("keeps colours that show on H&E", () => {
    const kept: Rgb[] = [
      [200, 0, 0],
      [0, 130, 200],
      [20, 170, 90],
      [255, 200, 0],
    ];
    expect(of(...kept)).toEqual(kept);
  });

  test("keeps the nuclei task's own, so that the page and QuPath show one colour", () => {
    expect(of(TASKS.nuclei.color)).toEqual([TASKS.nuclei.color]);
  });

  test.each([
    ["hematoxylin", [90, 62, 140]],
    ["eosin", [225, 160, 205]],
    ["glass", [245, 243, 244]],
  ] as const)("puts another in the place of %s", (_, color) => {
    const [shown] = of(color);
    expect(shown).not.toEqual(color);
  });

  test("classes that are replaced differ from all others", () => {
    const shown = of([160, 90, 160], [225, 160, 205], [0, 200, 125], [90, 62, 140]);
    expect(new Set(shown.map(String)).size).toBe(4);
    expect(shown[2]).toEqual([0, 200, 125]);
  });

  test("there are as many colours as classes, however many are lost", () => {
    const lost = Array.from({ length: 9 }, (): Rgb => [160, 90, 160]);
    expect(of(...lost)).toHaveLength(9);
  });
});
