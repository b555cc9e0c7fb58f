import type { FoundTissue } from "../src/tiler/tissue.ts";
import type { TissueCase } from "./tissue-cases.ts";

/** How well a case's tissue was found; pixels of the case. */
export interface TissueFigures {
  /** 1 where there is no tissue and none was found. */
  readonly iou: number;
  /** Share of the tissue inside the mask that patches are planned by. */
  readonly recall: number;
  /** Share of the ink on bare glass that was taken for tissue, or null where there is none. */
  readonly inkKept: number | null;
}

/** Compares what was found with the painted truth. */
export function scoreTissue(found: FoundTissue, painted: TissueCase): TissueFigures {
  const { width, height, tissue, ink } = painted;
  let [both, either, truth, planned, onGlass, kept] = [0, 0, 0, 0, 0, 0];
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y + 0.5) / found.downsampleY) * found.width;
    for (let x = 0; x < width; x++, i++) {
      const cell = row + Math.floor((x + 0.5) / found.downsampleX);
      const [is, was] = [tissue[i] === 1, found.tight[cell] === 1];
      if (is && was) both++;
      if (is || was) either++;
      if (is) truth++;
      if (is && found.data[cell] === 1) planned++;
      if (ink[i] === 1 && !is) onGlass++;
      if (ink[i] === 1 && !is && was) kept++;
    }
  }
  return {
    iou: either === 0 ? 1 : both / either,
    recall: truth === 0 ? 1 : planned / truth,
    inkKept: onGlass === 0 ? null : kept / onGlass,
  };
}
