import fc from "fast-check";
import type { Polygon } from "../../../src/geometry.ts";
import { MEASUREMENTS } from "../../../src/measurements.ts";
import type { Instance } from "../../../src/merge/instance.ts";
import type { InstanceSource } from "../../../src/store/instance-source.ts";
import type { ObjectsAbout } from "../../../src/store/objects/layout.ts";

export const ABOUT: ObjectsAbout = {
  runKey: "5f2c",
  task: "nuclei",
  objectName: "Nucleus",
  model: { name: "made-up", sha256: "00ff" },
  mpp: { x: 0.25, y: 0.26 },
};

/** Objects as merging could never make them, but as the file takes them: rings anywhere, any size, any name. */
export function anyInstance(farthest = 2 ** 44): fc.Arbitrary<Instance> {
  const near = fc.integer({ min: -2000, max: 2000 });
  const origin = fc.oneof(
    fc.constant(0),
    fc.integer({ min: -3_000_000, max: 9_000_000 }),
    fc.maxSafeNat().map((n) => (n % (2 * farthest - 10_000)) - farthest + 5_000),
  );
  const ring = (step: fc.Arbitrary<number>) =>
    fc.array(fc.tuple(step, step), { minLength: 3, maxLength: 9 });
  const steps = fc.oneof(near, fc.integer({ min: -3, max: 3 }));
  const polygon = fc
    .tuple(origin, origin, ring(steps), fc.array(ring(near), { maxLength: 2 }))
    .map(([x, y, outer, holes]): Polygon => {
      const px = (points: readonly (readonly [number, number])[]) =>
        points.flatMap(([dx, dy]) => [(x + dx) / 100, (y + dy) / 100]);
      return { outer: px(outer), holes: holes.map(px) };
    });
  const value = fc.oneof(
    fc.double({ min: 0, max: 1 }),
    fc.double({ min: -1e6, max: 1e9 }),
    // Exactly between two printed values, or nearly.
    fc.integer({ min: 0, max: 20_000 }).map((n) => (n + 0.5) / 10_000),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0),
  );
  const id = fc.oneof({ weight: 9, arbitrary: fc.uuid() }, { weight: 1, arbitrary: fc.string() });
  return fc
    .tuple(
      id,
      polygon,
      fc.tuple(near, near),
      fc.array(value, { minLength: MEASUREMENTS.length, maxLength: MEASUREMENTS.length }),
      fc.option(fc.constantFrom("Lymphocyte", "Stromal", "Straßenbahn 🚋"), { nil: undefined }),
      fc.array(fc.constantFrom("0_0", "1_0", "12_7"), { maxLength: 3 }),
    )
    .map(([name, outline, [dx, dy], values, classification, patches]) => ({
      id: name,
      polygon: outline,
      centroid: {
        x: (Math.round(outline.outer[0]! * 100) + dx) / 100,
        y: (Math.round(outline.outer[1]! * 100) + dy) / 100,
      },
      ...(Object.fromEntries(MEASUREMENTS.map(({ field }, i) => [field, values[i]!])) as Pick<
        Instance,
        (typeof MEASUREMENTS)[number]["field"]
      >),
      ...(classification === undefined ? {} : { classification }),
      patches,
    }));
}

/** What must come back of an object: measurements as they are printed, NaN for what is not finite, no −0. */
export function asKept(instance: Instance): Instance {
  const flat = (ring: readonly number[]) => ring.map((value) => value + 0);
  const measured = Object.fromEntries(
    MEASUREMENTS.map(({ field, decimals }) => {
      const value = instance[field];
      return [field, Number.isFinite(value) ? Number(value.toFixed(decimals)) + 0 : Number.NaN];
    }),
  );
  const { outer, holes } = instance.polygon;
  return {
    ...instance,
    ...measured,
    polygon: { outer: flat(outer), holes: holes.map(flat) },
    centroid: { x: instance.centroid.x + 0, y: instance.centroid.y + 0 },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A source that has its objects in memory: what others are measured by. */
export function sourceOf(instances: readonly Instance[]): Pick<InstanceSource, "within"> {
  return {
    async *within(box) {
      for (const [index, instance] of instances.entries()) {
        const { outer } = instance.polygon;
        const points = [outer, ...instance.polygon.holes].flat();
        const xs = points.filter((_, i) => i % 2 === 0);
        const ys = points.filter((_, i) => i % 2 === 1);
        const meets =
          Math.min(...xs) <= box.x + box.width &&
          Math.max(...xs) >= box.x &&
          Math.min(...ys) <= box.y + box.height &&
          Math.max(...ys) >= box.y;
        if (meets) yield { index, instance };
      }
    },
  };
}
