import type { Box } from "../../src/geometry.ts";

/** What a contender is asked to do. */
export type StoreJob =
  | {
      readonly op: "write";
      /** Objects as {@link writeInput} lays them out, and how many there are. */
      readonly input: string;
      readonly count: number;
      readonly seed: number;
      /** The file to write. */
      readonly store: string;
    }
  | { readonly op: "query"; readonly store: string; readonly boxes: readonly Box[] };

/** What came of a write: seconds from the first object to the closed file, the making of objects left out. */
export interface WriteAnswer extends Readonly<Record<string, unknown>> {
  readonly writeSeconds: number;
  readonly writeCpuSeconds: number;
  readonly bytes: number;
}

/** What came of queries: milliseconds of each, in the order of the boxes, and objects found in all. */
export interface QueryAnswer extends Readonly<Record<string, unknown>> {
  readonly openSeconds: number;
  readonly milliseconds: readonly number[];
  readonly found: number;
}
