import type { Box } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import type { Patch, PlannedPatch } from "./patch.ts";
import { readPatch } from "./read-patch.ts";
import { levelReads } from "./read-scaled.ts";
import type { AnnouncedReads, Slide } from "./slide.ts";

/** How patches are read one after the other. */
export interface ReadPatchesOptions {
  /** Patches that are being read while one is used; 2 unless told otherwise. */
  readonly ahead?: number;
  readonly signal?: AbortSignal;
}

/**
 * Tells a slide which patches will be read, so that each stored tile is decoded once for all of them.
 *
 * For whoever reads them on their own, in whatever order; call `end` when done with them.
 */
export function announcePatches(
  slide: Slide,
  scale: Scale,
  patches: readonly PlannedPatch[],
): AnnouncedReads {
  const boxes = patches.flatMap(({ gridBox }): readonly Box[] => levelReads(slide, scale, gridBox));
  return slide.announceReads?.(scale.level, boxes) ?? { end: () => {} };
}

/**
 * Reads patches in their order, the next ones while one is used; each stored tile is decoded once.
 *
 * Holds the patch given out, those ahead, and within the cache's limit the tiles that later patches
 * share with earlier ones. Throws CorruptSlideError at the patch that is damaged; rejects with the
 * signal's reason.
 */
export async function* readPatches(
  slide: Slide,
  scale: Scale,
  patches: readonly PlannedPatch[],
  { ahead = 2, signal }: ReadPatchesOptions = {},
): AsyncGenerator<Patch, void, void> {
  const reads = announcePatches(slide, scale, patches);
  const coming: Promise<Patch>[] = [];
  let next = 0;
  try {
    while (next < patches.length || coming.length > 0) {
      while (next < patches.length && coming.length <= ahead) {
        const reading = readPatch(slide, scale, patches[next++]!, signal);
        reading.catch(() => {}); // It is thrown when its turn comes.
        coming.push(reading);
      }
      yield await coming.shift()!;
    }
  } finally {
    await Promise.allSettled(coming);
    reads.end();
  }
}
