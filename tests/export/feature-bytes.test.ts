import fc from "fast-check";
import { expect, it } from "vitest";
import { FeatureBytes } from "../../src/export/feature-bytes.ts";
import { TextBytes } from "../../src/export/text-bytes.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { featureText } from "./feature-text.ts";
import { NUCLEI, squareInstance } from "./objects.ts";

function written(instances: readonly Instance[], origin?: { x: number; y: number }): string {
  const features = new FeatureBytes({ task: NUCLEI, ...(origin ? { origin } : {}) });
  // Too small for one object: it has to grow.
  const out = new TextBytes(16);
  for (const instance of instances) features.append(instance, out);
  return out.bytes.toString("utf8", 0, out.length);
}

const coordinate = fc.oneof(
  fc.integer({ min: 0, max: 25_000_000 }).map((n) => n / 100),
  fc.integer({ min: -2_000_000, max: 2_000_000 }).map((n) => n / 100),
  fc.double({ noNaN: true, min: -100, max: 3e7 }),
  fc.constantFrom(0, -0, 0.005, -0.005, 0.1, 9999.99, 10_000, 99_999.5, 2 ** 31 / 100, 1e9, 1e21),
);
const ring = fc.array(fc.tuple(coordinate, coordinate), { minLength: 3, maxLength: 9 });
const measured = fc.oneof(
  fc.double({ min: -10, max: 5000 }),
  fc.integer({ min: -30_000, max: 30_000 }).map((n) => n / 20_000),
  fc.constantFrom(
    0,
    -0,
    0.5,
    1.0005,
    2.00005,
    1e9,
    1e22,
    -1e-7,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ),
);
const instance = fc
  .record({
    id: fc.oneof(fc.uuid(), fc.string({ unit: "binary" })),
    polygon: fc.record({
      outer: ring.map((points) => points.flat()),
      holes: fc.array(
        ring.map((points) => points.flat()),
        { maxLength: 2 },
      ),
    }),
    areaUm2: measured,
    perimeterUm: measured,
    circularity: measured,
    predictedIou: measured,
    stabilityScore: measured,
    hematoxylinOd: measured,
    classification: fc.option(fc.string({ unit: "binary" }), { nil: undefined }),
  })
  .map(({ classification, ...rest }) =>
    squareInstance(0, { ...rest, ...(classification === undefined ? {} : { classification }) }),
  );

it("writes the bytes that JSON.stringify would give for any object", () => {
  fc.assert(
    fc.property(fc.array(instance, { minLength: 1, maxLength: 4 }), (instances) => {
      const expected = instances.map((one) => featureText(one, NUCLEI)).join("");
      expect(written(instances)).toBe(Buffer.from(expected, "utf8").toString("utf8"));
    }),
    { numRuns: 1000 },
  );
});

it("takes the origin off every coordinate", () => {
  const origin = { x: 1000.25, y: 40 };
  const text = written([squareInstance(3)], origin);
  expect(text).toBe(featureText(squareInstance(3), NUCLEI, origin));
  expect(JSON.parse(text).geometry.coordinates[0][0]).toEqual([-940, -40]);
});
