import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { stainNormaliser } from "../../src/segment/normalise-stain.ts";
import type { StainEstimate } from "../../src/stain.ts";
import { decodePicture } from "../../src/tiler/picture.ts";

const CASES = resolve(import.meta.dirname, "../cases/stain");
const goldens = JSON.parse(readFileSync(join(CASES, "goldens.json"), "utf8"));

const ESTIMATES: Record<string, StainEstimate> = {
  macenko: { method: "macenko", white: goldens.white, ...goldens.macenko },
  reinhard: { method: "reinhard", ...goldens.reinhard },
};

describe.each(["macenko", "reinhard"])("%s", (method) => {
  const normalise = stainNormaliser(ESTIMATES[method]!);

  it("differs from numpy's picture by rounding alone", async () => {
    const input = await decodePicture(join(CASES, "input.png"));
    const before = Uint8Array.from(input.data);
    const golden = await decodePicture(join(CASES, `${method}.png`));
    const found = normalise(input);
    expect([found.width, found.height]).toEqual([golden.width, golden.height]);
    const most = found.data.reduce(
      (max, value, i) => Math.max(max, Math.abs(value - golden.data[i]!)),
      0,
    );
    expect(most).toBeLessThanOrEqual(1);
    expect(Buffer.compare(input.data, before), "the picture given stays as it is").toBe(0);
    // The golden is another picture than the input: the test can fail.
    const moved = before.reduce((sum, value, i) => sum + Math.abs(value - golden.data[i]!), 0);
    expect(moved / before.length).toBeGreaterThan(3);
  });

  it("gives bytes for every colour, black and white too", () => {
    const corners = [0, 1, 128, 254, 255];
    const data = Uint8Array.from(
      corners.flatMap((r) => corners.flatMap((g) => corners.flatMap((b) => [r, g, b]))),
    );
    const found = normalise({ data, width: 125, height: 1 }).data;
    expect(found.length).toBe(375);
    expect(found.subarray(0, 3).every((value) => value < 40)).toBe(true);
    expect(found.subarray(372).every((value) => value > 200)).toBe(true);
  });
});
