import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tileMeets, tilesInView, zoomFor } from "../../src/viewer/tile-cover.ts";

const SIDE = 1024;
const SLIDE = { width: 46_000, height: 32_914 };

describe("zoomFor", () => {
  test.each([
    [0.1, 0],
    [1, 0],
    [1.99, 0],
    [2, 1],
    [8, 3],
    [1000, 6],
  ])("a screen pixel of %f level-0 px is zoom %i", (pixel, zoom) => {
    expect(zoomFor(pixel, 6)).toBe(zoom);
  });
});

describe("tilesInView", () => {
  test("every point on screen and on the slide lies in exactly one tile", () => {
    const view = fc.record({
      x: fc.double({ min: -5000, max: 45_000, noNaN: true }),
      y: fc.double({ min: -5000, max: 32_000, noNaN: true }),
      width: fc.double({ min: 10, max: 60_000, noNaN: true }),
      height: fc.double({ min: 10, max: 60_000, noNaN: true }),
      pixel: fc.double({ min: 0.1, max: 60, noNaN: true }),
    });
    const share = fc.double({ min: 0, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(view, share, share, (v, shareX, shareY) => {
        const [x, y] = [v.x + shareX * v.width, v.y + shareY * v.height];
        fc.pre(x >= 0 && y >= 0 && x < SLIDE.width && y < SLIDE.height);
        const z = zoomFor(v.pixel, 6);
        const step = SIDE * 2 ** z;
        const tiles = tilesInView(v, z, SIDE, SLIDE);
        const holding = tiles.filter(
          (t) => t.x === Math.floor(x / step) && t.y === Math.floor(y / step),
        );
        expect(holding).toHaveLength(1);
        expect(
          tiles.every(
            (tile) =>
              tileMeets(tile, v, SIDE) ||
              tile.x * step === v.x + v.width ||
              tile.y * step === v.y + v.height,
          ),
        ).toBe(true);
      }),
    );
  });

  test("the tile in the middle comes first", () => {
    const view = { x: 0, y: 0, width: 5 * SIDE, height: 3 * SIDE, pixel: 1 };
    expect(tilesInView(view, 0, SIDE, SLIDE)[0]).toEqual({ z: 0, x: 2, y: 1 });
  });

  test("a view beside the slide needs none", () => {
    const view = { x: -900, y: 0, width: 800, height: 800, pixel: 1 };
    expect(tilesInView(view, 0, SIDE, SLIDE)).toEqual([]);
  });
});
