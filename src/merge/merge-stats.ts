/** What happened at the seams of a run; every figure is a plain number, ready for run.json. */
export interface MergeStats {
  /** Masks that came in. */
  masks: number;
  /** Objects that went out. */
  objects: number;
  /** Objects whose box reaches into a place that several patches cover. */
  seamObjects: number;
  /** Objects that touch the slide's own edge: the scan may cut them. */
  slideEdgeObjects: number;
  /** Objects that reach the border of a patch where the slide goes on but no patch does: the plan may cut them. */
  openEdgeObjects: number;
  /** Pairs of masks of different patches taken for the same object. */
  matchedPairs: number;
  /** Mean IoU of those pairs inside the box both patches cover; 0 where there is no pair. */
  meanOverlapIou: number;
  /** Masks dropped because another patch has the same object better. */
  droppedDuplicates: number;
  /** Masks cut by their patch's border and dropped because the patch that owns the place shows no such object. */
  droppedCuts: number;
  /** Objects put together from parts of several patches, and the parts. */
  joinedObjects: number;
  joinedParts: number;
  /** Grid pixels taken from an object because a better one covers them. */
  overlapPixels: number;
  /** Objects dropped because better ones cover more than half of them. */
  droppedCovered: number;
  /** Smaller parts that do not hang together with their object's largest by pixel edges, and their grid pixels. */
  droppedParts: number;
  droppedPartPixels: number;
  /** Objects outside the limits of area. */
  droppedSmall: number;
  droppedLarge: number;
  /** Outlines that stayed staircases because the smooth line was not valid. */
  staircases: number;
  /** Most masks and unfinished objects that were in memory at a time. */
  peakMasks: number;
}

/** Fresh figures, all zero. */
export function createMergeStats(): MergeStats {
  return {
    masks: 0,
    objects: 0,
    seamObjects: 0,
    slideEdgeObjects: 0,
    openEdgeObjects: 0,
    matchedPairs: 0,
    meanOverlapIou: 0,
    droppedDuplicates: 0,
    droppedCuts: 0,
    joinedObjects: 0,
    joinedParts: 0,
    overlapPixels: 0,
    droppedCovered: 0,
    droppedParts: 0,
    droppedPartPixels: 0,
    droppedSmall: 0,
    droppedLarge: 0,
    staircases: 0,
    peakMasks: 0,
  };
}
