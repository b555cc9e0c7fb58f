import type { ErrorRecord } from "../errors.ts";
import type { Box, Point } from "../geometry.ts";
import type { GridSettings } from "../segment/model.ts";
import type { StainEstimate, StainMethod } from "../stain.ts";
import type { ChannelWindow } from "../tiler/slide.ts";

/** How far a run has come. */
export type RunState = "running" | "interrupted" | "done" | "incomplete";

/** What decides a run's result: two runs with equal parameters give equal bytes. */
export interface RunParameters {
  readonly task: string;
  /** µm per level-0 px. */
  readonly slideMpp: number;
  /** µm per grid px. */
  readonly mpp: number;
  readonly level: number;
  readonly resample: number;
  /** What read the slide: "native", or "openslide" and its version. */
  readonly backend: string;
  /** The ICC profile by which colours were converted to sRGB; null for colours as they are stored. */
  readonly icc: { readonly description: string; readonly sha256: string } | null;
  /** How tissue is told from glass: TISSUE_METHOD, or "all" where the whole slide was taken for tissue. */
  readonly tissue: string;
  readonly stainNormalise: StainMethod | "none";
  readonly patchSize: number;
  readonly overlap: number;
  readonly region: Box | null;
  /** Of a region: its patches are the whole slide's, as those of older versions were not. Else left out. */
  readonly lattice?: "slide";
  /** Of a slide with channels: which were seen, and the values shown black and full. Else left out. */
  readonly channels?: {
    readonly shown: number | "composite";
    readonly windows: readonly (ChannelWindow | null)[];
  };
  readonly prompts: string;
  /** The file whose prompts were asked, how its shapes were, and the logit at which masks were cut. Else left out. */
  readonly promptFile?: {
    readonly sha256: string;
    readonly shapes: "box" | "point";
    readonly maskThreshold: number;
    /** What was added to its coordinates, level-0 px: the corner of the slide's bounds. Left out for nothing. */
    readonly origin?: Point;
  };
  /** Logits between which stability is measured, where `grid` does not say; left out for SAM's own 1. */
  readonly stabilityScoreOffset?: number;
  /** What ran the model; left out for the CPU. */
  readonly provider?: string;
  readonly auto: object | null;
  readonly grid: GridSettings | null;
  readonly minAreaUm2: number;
  readonly maxAreaUm2: number | null;
  /** Objects of which a smaller share is tissue are dropped; left out where none is for that. */
  readonly minTissueShare?: number;
}

/** A slide's stain estimate, or why it is segmented as it is. */
export interface StainRecord {
  readonly method: StainMethod;
  readonly estimate: StainEstimate | null;
  readonly skipped: string | null;
}

/** What became of the prompts of a file; `<task>.prompts.json` has every one. */
export interface PromptsRecord {
  readonly file: string;
  readonly count: number;
  readonly answered: number;
  readonly unanswered: readonly { readonly id: string; readonly why: string }[];
  /** Prompts whose object the model itself hardly believes in, by its predicted IoU; left out by older versions. */
  readonly doubtful?: readonly { readonly id: string; readonly predictedIou: number }[];
  /** Colours that the file gives its classes, 0–255; left out where it gives none. */
  readonly classColors?: Readonly<Record<string, readonly [number, number, number]>>;
  /** Features that ask for nothing, and prompts outside the region. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** The content of run.json: provenance first, then what was found. */
export interface RunRecord {
  readonly format: 1;
  readonly state: RunState;
  readonly researchUseOnly: "for research use only";
  readonly software: { readonly name: "microtome"; readonly version: string };
  /** SHA-256 of slide identity, model and parameters: what `--resume` compares. */
  readonly key: string;
  readonly task: string;
  readonly slide: {
    readonly name: string;
    /** See slidePathFromRun: relative to the run folder or a bare name, never through anyone's home. */
    readonly path: string;
    readonly bytes: number;
    /** Of the file's size and sampled blocks, see fingerprintFile. */
    readonly fingerprint: string;
    readonly vendor: string;
    readonly width: number;
    readonly height: number;
    /** The part that was scanned, level-0 px; left out where the file does not say that it is not the whole. */
    readonly bounds?: Box;
  };
  readonly mpp: {
    /** µm per level-0 px. */
    readonly slide: number;
    readonly source: string;
    /** µm per px that the model saw. */
    readonly used: number;
    readonly level: number;
    readonly upsampled: boolean;
  };
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly contract: string;
    readonly sha256: string;
    readonly licence: string;
  };
  /** How the last start ran: what ran the model, and how many workers (0 where no patch was left). Decides no result. */
  readonly execution?: { readonly provider: string; readonly workers: number };
  readonly parameters: RunParameters;
  readonly patches: {
    readonly planned: number;
    /** Planned patches left out as blank glass. */
    readonly skipped: number;
    readonly done: number;
    readonly failed: number;
  };
  /** Of a run of given prompts, once it is finished. */
  readonly prompts?: PromptsRecord;
  readonly counts: { readonly objects: number; readonly masks: number; readonly prompts: number };
  /** Objects by class, where the model tells classes; those it is not sure of count under the task's name. */
  readonly classes?: Readonly<Record<string, number>>;
  /** What the model's pixels were normalised by; null where they are the slide's own. */
  readonly stain: StainRecord | null;
  /** Area segmented (tissue), mm². */
  readonly areaMm2: number;
  /** The slide's tissue, whatever part of it was segmented. */
  readonly tissue: {
    readonly method: string;
    /** Score from which a cell is tissue, optical density. */
    readonly thresholdOd: number;
    /** Side of a cell of the mask, µm. */
    readonly cellUm: number;
    readonly slideMm2: number;
    /** Pen without tissue to be seen beneath it, mm². */
    readonly inkMm2: number;
    /** Colour of bare glass, RGB 0–255; null where none was found. */
    readonly glass: readonly number[] | null;
    /** Where there was none to segment: so in a sentence, and what to do. Else left out. */
    readonly notice?: string;
  };
  readonly seams: Readonly<Record<string, number>>;
  /** Seconds a stage, of the last start only; `segment` is wall time. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly patch: string; readonly error: ErrorRecord }[];
  readonly files: readonly string[];
}
