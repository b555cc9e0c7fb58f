/** What a contender of the merge bench is asked for. */
export interface MergeJob {
  /** Where the masks and the outlines lie, and where results go. */
  readonly folder: string;
  /** Patches a side. */
  readonly side: number;
  readonly seed: number;
  /**
   * `paint` writes the masks, `outline` the outlines; `read` only reads the masks, `merge` merges them
   * on the grid, `exact` turns the objects into exact polygons too, `smooth` into those that microtome
   * exports. Peers take any as their own.
   */
  readonly what: "paint" | "outline" | "read" | "merge" | "exact" | "smooth";
}

/** What a contender answers, beside time and memory. */
export interface MergeAnswer {
  readonly masks?: number;
  readonly objects?: number;
  /** Of a peer that was given microtome's result: objects with the same box and the same area in it. */
  readonly equal?: number;
  /** Seconds of processor time of its parts. */
  readonly parts?: Readonly<Record<string, number>>;
  readonly peakMasks?: number;
}
