import { describe, expect, it } from "vitest";
import { slidePart } from "../../src/segment/slide-part.ts";

const image = {
  width: 3,
  height: 2,
  data: Uint8Array.from({ length: 18 }, (_, i) => i),
};

describe("slidePart", () => {
  it("cuts what lies right of and below the slide, rows kept apart", () => {
    const part = slidePart(image, { x: 0, y: 0, width: 2, height: 2 });
    expect(part).toEqual({
      width: 2,
      height: 2,
      data: Uint8Array.from([0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14]),
    });
  });

  it("leaves a whole patch alone, and one whose corner would move", () => {
    expect(slidePart(image, { x: 0, y: 0, width: 3, height: 2 })).toBe(image);
    expect(slidePart(image, { x: 1, y: 0, width: 2, height: 2 })).toBe(image);
  });
});
