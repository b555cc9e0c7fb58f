import { describe, expect, it } from "vitest";
import { meanHematoxylinOd } from "../../src/segment/hematoxylin.ts";
import { encodeRle } from "../../src/segment/rle.ts";
import { golden, plain } from "./toy.ts";

const over = (width: number, height: number, mask: ArrayLike<number>) => ({
  rle: encodeRle(Uint8Array.from(mask), width, 0, 0, width, height),
  box: { x: 0, y: 0, width, height },
});

describe("meanHematoxylinOd", () => {
  it("equals numpy's pseudo-inverse", async () => {
    const { width, height, rgb, mask, mean } = await golden<{
      width: number;
      height: number;
      rgb: number[];
      mask: number[];
      mean: number;
    }>("hematoxylin.json");
    const image = { data: Uint8Array.from(rgb), width, height };
    expect(meanHematoxylinOd(image, over(width, height, mask))).toBeCloseTo(mean, 10);
  });

  it("is 0 on white and on an empty mask, and larger for hematoxylin than for eosin", () => {
    const all = over(2, 2, [1, 1, 1, 1]);
    expect(meanHematoxylinOd(plain(2, 2, [255, 255, 255]), all)).toBeCloseTo(0, 12);
    expect(meanHematoxylinOd(plain(2, 2, [80, 60, 140]), over(2, 2, [0, 0, 0, 0]))).toBe(0);
    const blue = meanHematoxylinOd(plain(2, 2, [80, 60, 140]), all);
    const pink = meanHematoxylinOd(plain(2, 2, [240, 150, 220]), all);
    expect(blue).toBeGreaterThan(4 * Math.abs(pink));
  });
});
