/** The names of the built-in tasks. */
export type TaskName = "nuclei" | "tumor" | "tissue";

/** What a task needs of scale, patches and prompts. */
export interface TaskSpec {
  readonly name: TaskName;
  /** One line for people. */
  readonly title: string;
  /** What one object is called in an export, e.g. "Nucleus". */
  readonly objectName: string;
  /** Target µm/px at which the model sees the patch. */
  readonly mpp: number;
  /** Patch side, in grid px. */
  readonly patchSize: number;
  /** Overlap of neighbouring patches, in grid px: more than the largest expected object for `own`. */
  readonly overlap: number;
  /** Grid prompts a side. */
  readonly pointsPerSide: number;
  /** Smaller objects are dropped, in µm². */
  readonly minAreaUm2: number;
  /** Larger objects are dropped, in µm², or null for no limit. */
  readonly maxAreaUm2: number | null;
  /** Objects of which a smaller share is tissue are dropped, 0..1: what lies on bare glass is no region. */
  readonly minTissueShare: number;
  /** How objects cross seams: `own` = one patch has it whole; `join` = parts of any number of patches are united. */
  readonly seams: "own" | "join";
  /** How an exported object is called by QuPath. */
  readonly objectType: "detection" | "annotation";
  /** RGB 0–255 for the exported class. */
  readonly color: readonly [number, number, number];
  /** Where the scale comes from (paper, documentation). */
  readonly source: string;
}

/** Which level is read and how its pixels become patch pixels. */
export interface Scale {
  /** Index of the level that is read. */
  readonly level: number;
  /** µm per grid pixel actually used (equals the task's target unless the level is within tolerance of it). */
  readonly mpp: number;
  /** Grid px per level px: < 1 shrinks, 1 copies, > 1 enlarges. */
  readonly resample: number;
  /** Level-0 px per grid px. */
  readonly gridDownsample: number;
  /** True when the slide is coarser than the target and its pixels are enlarged: said to the user. */
  readonly upsampled: boolean;
}
