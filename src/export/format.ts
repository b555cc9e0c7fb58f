import type { Box } from "../geometry.ts";
import type { InstanceSource } from "../store/instance-source.ts";
import type { DicomOrigin } from "../tiler/dicom/origin.ts";
import type { ClassColors } from "./class-color.ts";
import type { ExportTask } from "./feature-bytes.ts";
import type { ObjectLabels } from "./object-label.ts";
import type { StartTextThread } from "./text-threads.ts";

/** The slide that objects lie on, as far as an export needs to know it. */
export interface ExportSlide {
  /** The file's name, without its folder. */
  readonly name: string;
  /** Level-0 px. */
  readonly width: number;
  /** Level-0 px. */
  readonly height: number;
  /** µm per level-0 px. */
  readonly mpp: number;
  /** µm per px of the grid on which the model saw it and drew its masks. */
  readonly gridMpp: number;
  /** The part that was scanned, level-0 px, where the file says that it is not the whole. */
  readonly bounds: Box | null;
}

/** Plain facts of where objects come from; never null, nothing of a patient. */
export type Provenance = Readonly<Record<string, string | number | boolean>>;

/** What is exported: finished objects, and what there is to say of them. */
export interface ExportSubject {
  readonly objects: InstanceSource;
  readonly task: ExportTask;
  readonly slide: ExportSlide;
  /** Name of the model that made the objects. */
  readonly model: string;
  readonly provenance: Provenance;
  /** Names, locks and metadata of some objects, by their ids; only formats that have a place for them write them. */
  readonly labels?: ObjectLabels;
  /** Colours of some classes, as the file of a run's marks or of its corrections has them. */
  readonly classColors?: ClassColors;
  /** Starts a thread that makes text of these objects, too, where one can read them. */
  readonly startTextThread?: StartTextThread;
  /** What a DICOM file refers to; formats that take `slide` are given it. */
  readonly origin?: DicomOrigin;
}

/** Where an export goes, and how. */
export interface ExportTarget {
  readonly path: string;
  /** At most so many objects a file; absent for one file. Formats that are not `splits` never see it. */
  readonly maxObjects?: number;
  /** Aborted where the export is to end early, with MicrotomeError `interrupted`. */
  readonly signal?: AbortSignal;
  /** What QuPath is to take the objects for; absent for the task's own. */
  readonly objectType?: ExportTask["objectType"];
  /** µm per px of a drawing, or the slide's own; absent for the grid's. */
  readonly mpp?: number | "slide";
}

/** A further option that only some formats take. */
export type FormatOption = "mpp" | "slide" | "keep-identity" | "type";

/** A file that an export wrote. */
export interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  /** Objects in this file; of a file beside the objects, 0. */
  readonly objects: number;
  /** Of a file that says something about the objects' own file, and holds none. */
  readonly beside?: true;
  /** What the format could not hold, in a sentence for people. */
  readonly note?: string;
}

/** One format of `microtome export`. */
export interface ExportFormat {
  /** The names `--format` knows it by, the first being its own. */
  readonly names: readonly [string, ...string[]];
  /** Endings that other programs know the format by, the usual one first. */
  readonly endings: readonly [string, ...string[]];
  /** One line for people. */
  readonly summary: string;
  /** Whether `--max-objects` can split it. */
  readonly splits: boolean;
  /** Options beyond these that it takes. */
  readonly takes?: readonly FormatOption[];
  /**
   * Writes the objects in constant memory; a file appears under its name when it is complete.
   * Throws MicrotomeError `output-unwritable`.
   */
  write(subject: ExportSubject, target: ExportTarget): Promise<readonly ExportedFile[]>;
}
