import { describe, expect, it } from "vitest";
import type { Candidate } from "../../src/segment/candidate.ts";
import { encodeTight, paintRle } from "../../src/segment/rle.ts";
import { tidySmallRegions } from "../../src/segment/small-regions.ts";
import { golden } from "./toy.ts";

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly {
    readonly leastPx: number;
    readonly mask: string;
    readonly tidy: string;
    readonly changed: boolean;
  }[];
}

const bits = (text: string) => Uint8Array.from(text, Number);

const candidate = (data: Uint8Array, width: number, height: number): Candidate => ({
  ...encodeTight(data, width, height, 0, 0)!,
  predictedIou: 0.5,
  stabilityScore: 1,
  point: { x: 0, y: 0 },
});

const painted = (mask: Candidate, width: number, height: number) => {
  const data = new Uint8Array(width * height);
  paintRle(mask, data, { x: 0, y: 0, width, height });
  return data;
};

describe("tidySmallRegions", async () => {
  const { width, height, cases } = await golden<Golden>("small-regions.json");

  it.each(cases.map((c, i) => ({ ...c, i })))(
    "gives the reference's mask (case $i)",
    ({ mask, tidy, leastPx }) => {
      const before = candidate(bits(mask), width, height);
      const [after] = tidySmallRegions([before], { width, height }, leastPx, 0.7);
      expect(painted(after!, width, height)).toEqual(bits(tidy));
    },
  );

  it("the cases hold changed and unchanged masks", () => {
    expect(new Set(cases.map(({ changed }) => changed))).toEqual(new Set([true, false]));
  });

  it("drops doubles in favour of those that needed no change, whatever their order", () => {
    const plain = new Uint8Array(width * height);
    for (let y = 4; y < 14; y++) plain.fill(1, y * width + 5, y * width + 17);
    const pierced = Uint8Array.from(plain);
    pierced[8 * width + 10] = 0;
    const [a, b] = [candidate(pierced, width, height), candidate(plain, width, height)];
    expect(tidySmallRegions([a, b], { width, height }, 5, 0.7)).toEqual([b]);
    expect(tidySmallRegions([a], { width, height }, 5, 0.7)[0]!.area).toBe(120);
    expect(tidySmallRegions([a], { width, height }, 1, 0.7)).toEqual([a]);
  });
});
