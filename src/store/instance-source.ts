import type { Box } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import type { InstanceBlock } from "./instance-block.ts";

/** An object and its place in the source's order. */
export interface PlacedInstance {
  /** 0-based position in the order of {@link InstanceSource.all}. */
  readonly index: number;
  readonly instance: Instance;
}

/** Finished objects of one slide, read in order or by place, never all at once into memory. */
export interface InstanceSource {
  /** The file they lie in, where there is one. */
  readonly path?: string;
  readonly count: number;
  /** Smallest box that holds every object, level-0 px; null where there is none. */
  readonly extent: Box | null;
  /** Every object, in the order in which merging settled them. */
  all(): AsyncIterable<Instance>;
  /**
   * The same a block at a time, where a source can: for writers that need no object of each. Blocks that hold
   * objects at positions from `from` (0) up to `to` (`count`), whole.
   */
  blocks?(from?: number, to?: number): AsyncIterable<InstanceBlock>;
  /** Positions between which blocks of about so many bytes lie, from 0 to `count`, for sources that have blocks. */
  cuts?(bytes: number): readonly number[];
  /** Objects whose bounding boxes meet `box` (level-0 px), in the order of `all`. */
  within(box: Box): AsyncIterable<PlacedInstance>;
}
