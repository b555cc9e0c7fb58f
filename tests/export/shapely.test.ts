import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeQuPath } from "../../src/export/qupath.ts";
import { maskPolygons, partPolygon } from "../../src/merge/contour.ts";
import type { Instance } from "../../src/merge/instance.ts";
import { innerPoint } from "../../src/merge/measure.ts";
import { outlineOf } from "../../src/merge/outline.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import cases from "../cases/geojson/validity.json" with { type: "json" };
import { fuzzedMasks } from "../merge/fuzzed-masks.ts";
import { pixelsOf } from "../merge/shapes.ts";
import { hasShapely, judgeWithShapely, PYTHON } from "../shapely.ts";
import { NUCLEI, squareInstance, streamOf } from "./objects.ts";

/** Masks of every kind, the exact polygons of their pixels and their outlines at many scales. */
function* fuzzed(count: number): Generator<Instance, void, void> {
  let n = 0;
  for (const { spans, downsample } of fuzzedMasks(count)) {
    for (const part of connectedParts(spans)) {
      for (const polygon of [partPolygon(part), outlineOf(part, downsample).polygon]) {
        yield squareInstance(n++, { polygon, centroid: innerPoint(polygon) });
      }
    }
  }
}

describe.skipIf(!hasShapely())("GEOS, through shapely", () => {
  it("finds every exact polygon and every outline valid, before and after rounding to 0.01", {
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

  it("covers the centres of a mask's own pixels with the exact polygons, and of no others", () => {
    const masks = [...fuzzedMasks(60, 5)].map(({ spans }) => ({
      box: spans.box,
      area: spans.area,
      pixels: [...pixelsOf(spans)].map((pixel) => pixel.split(",").map(Number)),
      polygons: maskPolygons(spans).map(({ outer, holes }) => [outer, ...holes].map(closed)),
    }));
    const code = `
import json, sys, numpy, shapely
right = []
for m in json.load(sys.stdin):
    b = m["box"]
    ys, xs = numpy.mgrid[b["y"] - 1:b["y"] + b["height"] + 1, b["x"] - 1:b["x"] + b["width"] + 1]
    covered = numpy.zeros(xs.shape, int)
    for outer, *holes in m["polygons"]:
        covered += shapely.contains_xy(shapely.Polygon(outer, holes), xs + 0.5, ys + 0.5)
    wanted = numpy.zeros(xs.shape, int)
    for x, y in m["pixels"]:
        wanted[y - b["y"] + 1, x - b["x"] + 1] = 1
    right.append(bool((covered == wanted).all()) and int(wanted.sum()) == m["area"])
print(json.dumps(right))`;
    const answers: unknown = JSON.parse(
      execFileSync(PYTHON, ["-c", code], { input: JSON.stringify(masks), encoding: "utf8" }),
    );
    expect(answers).toEqual(masks.map(() => true));
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

function closed(ring: readonly number[]): number[][] {
  const points = ring.flatMap((x, i) => (i % 2 === 0 ? [[x, ring[i + 1]!]] : []));
  return [...points, points[0]!];
}
