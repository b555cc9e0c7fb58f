import type { Box } from "../../src/geometry.ts";
import type { Blob } from "./lattice.ts";
import { emptyFields } from "./tissue.ts";
import type { World } from "./world.ts";

/** What regions are told apart: glands and tumour nests, or pieces of tissue on the glass. */
export type RegionKind = "structures" | "pieces";

/** Parts smaller than this are not labelled, px. */
const LEAST_PX = 40;

/** Instance labels of a box (px at `mpp`): every 4-connected region its own number, 0 elsewhere. */
export function labelRegions(
  world: World,
  box: Box,
  mpp: number,
  kind: RegionKind,
): { readonly labels: Uint32Array; readonly count: number } {
  const names = kind === "pieces" ? namePieces(world, box, mpp) : nameStructures(world, box, mpp);
  return separate(names, box.width, box.height);
}

function nameStructures(world: World, box: Box, mpp: number): Uint32Array {
  const names = new Uint32Array(box.width * box.height);
  const known = new Map<Blob, number>();
  const fields = emptyFields();
  for (let row = 0, i = 0; row < box.height; row++) {
    for (let column = 0; column < box.width; column++, i++) {
      world.tissue.sample((box.x + column + 0.5) * mpp, (box.y + row + 0.5) * mpp, fields);
      if (fields.tissue <= 0) continue;
      const blob = fields.nest > 0 ? fields.nestBlob : fields.gland > 0 ? fields.glandBlob : null;
      if (blob === null) continue;
      let name = known.get(blob);
      if (name === undefined) {
        name = known.size + 1;
        known.set(blob, name);
      }
      names[i] = name;
    }
  }
  return names;
}

function namePieces(world: World, box: Box, mpp: number): Uint32Array {
  const names = new Uint32Array(box.width * box.height);
  for (let row = 0, i = 0; row < box.height; row++) {
    for (let column = 0; column < box.width; column++, i++) {
      const x = (box.x + column + 0.5) * mpp;
      const at = world.tissue.outlineAt(x, (box.y + row + 0.5) * mpp);
      if (at.depth > 0) names[i] = at.piece + 2;
    }
  }
  return names;
}

/** Numbers the 4-connected parts of equal name from 1 in reading order. */
function separate(
  names: Uint32Array,
  width: number,
  height: number,
): { readonly labels: Uint32Array; readonly count: number } {
  const labels = new Uint32Array(names.length);
  const done = new Uint8Array(names.length);
  let count = 0;
  for (let start = 0; start < names.length; start++) {
    const name = names[start]!;
    if (name === 0 || done[start] === 1) continue;
    const part = [start];
    done[start] = 1;
    for (let k = 0; k < part.length; k++) {
      const i = part[k]!;
      const column = i % width;
      const row = (i - column) / width;
      for (const [inside, j] of [
        [column > 0, i - 1],
        [column < width - 1, i + 1],
        [row > 0, i - width],
        [row < height - 1, i + width],
      ] as const) {
        if (!inside || done[j] === 1 || names[j] !== name) continue;
        done[j] = 1;
        part.push(j);
      }
    }
    if (part.length < LEAST_PX) continue;
    count++;
    for (const i of part) labels[i] = count;
  }
  return { labels, count };
}
