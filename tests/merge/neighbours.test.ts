import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { writeQuPath } from "../../src/export/qupath.ts";
import { traceWalks } from "../../src/merge/contour.ts";
import { OUTLINE_TOLERANCE, outlineOf } from "../../src/merge/outline.ts";
import type { Spans } from "../../src/merge/spans.ts";
import { NUCLEI, squareInstance, streamOf } from "../export/objects.ts";
import { hasShapely, PYTHON } from "../shapely.ts";
import { cellMap, partsOf } from "./label-maps.ts";
import { randomFrom } from "./random.ts";
import { pixelsOf } from "./shapes.ts";

/** Maps to try: a few in every run, many where MICROTOME_FUZZ says so. */
const MAPS = Math.ceil(Number(process.env.MICROTOME_FUZZ ?? 300) / 60);

/** Beyond so many grid px from where a common border ends, neighbours have the same points. */
const END_PX = 12;

function* maps(): Generator<Spans[], void, void> {
  const random = randomFrom(11);
  for (let n = 0; n < MAPS; n++) yield partsOf(cellMap(random, 96, 10 + Math.floor(random() * 30)));
}

/** For each pixel corner on a part's border: which sides of it are other parts, as one number a pixel. */
function cornersOf(parts: readonly Spans[]): Map<string, Set<number>> {
  const touching = new Map<string, Set<number>>();
  for (const [label, part] of parts.entries()) {
    for (const pixel of pixelsOf(part)) {
      const [x, y] = pixel.split(",").map(Number);
      for (const key of [`${x},${y}`, `${x! + 1},${y}`, `${x},${y! + 1}`, `${x! + 1},${y! + 1}`]) {
        const around = touching.get(key) ?? new Set();
        touching.set(key, around.add(label));
      }
    }
  }
  return touching;
}

describe("outlines of objects that touch", () => {
  it("are the same line along a common border, but near its ends", () => {
    let [compared, same] = [0, 0];
    for (const parts of maps()) {
      const touching = cornersOf(parts);
      const outlines = parts.map((part) => outlineOf(part, 1));
      const points = outlines.map(
        ({ polygon: { outer, holes } }) =>
          new Set([outer, ...holes].flatMap((ring) => pairs(ring).map(String))),
      );
      for (const [a, part] of parts.entries()) {
        if (outlines[a]!.kind !== "smooth") continue;
        const corners = traceWalks(part).flatMap(everyCorner);
        for (const point of pairs(outlines[a]!.polygon.outer)) {
          // Every corner of the border near the point must lie between the same two objects.
          const near = corners.filter((corner) => distance(corner, point) <= END_PX);
          const sides = near.map((corner) => touching.get(String(corner))!);
          const others = new Set(sides.flatMap((side) => [...side]));
          others.delete(a);
          const [b] = others;
          if (others.size !== 1 || sides.some((side) => side.size !== 2)) continue;
          if (outlines[b!]!.kind !== "smooth") continue;
          compared++;
          if (points[b!]!.has(String(point))) same++;
        }
      }
    }
    expect(compared).toBeGreaterThan(5 * MAPS);
    // What is dropped in one round decides on the next: seldom, an end reaches farther.
    expect(same / compared).toBeGreaterThan(0.95);
  });

  it("have the rings of their pixels: one outside, one a hole", () => {
    for (const parts of maps()) {
      for (const part of parts) {
        const { polygon, kind } = outlineOf(part, 1);
        if (kind !== "staircase") expect(polygon.holes.length + 1).toBe(traceWalks(part).length);
      }
    }
  });

  it.skipIf(!hasShapely())(
    "overlap and part by no more than the tolerance, says GEOS",
    async () => {
      const script = resolve(import.meta.dirname, "../cases/geojson/neighbours-with-shapely.py");
      const folder = mkdtempSync(join(tmpdir(), "microtome-neighbours-"));
      try {
        const paths: string[] = [];
        for (const parts of maps()) {
          const path = join(folder, `${paths.length}.geojson`);
          const objects = parts.map((part, n) =>
            squareInstance(n, { polygon: outlineOf(part, 1).polygon }),
          );
          await writeQuPath(streamOf(objects), { path, task: NUCLEI });
          paths.push(path);
        }
        const report = JSON.parse(execFileSync(PYTHON, [script, ...paths], { encoding: "utf8" }));
        if (process.env.MICROTOME_FUZZ) console.info(JSON.stringify(report));
        expect(report.pairs).toBeGreaterThan(20 * MAPS);
        // Each line lies within 0.5 + tolerance of the common pixel border.
        expect(report.widestOverlap).toBeLessThan(0.5 + OUTLINE_TOLERANCE);
        expect(report.overlapShare).toBeLessThan(0.004);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

function pairs(ring: readonly number[]): [number, number][] {
  return ring.flatMap((x, i) => (i % 2 === 0 ? [[x, ring[i + 1]!] as [number, number]] : []));
}

/** The pixel corners along a walk, those on its straight edges too. */
function everyCorner(walk: readonly number[]): [number, number][] {
  const ends = pairs(walk);
  return ends.flatMap(([x, y], i) => {
    const [u, v] = ends[(i + 1) % ends.length]!;
    const length = Math.abs(u - x) + Math.abs(v - y);
    return Array.from({ length }, (_, s): [number, number] => [
      x + (s * (u - x)) / length,
      y + (s * (v - y)) / length,
    ]);
  });
}

function distance([x, y]: readonly number[], [u, v]: readonly number[]): number {
  return Math.hypot(x! - u!, y! - v!);
}
