import { describe, expect, test } from "vitest";
import { fromOklch, RAMP_STEPS, rampStep } from "../../src/viewer/color-ramp.ts";
import { readAddress, writeAddress } from "../../src/viewer/page-address.ts";
import {
  formatMagnification,
  formatSeconds,
  formatValue,
  labelOf,
} from "../../src/viewer/quantities.ts";

describe("labelOf", () => {
  test.each([
    ["Area µm^2", "Area", "µm²"],
    ["Nucleus: Area µm^2", "Nucleus: Area", "µm²"],
    ["Perimeter µm", "Perimeter", "µm"],
    ["Max diameter (um)", "Max diameter", "µm"],
    ["Length px", "Length", "px"],
    ["Circularity", "Circularity", ""],
    ["Predicted IoU", "Predicted IoU", ""],
    ["Maximum", "Maximum", ""],
  ])("%s is %s in %s", (name, label, unit) => {
    expect(labelOf(name)).toEqual({ label, unit });
  });
});

test.each([
  [0.25432, "0.254"],
  [12.345, "12.35"],
  [123.45, "123.5"],
  [12345.6, "12,346"],
  [0, "0"],
  [Number.NaN, "–"],
])("formatValue(%f) is %s", (value, text) => {
  expect(formatValue(value)).toBe(text);
});

test.each([
  [40, "40x"],
  [39.96, "40x"],
  [2.5, "2.5x"],
  [0.313, "0.31x"],
])("formatMagnification(%f) is %s", (value, text) => {
  expect(formatMagnification(value)).toBe(text);
});

test.each([
  [4.04, "4.0 s"],
  [59.9, "60 s"],
  [119.6, "2 min 0 s"],
  [3725, "1 h 2 min"],
])("formatSeconds(%f) is %s", (value, text) => {
  expect(formatSeconds(value)).toBe(text);
});

test("the page's address survives being written and read", () => {
  const address = { item: "aB-_9", place: { x: 1200, y: 900, scale: 0.5 } };
  expect(readAddress(writeAddress(address))).toEqual(address);
});

test.each(["", "#", "#item=", "#x=1&y=2", "#x=a&y=2&scale=1", "#x=1&y=2&scale=0"])(
  "an address without a whole place has none: %s",
  (hash) => {
    expect(readAddress(hash).place).toBeNull();
  },
);

// The sRGB primaries' coordinates in OKLCH, e.g. oklch(62.8% 0.2577 29.23) is CSS red.
test.each([
  [
    [1, 0, 0],
    [255, 255, 255],
  ],
  [
    [0, 0, 0],
    [0, 0, 0],
  ],
  [
    [0.62796, 0.25768, 29.2339],
    [255, 0, 0],
  ],
  [
    [0.86644, 0.29483, 142.4953],
    [0, 255, 0],
  ],
  [
    [0.45201, 0.31321, 264.052],
    [0, 0, 255],
  ],
] as const)("OKLCH %j is RGB %j", ([l, c, h], expected) => {
  const color = fromOklch(l, c, h);
  color.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1);
  });
});

test("values outside of the ramp's ends take its end colours, and NaN none", () => {
  expect(rampStep(-5, 0, 1)).toBe(0);
  expect(rampStep(5, 0, 1)).toBe(RAMP_STEPS - 1);
  expect(rampStep(0.5, 0, 1)).toBe(RAMP_STEPS / 2);
  expect(rampStep(Number.NaN, 0, 1)).toBe(-1);
});
