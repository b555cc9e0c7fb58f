import { describe, expect, test } from "vitest";
import type { Box, Point } from "../../src/geometry.ts";
import { clickKey, planClick } from "../../src/pipeline/plan-click.ts";
import { TASKS } from "../../src/scales/tasks.ts";
import { type Prompt, pointPrompt } from "../../src/segment/prompt.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { toySpec } from "../segment/toy.ts";

const WIDTH = 10_000;
const HEIGHT = 7_001;
const SPEC = toySpec("window");
const SMALL = 448;

/** A slide whose pixels nobody reads. */
function slideOf(mpp: number): Slide {
  const size = { width: WIDTH, height: HEIGHT };
  const level = { index: 0, size, downsample: 1, tileSize: { width: 256, height: 256 } };
  return {
    path: "made.tif",
    vendor: "generic-tiff",
    size,
    mpp: { x: mpp, y: mpp, source: "vendor" },
    objectivePower: null,
    levels: [level],
    associated: [],
    backend: "native",
    bounds: null,
    iccProfile: null,
    channels: null,
    readRegion: () => Promise.reject(new Error("nobody reads")),
    readRawTile: async () => null,
    close: async () => {},
  };
}

const plan = (prompt: Prompt, mpp = 0.25, anySize = true) =>
  planClick(slideOf(mpp), TASKS.nuclei, { spec: SPEC, anySize }, prompt);
const patchAt = (x: number, y: number) => plan(pointPrompt({ x, y })).patch.gridBox;

/** How far a point lies inside a patch, along the axis where that is least, the slide's own edges apart. */
function depth({ x, y, width, height }: Box, at: Point): number {
  return Math.min(
    x === 0 ? Infinity : at.x - x,
    y === 0 ? Infinity : at.y - y,
    x + width === WIDTH ? Infinity : x + width - at.x,
    y + height === HEIGHT ? Infinity : y + height - at.y,
  );
}

describe("the patch of a click", () => {
  test("holds all that lies within half the overlap of the click, wherever it is", () => {
    for (let i = 0; i <= 500; i++) {
      const at = { x: (i * 7919) % (WIDTH + 1), y: (i * 104_729) % (HEIGHT + 1) };
      const box = patchAt(at.x, at.y);
      expect(depth(box, at)).toBeGreaterThanOrEqual(TASKS.nuclei.overlap / 2);
      expect([box.width, box.height]).toEqual([SMALL, SMALL]);
      expect(box.x >= 0 && box.y >= 0).toBe(true);
      expect(box.x + SMALL <= WIDTH && box.y + SMALL <= HEIGHT).toBe(true);
    }
  });

  test("is shared by clicks beside each other, and there are few", () => {
    expect(patchAt(5000, 3000)).toEqual(patchAt(5040, 3040));
    const starts = new Set<number>();
    for (let x = 0; x <= WIDTH; x++) starts.add(patchAt(x, 100).x);
    const step = SMALL - TASKS.nuclei.overlap;
    expect(starts.size).toBe(Math.ceil((WIDTH - SMALL) / step) + 1);
  });

  test("has the prompt in its own frame, at the task's scale", () => {
    const { patch, prompt, scale, valid } = plan(pointPrompt({ x: 4001, y: 3003 }), 0.125);
    expect(scale.gridDownsample).toBe(2);
    expect(prompt.points[0]).toEqual({
      x: 4001 / 2 - patch.gridBox.x,
      y: 3003 / 2 - patch.gridBox.y,
      label: 1,
    });
    expect(patch.box).toEqual({
      x: patch.gridBox.x * 2,
      y: patch.gridBox.y * 2,
      width: 2 * SMALL,
      height: 2 * SMALL,
    });
    expect(valid).toEqual({ x: 0, y: 0, width: SMALL, height: SMALL });
  });

  test("is a larger one for a box that does not fit, which it holds with a margin", () => {
    for (let i = 0; i < 300; i++) {
      const side = 20 + ((i * 37) % 380);
      const x = (i * 7919) % (WIDTH - side);
      const y = (i * 104_729) % (HEIGHT - side);
      const { patch } = plan({ points: [], box: { x, y, width: side, height: side } });
      expect([SMALL, 2 * SMALL]).toContain(patch.gridBox.width);
      for (const corner of [
        { x, y },
        { x: x + side, y: y + side },
      ]) {
        expect(depth(patch.gridBox, corner)).toBeGreaterThanOrEqual(16);
      }
    }
  });

  test("of a model of one size has that size", () => {
    const spec = toySpec("sam-meta");
    const at = pointPrompt({ x: 5000, y: 3000 });
    const model = { spec, anySize: false };
    expect(planClick(slideOf(0.25), TASKS.nuclei, model, at).patch.gridBox.width).toBe(1024);
  });

  test("is refused to a box larger than any", () => {
    const box = { x: 100, y: 100, width: 1200, height: 20 };
    expect(() => plan({ points: [], box })).toThrow("at most 112 µm from side to side");
  });

  test("sticks out of a slide that is smaller, and says what of it is slide", () => {
    const small = { ...slideOf(0.25), size: { width: 300, height: 200 } };
    const { patch, valid } = planClick(
      small,
      TASKS.nuclei,
      { spec: SPEC, anySize: true },
      pointPrompt({ x: 299, y: 199 }),
    );
    expect(patch.gridBox).toMatchObject({ x: 0, y: 0, width: SMALL });
    expect(valid).toEqual({ x: 0, y: 0, width: 300, height: 200 });
  });
});

test("an embedding's name tells apart whatever decides it, and only that", () => {
  const slide = slideOf(0.25);
  const at = (x: number) => plan(pointPrompt({ x, y: 3000 }));
  const name = clickKey(at(5000), slide, "print", SPEC);
  expect(name).toMatch(/^[0-9a-f]{64}$/);
  expect(clickKey(at(5010), slide, "print", SPEC)).toBe(name);
  const others = [
    clickKey(at(6000), slide, "print", SPEC),
    clickKey(at(5000), slide, "other", SPEC),
    clickKey(at(5000), { ...slide, backend: "openslide 4.0.1" }, "print", SPEC),
    clickKey(at(5000), slide, "print", { ...SPEC, sha256: "1" }),
    clickKey(at(5000), slide, "print", { ...SPEC, preprocess: "medsam" }),
    clickKey({ ...at(5000), scale: { ...at(5000).scale, resample: 0.5 } }, slide, "print", SPEC),
  ];
  expect(new Set([name, ...others]).size).toBe(1 + others.length);
});
