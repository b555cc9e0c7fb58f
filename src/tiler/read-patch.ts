import type { Scale } from "../scales/scale.ts";
import type { Patch, PlannedPatch } from "./patch.ts";
import { readScaled } from "./read-scaled.ts";
import type { Slide } from "./slide.ts";

/** Reads a planned patch's pixels. Throws CorruptSlideError; rejects with the signal's reason on abort. */
export async function readPatch(
  slide: Slide,
  scale: Scale,
  planned: PlannedPatch,
  signal?: AbortSignal,
): Promise<Patch> {
  const image = await readScaled(slide, scale, planned.gridBox, signal);
  return { ...planned, scale, image };
}
