/** A stage of a run, in order. */
export type Stage = "open" | "tissue" | "model" | "segment" | "merge";

/** How far a stage has come. */
export interface ProgressEvent {
  readonly stage: Stage;
  /** Units done and in all; patches for `segment` and `merge`, 0 and 0 where a stage cannot be counted. */
  readonly done: number;
  readonly total: number;
  /** Patches taken over from an earlier start: they say nothing about the rate. */
  readonly resumed: number;
  readonly failed: number;
}

/** Called on the main thread, never more than once a finished unit. */
export type ProgressListener = (event: ProgressEvent) => void;
