import type { ExportTask } from "../../src/export/feature-bytes.ts";
import type { Instance } from "../../src/merge/instance.ts";

export const NUCLEI: ExportTask = {
  name: "nuclei",
  objectName: "Nucleus",
  objectType: "detection",
  color: [30, 120, 255],
};

/** A square with a hole, told apart by its number. */
export function squareInstance(n: number, changes: Partial<Instance> = {}): Instance {
  const x = n * 20 + 0.25;
  return {
    id: `00000000-0000-5000-8000-${n.toString(16).padStart(12, "0")}`,
    polygon: {
      outer: [x, 0, x + 10, 0, x + 10, 10, x, 10],
      holes: [[x + 2, 2, x + 2, 4, x + 4, 4, x + 4, 2]],
    },
    centroid: { x: x + 6, y: 6 },
    areaUm2: 96 * 0.0625,
    perimeterUm: 12,
    circularity: 0.7853981,
    predictedIou: 0.91,
    stabilityScore: 0.95,
    hematoxylinOd: 0.4,
    patches: ["0_0"],
    ...changes,
  };
}

export async function* streamOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  for (const item of items) yield item;
}
