/** What a run of the whole pipeline is asked to do. */
export interface PipelineJob {
  readonly slide: string;
  readonly out: string;
  readonly workers: number;
  readonly patchSize: number | null;
}

/** What came of it. */
export interface PipelineAnswer extends Readonly<Record<string, unknown>> {
  readonly areaMm2: number;
  readonly objects: number;
  readonly patches: number;
  /** Seconds a stage, summed over workers, and `total` by the clock. */
  readonly stages: Readonly<Record<string, number>>;
}
