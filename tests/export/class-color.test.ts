import { expect, it } from "vitest";
import { statedColor } from "../../src/export/class-color.ts";

it.each([
  [{ name: "Tumor", color: [200, 0, 0] }, [200, 0, 0]],
  [{ name: "Tumor", color: [200, 0, 0, 128] }, [200, 0, 0]],
  // QuPath 0.2: 0xffc80000 as a signed whole number of 32 bits.
  [{ name: "Tumor", colorRGB: -3670016 }, [200, 0, 0]],
  [{ name: "Tumor", color: 0x0a0b0c }, [10, 11, 12]],
  [{ name: "Tumor", color: [200, 0] }, null],
  [{ name: "Tumor", color: [256, 0, 0] }, null],
  [{ name: "Tumor" }, null],
  ["Tumor", null],
  [null, null],
])("the colour of %j is %j", (classification, color) => {
  expect(statedColor(classification)).toEqual(color);
});
