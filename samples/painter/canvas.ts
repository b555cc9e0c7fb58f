import type { Box } from "../../src/geometry.ts";

/** Stain amounts of a region being painted, one plane a stain, with a halo around the box asked for. */
export interface Canvas {
  /** The region with its halo, in px of `mpp`. */
  readonly box: Box;
  readonly mpp: number;
  readonly hematoxylin: Float32Array;
  readonly eosin: Float32Array;
  readonly redCells: Float32Array;
  readonly pigment: Float32Array;
}

/** An empty canvas. */
export function makeCanvas(box: Box, mpp: number): Canvas {
  const n = box.width * box.height;
  return {
    box,
    mpp,
    hematoxylin: new Float32Array(n),
    eosin: new Float32Array(n),
    redCells: new Float32Array(n),
    pigment: new Float32Array(n),
  };
}
