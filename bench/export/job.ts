/** What a contender of the bench of exports is asked to do. */
export type ExportJob =
  /** Writes made-up nuclei to an objects file. */
  | { readonly what: "make"; readonly objects: number; readonly path: string }
  /** Reads an objects file, and writes it in a format. */
  | {
      readonly what: "write";
      readonly objects: string;
      readonly format: string;
      readonly out: string;
    }
  /** Reads an objects file and does nothing with it: what every export pays before it writes. */
  | { readonly what: "read"; readonly objects: string }
  /** Reads a GeoJSON file and compares every object with the one that was made. */
  | { readonly what: "compare"; readonly objects: number; readonly geojson: string };

/** What came of it. */
export interface ExportAnswer extends Readonly<Record<string, unknown>> {
  readonly objects: number;
  /** Of the file that was written. */
  readonly bytes: number;
}

/** The seed of the nuclei: the same in every process. */
export const SEED = 1;
