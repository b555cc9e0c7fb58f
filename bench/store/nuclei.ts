import { Random } from "../../samples/painter/random.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { uuidV5 } from "../../src/merge/uuid.ts";

/** Objects of a patch, and the patch's side in level-0 px: as crowded as tissue is at 0.25 µm/px. */
const PER_PATCH = 256;
const PATCH = 1024;
const MPP = 0.25;

/** Side of the square that so many nuclei fill, level-0 px. */
export function sideOf(count: number): number {
  return Math.ceil(Math.sqrt(Math.ceil(count / PER_PATCH))) * PATCH;
}

/**
 * Made-up nuclei in the order in which merging yields them, patch by patch and row by row: wavy
 * ellipses of 20 to 40 points, 6 to 12 µm long, with measurements of the right size and a class for two
 * of three. The same for the same seed.
 */
export function* nuclei(count: number, seed: number): Generator<Instance, void, void> {
  const random = new Random(seed);
  const columns = sideOf(count) / PATCH;
  for (let i = 0; i < count; i++) {
    const patch = Math.floor(i / PER_PATCH);
    const [column, row] = [patch % columns, Math.floor(patch / columns)];
    const x = column * PATCH + random.between(16, PATCH - 16);
    const y = row * PATCH + random.between(16, PATCH - 16);
    yield nucleus(x, y, `${column}_${row}`, random);
  }
}

const CLASSES = [undefined, "Epithelial", "Lymphocyte"] as const;

function nucleus(x: number, y: number, patch: string, random: Random): Instance {
  const points = random.integer(20, 40);
  const [a, b] = [random.between(12, 24), random.between(10, 16)];
  const [turn, phase, lobes] = [
    random.between(0, Math.PI),
    random.between(0, 2 * Math.PI),
    random.integer(2, 5),
  ];
  const outer = ring(points, (angle) => {
    const wave = 1 + 0.08 * Math.sin(lobes * angle + phase) + random.between(-0.02, 0.02);
    const [u, v] = [a * wave * Math.cos(angle), b * wave * Math.sin(angle)];
    return [
      x + u * Math.cos(turn) - v * Math.sin(turn),
      y + u * Math.sin(turn) + v * Math.cos(turn),
    ];
  });
  const areaUm2 = Math.PI * a * b * MPP ** 2 * random.between(0.95, 1.05);
  const classification = CLASSES[random.integer(0, 2)];
  return {
    id: uuidV5(`bench ${x} ${y}`),
    polygon: { outer, holes: [] },
    centroid: { x: Math.round(x * 100) / 100, y: Math.round(y * 100) / 100 },
    areaUm2,
    perimeterUm: 2 * Math.PI * Math.sqrt((a * a + b * b) / 2) * MPP,
    circularity: random.between(0.6, 0.98),
    predictedIou: random.between(0.6, 0.99),
    stabilityScore: random.between(0.8, 1),
    hematoxylinOd: random.between(0.1, 0.9),
    ...(classification === undefined ? {} : { classification }),
    patches: [patch],
  };
}

function ring(points: number, at: (angle: number) => readonly [number, number]): number[] {
  const out: number[] = [];
  for (let i = 0; i < points; i++) {
    const [x, y] = at((2 * Math.PI * i) / points);
    out.push(Math.round(x * 100) / 100, Math.round(y * 100) / 100);
  }
  return out;
}
