import type { FoundTissue } from "../tiler/tissue.ts";
import type { RunPlan } from "./plan-run.ts";

/** Tissue area inside the run's region, mm²: cells of tissue, without margin, whose centre lies in it. */
export function segmentedAreaMm2(tissue: FoundTissue, plan: RunPlan): number {
  const { region } = plan.parameters;
  let cells = 0;
  for (let row = 0; row < tissue.height; row++) {
    const y = (row + 0.5) * tissue.downsampleY;
    if (region && (y < region.y || y >= region.y + region.height)) continue;
    for (let column = 0; column < tissue.width; column++) {
      if (tissue.tight[row * tissue.width + column] !== 1) continue;
      const x = (column + 0.5) * tissue.downsampleX;
      if (!region || (x >= region.x && x < region.x + region.width)) cells++;
    }
  }
  const cellUm2 = tissue.downsampleX * tissue.downsampleY * plan.slideMpp ** 2;
  return Math.round(cells * cellUm2) / 1e6;
}
