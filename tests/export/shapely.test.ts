import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeQuPath } from "../../src/export/qupath.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { innerPoint } from "../../src/merge/measure.ts";
import { outlineOf } from "../../src/merge/outline.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import cases from "../cases/geojson/validity.json" with { type: "json" };
import { randomFrom } from "../merge/random.ts";
import { spansFrom, spiral } from "../merge/shapes.ts";
import { hasShapely, judgeWithShapely, PYTHON } from "../shapely.ts";
import { NUCLEI, squareInstance, streamOf } from "./objects.ts";

/** Rough masks of every kind, outlined at many scales and places. */
function* fuzzed(count: number): Generator<Instance, void, void> {
  const random = randomFrom(7);
  for (let n = 0; n < count; n++) {
    const side = 2 + Math.floor(random() * 22);
    const level = 0.2 + 0.75 * random();
    const rows =
      n % 50 === 0
        ? spiral(1 + (n % 4))
        : Array.from({ length: side }, () =>
            Array.from({ length: side }, () => (random() < level ? "#" : ".")).join(""),
          );
    const spans = spansFrom(rows, Math.floor(random() * 80_000), Math.floor(random() * 80_000));
    const downsample = [0.25, 0.5, 0.502, 1, 1.98, 3.9987, 16][Math.floor(random() * 7)]!;
    for (const part of spans === null ? [] : connectedParts(spans)) {
      const { polygon } = outlineOf(part, downsample);
      yield squareInstance(n, { polygon, centroid: innerPoint(polygon) });
    }
  }
}

describe.skipIf(!hasShapely())("GEOS, through shapely", () => {
  it("finds every outline valid, before and after rounding to 0.01", {
    timeout: 900_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "microtome-geos-"));
    try {
      const path = join(folder, "fuzzed.geojson.gz");
      const count = Number(process.env.MICROTOME_FUZZ ?? 300);
      const { objects } = await writeQuPath(streamOf(fuzzed(count)), { path, task: NUCLEI });
      const verdict = judgeWithShapely(path);
      expect(verdict.polygons).toBe(objects);
      expect(objects).toBeGreaterThan(count);
      expect(verdict.invalid).toEqual([]);
      expect(verdict.invalidAfterRounding).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("agrees with our own check on every case", () => {
    // Repeated points are ours alone to refuse; everything else GEOS refuses as well.
    const shared = cases.filter(
      ({ fault }) => fault !== "repeated-point" && fault !== "too-few-points",
    );
    const input = shared.map(({ rings }) => ({
      type: "Polygon",
      coordinates: rings.map((ring) => [...ring, ring[0]]),
    }));
    const code =
      "import json,sys;from shapely.geometry import shape;print(json.dumps([shape(g).is_valid for g in json.load(sys.stdin)]))";
    const answers = JSON.parse(
      execFileSync(PYTHON, ["-c", code], { input: JSON.stringify(input), encoding: "utf8" }),
    ) as boolean[];
    expect(shared.length).toBeGreaterThan(15);
    for (const [i, { name, fault }] of shared.entries()) {
      expect(answers[i], name).toBe(fault === null);
    }
  });

  it("finds an invalid polygon when there is one", () => {
    const folder = mkdtempSync(join(tmpdir(), "microtome-geos-"));
    try {
      const path = join(folder, "bad.geojson");
      const coordinates = [
        [
          [0, 0],
          [6, 5],
          [4, 0],
          [0, 4],
          [0, 0],
        ],
      ];
      writeFileSync(path, JSON.stringify({ type: "Polygon", coordinates }));
      expect(judgeWithShapely(path).invalid).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
