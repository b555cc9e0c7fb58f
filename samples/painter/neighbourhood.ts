import type { Box } from "../../src/geometry.ts";
import { type Nucleus, radial } from "./shape.ts";

/** For every pixel the nearest nucleus and how much nearer it is than the next: cell borders follow. */
export interface Neighbourhood {
  /** Distance to the nearest nucleus's outline, µm; negative inside; FAR where none is near. */
  readonly nearest: Float32Array;
  /** How much farther the second nearest is, µm. */
  readonly lead: Float32Array;
  /** Index of the nearest nucleus in the list given, −1 where none is near. */
  readonly owner: Int32Array;
}

/** Cells end this far from their nucleus, µm. */
export const FAR = 9;

/** Finds the nearest nuclei of each pixel of a box (px of `mpp`). */
export function findNeighbours(nuclei: readonly Nucleus[], box: Box, mpp: number): Neighbourhood {
  const n = box.width * box.height;
  const nearest = new Float32Array(n).fill(FAR);
  const second = new Float32Array(n).fill(FAR);
  const owner = new Int32Array(n).fill(-1);
  for (let k = 0; k < nuclei.length; k++) {
    const nucleus = nuclei[k]!;
    const reach = nucleus.reach + FAR;
    const x0 = Math.max(Math.floor((nucleus.x - reach) / mpp), box.x);
    const y0 = Math.max(Math.floor((nucleus.y - reach) / mpp), box.y);
    const x1 = Math.min(Math.ceil((nucleus.x + reach) / mpp), box.x + box.width - 1);
    const y1 = Math.min(Math.ceil((nucleus.y + reach) / mpp), box.y + box.height - 1);
    for (let py = y0; py <= y1; py++) {
      const dy = (py + 0.5) * mpp - nucleus.y;
      let i = (py - box.y) * box.width + (x0 - box.x);
      for (let px = x0; px <= x1; px++, i++) {
        const dx = (px + 0.5) * mpp - nucleus.x;
        const away = dx * dx + dy * dy;
        // Outside its circle of reach a nucleus is at least this far: cheaper than its true outline.
        const bound = Math.sqrt(away) - nucleus.reach;
        if (bound >= second[i]!) continue;
        const d = radial(nucleus, dx, dy);
        const distance = d > 1e-6 ? Math.sqrt(away) * (1 - 1 / d) : -nucleus.short;
        if (distance < nearest[i]!) {
          second[i] = nearest[i]!;
          nearest[i] = distance;
          owner[i] = k;
        } else if (distance < second[i]!) {
          second[i] = distance;
        }
      }
    }
  }
  for (let i = 0; i < n; i++) second[i] = second[i]! - nearest[i]!;
  return { nearest, lead: second, owner };
}
