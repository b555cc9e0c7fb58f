import { Random } from "../../samples/painter/random.ts";
import { selectScale } from "../../src/scales/select-scale.ts";
import { planPatches } from "../../src/tiler/plan-patches.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import type { BoxTuple, ReadJob } from "./job.ts";

/** A way of reading a slide. */
export interface ReadCase {
  readonly name: string;
  /** Megapixels that one job delivers: regions' own pixels, or for a pass the slide's. */
  readonly megapixels: number;
  /** Each round's job has boxes of its own; all contenders of a round get the same. */
  job(round: number): Omit<ReadJob, "slide" | "streams" | "hash">;
  readonly isPass: boolean;
}

export const CASE_NAMES = ["native", "10x", "1.25x", "pass"] as const;

export type CaseName = (typeof CASE_NAMES)[number];

const SIDE = 1024;
const OVERLAP = 128;

/** The case of a name on a slide. */
export function readCase(name: CaseName, slide: Slide, seed: number): ReadCase {
  switch (name) {
    case "native":
      return regions(`${SIDE}² at level 0`, slide, 0, 24, seed);
    case "1.25x":
      return regions(`${SIDE}² at 1.25x`, slide, selectScale(slide, 8).level, 12, seed);
    case "10x":
      return scaled(slide, 1, 8, seed);
    case "pass":
      return pass(slide);
  }
}

function regions(name: string, slide: Slide, level: number, count: number, seed: number): ReadCase {
  const { width, height } = slide.levels[level]!.size;
  return {
    name,
    megapixels: (count * SIDE * SIDE) / 1e6,
    isPass: false,
    job: (round) => ({
      level,
      boxes: randomBoxes(seed + round, count, width, height),
      out: null,
      own: { kind: "region" },
    }),
  };
}

function scaled(slide: Slide, mpp: number, count: number, seed: number): ReadCase {
  const scale = selectScale(slide, mpp);
  const { width, height } = slide.levels[scale.level]!.size;
  const toLevel = 1 / scale.resample;
  return {
    name: `${SIDE}² at 10x`,
    megapixels: (count * SIDE * SIDE) / 1e6,
    isPass: false,
    job: (round) => {
      const across = Math.floor(width / toLevel);
      const down = Math.floor(height / toLevel);
      const boxes = randomBoxes(seed + round, count, across, down);
      const onLevel = boxes.map((box) => box.map((n) => Math.round(n * toLevel)));
      return {
        level: scale.level,
        boxes: onLevel as unknown as BoxTuple[],
        out: [SIDE, SIDE],
        own: { kind: "scaled", mpp, boxes },
      };
    },
  };
}

function pass(slide: Slide): ReadCase {
  const mpp = (slide.mpp!.x + slide.mpp!.y) / 2;
  const { patches } = planPatches({
    size: slide.size,
    scale: selectScale(slide, mpp),
    patchSize: SIDE,
    overlap: OVERLAP,
    region: null,
    tissue: null,
  });
  const boxes = patches.map(
    ({ gridBox: { x, y, width, height } }): BoxTuple => [x, y, width, height],
  );
  return {
    name: `full pass, ${SIDE}² patches, overlap ${OVERLAP}`,
    megapixels: (slide.size.width * slide.size.height) / 1e6,
    isPass: true,
    job: () => ({
      level: 0,
      boxes,
      out: null,
      own: { kind: "pass", patchSize: SIDE, overlap: OVERLAP },
    }),
  };
}

/** Boxes at any pixel, not at tiles' corners. */
function randomBoxes(seed: number, count: number, width: number, height: number): BoxTuple[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => [
    random.integer(0, width - SIDE),
    random.integer(0, height - SIDE),
    SIDE,
    SIDE,
  ]);
}
