import type { Box } from "../../src/geometry.ts";
import { paintRegion } from "./paint-region.ts";
import type { World } from "./world.ts";

/**
 * Paints a box at a coarse µm/px (RGB, HWC): finer pixels are painted and averaged down.
 *
 * Up to 4 µm/px the finer ones are of at most 1 µm, and nuclei are drawn; beyond, nuclei are far smaller than a pixel
 * and only their mean darkness is.
 */
export function paintCoarse(world: World, box: Box, mpp: number): Uint8Array {
  const split = mpp <= 1 ? 1 : mpp <= 4 ? Math.ceil(mpp) : 2;
  const fine: Box = {
    x: box.x * split,
    y: box.y * split,
    width: box.width * split,
    height: box.height * split,
  };
  const detail = mpp <= 4 ? "drawn" : "mean";
  const { rgb } = paintRegion(world, fine, mpp / split, detail);
  if (split === 1) return rgb;
  const out = new Uint8Array(box.width * box.height * 3);
  const parts = split * split;
  for (let y = 0, o = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      for (let c = 0; c < 3; c++, o++) {
        let sum = 0;
        for (let j = 0; j < split; j++) {
          const row = (y * split + j) * fine.width;
          for (let i = 0; i < split; i++) sum += rgb[(row + x * split + i) * 3 + c]!;
        }
        out[o] = Math.floor(sum / parts + 0.5);
      }
    }
  }
  return out;
}
