import { MissingMppError, UnsupportedSlideError } from "../errors.ts";
import type { Slide } from "../tiler/slide.ts";
import type { Scale, TaskSpec } from "./scale.ts";

/** A level this near to the target, relatively, is taken as it is: models bear it, resampling costs. */
const TOLERANCE = 0.05;

/** How far µm/px may differ between the axes before one number no longer describes a pixel. */
const ANISOTROPY = 0.05;

/** What the selector needs of a slide. */
export type ScaleInput = Pick<Slide, "levels" | "mpp" | "path">;

/**
 * Chooses the level to read and the resampling for a target µm/px (a task's, or a number).
 *
 * The coarsest level at or finer than the target (5 % tolerance) is read: within 5 % of the target
 * it is copied and `mpp` is the level's own, else its pixels are shrunk to the target. Where even
 * level 0 is coarser, it is enlarged and `upsampled` is true. Throws MissingMppError, and
 * UnsupportedSlideError for pixels that are far from square.
 */
export function selectScale(slide: ScaleInput, target: TaskSpec | number): Scale {
  const wanted = typeof target === "number" ? target : target.mpp;
  const base = slideMpp(slide);
  let level = slide.levels[0]!;
  for (const candidate of slide.levels) {
    const fineEnough = base * candidate.downsample <= wanted * (1 + TOLERANCE);
    if (fineEnough && candidate.downsample >= level.downsample) level = candidate;
  }
  const levelMpp = base * level.downsample;
  if (Math.abs(levelMpp / wanted - 1) <= TOLERANCE) {
    return {
      level: level.index,
      mpp: levelMpp,
      resample: 1,
      gridDownsample: level.downsample,
      upsampled: false,
    };
  }
  const resample = levelMpp / wanted;
  return {
    level: level.index,
    mpp: wanted,
    resample,
    gridDownsample: level.downsample / resample,
    upsampled: resample > 1,
  };
}

/** µm per level-0 px, one number for both axes (their mean). Throws as selectScale does. */
export function slideMpp(slide: Pick<Slide, "mpp" | "path">): number {
  const { mpp, path } = slide;
  if (!mpp) {
    throw new MissingMppError(
      `${path} does not say how large a pixel is; give it with --mpp N (µm per pixel at full resolution, e.g. --mpp 0.25 for a 40x scan, 0.5 for 20x).`,
      { path },
    );
  }
  const mean = (mpp.x + mpp.y) / 2;
  if (Math.abs(mpp.x - mpp.y) > ANISOTROPY * mean) {
    throw new UnsupportedSlideError(
      `${path} has pixels of ${mpp.x} × ${mpp.y} µm, which are not square (more than ${ANISOTROPY * 100} % apart); if that is wrong, give the true size with --mpp N.`,
      { path, x: mpp.x, y: mpp.y },
    );
  }
  return mean;
}

/**
 * The magnification that people call this µm/px, e.g. 0.25 → 40; for display only.
 *
 * By the convention that 40x is 0.25 and 20x is 0.5 µm/px, i.e. 10 / (µm/px). Scanners differ from
 * it (an Aperio's 40x is about 0.2525, as the MoNuSeg slides are), so scales are chosen in µm/px.
 */
export function objectiveFromMpp(mpp: number): number {
  return 10 / mpp;
}
