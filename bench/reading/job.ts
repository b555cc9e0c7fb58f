/** What a contender is asked to read. All boxes are x, y, width, height. */
export interface ReadJob {
  readonly slide: string;
  /** Level that peers read. */
  readonly level: number;
  /** In that level's own pixels. */
  readonly boxes: readonly BoxTuple[];
  /** Size to which a peer shrinks what it has read, px; null for as it is. */
  readonly out: readonly [width: number, height: number] | null;
  /** Reads in flight at once. */
  readonly streams: number;
  /** microtome's own way of asking for the same: a scale and boxes of its grid, or the patches of a whole slide. */
  readonly own:
    | { readonly kind: "region" }
    | { readonly kind: "scaled"; readonly mpp: number; readonly boxes: readonly BoxTuple[] }
    | { readonly kind: "pass"; readonly patchSize: number; readonly overlap: number };
  /** Whether to answer with the SHA-256 of every box's RGB bytes; such a job is not timed. */
  readonly hash: boolean;
}

export type BoxTuple = readonly [x: number, y: number, width: number, height: number];

/** What a contender answers, beside time and memory. */
export interface ReadAnswer {
  readonly sha256: readonly string[];
}
