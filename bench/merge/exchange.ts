import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { maskPolygons } from "../../src/merge/contour.ts";
import { rleToSpans } from "../../src/merge/spans.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { NucleiWorld } from "./world.ts";

/** Values before the runs of a mask: x, y, width, height, score, number of runs. */
const HEAD = 6;
const SCORES = 65535;

/**
 * The masks of a world's patches in a file, so that no contender pays for painting them.
 *
 * `masks.u16` holds, mask by mask, x, y, width, height (patch px), the score in 1/65535, the number of
 * runs and the runs; `masks.length.u32` how many values each patch has.
 */
export function writeMasks(world: NucleiWorld, folder: string): { readonly masks: number } {
  const file = openSync(join(folder, "masks.u16"), "w");
  const lengths = new Uint32Array(world.patches.length);
  let masks = 0;
  for (const [i, patch] of world.patches.entries()) {
    const values: number[] = [];
    for (const { box, rle, predictedIou } of world.masksOf(patch)) {
      const score = Math.round(predictedIou * SCORES);
      values.push(box.x, box.y, box.width, box.height, score, rle.runs.length, ...rle.runs);
      masks++;
    }
    lengths[i] = values.length;
    writeSync(file, Uint16Array.from(values));
  }
  closeSync(file);
  writeFileSync(join(folder, "masks.length.u32"), lengths);
  return { masks };
}

/** Reads what {@link writeMasks} wrote, a row of `side` patches at a time, for patches asked in their order. */
export class MaskReader {
  readonly #file: number;
  readonly #lengths: Uint32Array;
  readonly #side: number;
  #row = new Uint16Array(0);
  #at = 0;

  constructor(folder: string, side: number) {
    const lengths = readFileSync(join(folder, "masks.length.u32"));
    this.#lengths = new Uint32Array(new Uint8Array(lengths).buffer);
    this.#file = openSync(join(folder, "masks.u16"), "r");
    this.#side = side;
  }

  masksOf(index: number): PatchMask[] {
    if (index % this.#side === 0) {
      const length = this.#lengths
        .subarray(index, index + this.#side)
        .reduce((sum, values) => sum + values, 0);
      this.#row = new Uint16Array(length);
      readSync(this.#file, this.#row);
      this.#at = 0;
    }
    const row = this.#row;
    const end = this.#at + this.#lengths[index]!;
    const masks: PatchMask[] = [];
    while (this.#at < end) {
      const at = this.#at;
      const [x, y, width, height] = [row[at]!, row[at + 1]!, row[at + 2]!, row[at + 3]!];
      const count = row[at + 5]!;
      const runs: number[] = new Array(count);
      let area = 0;
      for (let k = 0; k < count; k++) {
        const run = row[at + HEAD + k]!;
        runs[k] = run;
        if ((k & 1) === 1) area += run;
      }
      this.#at = at + HEAD + count;
      masks.push({
        rle: { width, height, runs },
        box: { x, y, width, height },
        area,
        predictedIou: row[at + 4]! / SCORES,
        stabilityScore: 0.95,
        point: { x, y },
        hematoxylinOd: 0.5,
      });
    }
    return masks;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * The same masks as exact outlines along pixel edges, for peers that take polygons.
 *
 * `ring.start.i32` holds x and y of every ring's first point, `ring.length.u16` its points,
 * `polygon.rings.u8` the rings of every polygon, outer first, and `step.i8` the way from each point to
 * the next (dx, dy), the last one's back to the first left out as 0, 0.
 */
export function writeOutlines(world: NucleiWorld, folder: string): { readonly polygons: number } {
  const files = ["ring.start.i32", "ring.length.u16", "polygon.rings.u8", "step.i8"].map((name) =>
    openSync(join(folder, name), "w"),
  );
  let polygons = 0;
  for (const patch of world.patches) {
    const [starts, lengths, rings, steps]: [number[], number[], number[], number[]] = [
      [],
      [],
      [],
      [],
    ];
    for (const mask of world.masksOf(patch)) {
      const { x, y } = patch.gridBox;
      const spans = rleToSpans(mask.rle, x + mask.box.x, y + mask.box.y);
      for (const { outer, holes } of spans === null ? [] : maskPolygons(spans)) {
        polygons++;
        rings.push(1 + holes.length);
        for (const ring of [outer, ...holes]) {
          starts.push(ring[0]!, ring[1]!);
          lengths.push(ring.length / 2);
          for (let i = 0; i < ring.length; i += 2) {
            const last = i + 2 === ring.length;
            steps.push(last ? 0 : ring[i + 2]! - ring[i]!, last ? 0 : ring[i + 3]! - ring[i + 1]!);
          }
        }
      }
    }
    writeSync(files[0]!, Int32Array.from(starts));
    writeSync(files[1]!, Uint16Array.from(lengths));
    writeSync(files[2]!, Uint8Array.from(rings));
    writeSync(files[3]!, Int8Array.from(steps));
  }
  for (const file of files) closeSync(file);
  return { polygons };
}
