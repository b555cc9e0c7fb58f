import { Random } from "../../samples/painter/random.ts";
import type { ExportTask } from "../../src/export/feature-bytes.ts";
import type { ExportSlide, ExportSubject } from "../../src/export/format.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { memorySource } from "./memory-source.ts";

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

/** Objects as they come to an export. */
export function subjectOf(
  instances: readonly Instance[],
  slide: Partial<ExportSlide> = {},
): ExportSubject {
  return {
    objects: memorySource(instances),
    task: NUCLEI,
    slide: {
      name: "slide.svs",
      width: 4000,
      height: 3000,
      mpp: 0.25,
      gridMpp: 0.25,
      bounds: null,
      ...slide,
    },
    model: "m1",
    provenance: { modelSha256: "ab", micrometersPerPixel: 0.25, runKey: "cd" },
  };
}

/** Polygons of many sizes strewn over a slide, some with a hole, some of a class; seeded. */
export function strewn(count: number, size = 4000): Instance[] {
  const random = new Random(7);
  const hundredths = (value: number) => Math.round(value * 100) / 100;
  return Array.from({ length: count }, (_, n) => {
    const [cx, cy] = [random.unit() * size, random.unit() * size];
    const radius = 3 + random.unit() * 20;
    const ring = (r: number, turn: 1 | -1, points: number): number[] =>
      Array.from({ length: points }, (_, i) => (turn * i * 2 * Math.PI) / points).flatMap(
        (angle) => [hundredths(cx + r * Math.cos(angle)), hundredths(cy + r * Math.sin(angle))],
      );
    return squareInstance(n, {
      polygon: { outer: ring(radius, 1, 5 + (n % 20)), holes: n % 7 === 0 ? [ring(1, -1, 4)] : [] },
      centroid: { x: hundredths(cx + 2), y: hundredths(cy) },
      areaUm2: random.unit() * 300,
      hematoxylinOd: n % 11 === 0 ? Number.NaN : random.unit(),
      ...(n % 3 === 0 ? { classification: "Lymphocyte" } : {}),
    });
  });
}
