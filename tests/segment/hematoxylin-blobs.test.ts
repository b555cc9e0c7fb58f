import { describe, expect, it } from "vitest";
import { hematoxylinAuto, hematoxylinBlobs } from "../../src/segment/hematoxylin-blobs.ts";
import { SAM_GRID_DEFAULTS } from "../../src/segment/model-json.ts";
import { mapPeaks } from "../../src/segment/prompts.ts";
import type { StainEstimate } from "../../src/stain.ts";
import { forDisc, job, plain, toySegmenter, toySettings, toySpec } from "./toy.ts";

/** 256·10^(−OD) − 1: one unit of hematoxylin and a half of eosin, by Ruifrok & Johnston's vectors. */
const NUCLEUS = [52, 15, 115];
/** Half a unit of eosin. */
const STROMA = [235, 81, 225];
const CENTRES = [
  { x: 40, y: 40 },
  { x: 66, y: 44 },
  { x: 100, y: 90 },
];

const field = () => {
  const image = plain(128, 128, STROMA);
  for (const { x, y } of CENTRES) {
    forDisc(128, 128, x, y, 11, (at) => image.data.set(NUCLEUS, at * 3));
  }
  return image;
};

const everywhere = {
  patch: { width: 128, height: 128 },
  allow: null,
  valid: { x: 0, y: 0, width: 128, height: 128 },
};

const peaksOf = (mpp: number, stain: StainEstimate | null = null) => {
  const { objectnessThreshold, peakRadiusPx } = hematoxylinAuto(SAM_GRID_DEFAULTS, mpp);
  const map = hematoxylinBlobs(field(), mpp, stain);
  return mapPeaks(map, objectnessThreshold, peakRadiusPx, everywhere);
};

const expectCentres = (peaks: readonly { readonly x: number; readonly y: number }[]) => {
  expect(peaks).toHaveLength(CENTRES.length);
  for (const { x, y } of CENTRES) {
    const nearest = Math.min(...peaks.map((peak) => Math.hypot(peak.x - x, peak.y - y)));
    expect(nearest).toBeLessThan(4);
  }
};

describe("blobs of hematoxylin", () => {
  it("are one a nucleus, at its centre, and none in stroma", () => {
    expectCentres(peaksOf(0.25));
    const map = hematoxylinBlobs(plain(64, 64, STROMA), 0.25, null);
    expect(Math.max(...map.data)).toBeCloseTo(0, 4);
  });

  it("are looked for at the size of nuclei", () => {
    // The same picture at a third of the scale: discs of 1.8 µm are specks that are told from their surroundings less.
    const [near, far] = [0.25, 0.08].map((mpp) => hematoxylinBlobs(field(), mpp, null));
    expect(near!.cellPx).toBe(2);
    expect(far!.cellPx).toBe(6);
    expect(Math.max(...far!.data)).toBeLessThan(0.6 * Math.max(...near!.data));
  });

  it("are unmixed with the slide's own vectors where they are known", () => {
    const swapped: StainEstimate = {
      method: "macenko",
      pixels: 1,
      white: [255, 255, 255],
      hematoxylin: [0.07, 0.99, 0.11],
      eosin: [0.65, 0.7, 0.29],
      most: [1, 1],
    };
    // With the stains exchanged nothing tells the nuclei: they hold as much eosin as the stroma does.
    expect(peaksOf(0.25, swapped)).toEqual([]);
  });

  it("prompt a model of any contract in its automatic mode", async () => {
    const spec = toySpec("sam-hf");
    const settings = toySettings(
      spec,
      {},
      { predictedIouThreshold: 0, stabilityScoreThreshold: 0 },
    );
    const auto = hematoxylinAuto(settings.grid, 0.25);
    const segmenter = await toySegmenter({ ...settings, auto, mpp: 0.25 });
    const { masks, prompts } = await segmenter.segment(job(field()));
    expect(prompts).toBe(3);
    expect(masks.length).toBeGreaterThan(0);
    for (const { point } of masks) {
      expect(
        Math.min(...CENTRES.map((c) => Math.hypot(c.x - point.x, c.y - point.y))),
      ).toBeLessThan(4);
    }
  });
});
