import { featureCollection, intersect, polygon, union } from "@turf/turf";
import Flatbush from "flatbush";
import type { Polygon } from "../../src/geometry.ts";
import { maskPolygons } from "../../src/merge/contour.ts";
import { rleToSpans } from "../../src/merge/spans.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { MergeJob } from "./job.ts";
import { NucleiWorld } from "./world.ts";

type Feature = ReturnType<typeof polygon>;

function featureOf({ outer, holes }: Polygon): Feature {
  return polygon(
    [outer, ...holes].map((ring) => {
      const points: number[][] = [];
      for (let i = 0; i < ring.length; i += 2) points.push([ring[i]!, ring[i + 1]!]);
      return [...points, points[0]!];
    }),
  );
}

// @turf has no index: candidates come from Flatbush, pairs that share area from intersect, objects from union.
await serveJobs<MergeJob>("7.4.0", async ({ side, seed }) => {
  const world = new NucleiWorld(side, seed);
  const found = world.patches.flatMap((patch) =>
    world.masksOf(patch).flatMap((mask) => {
      const { x, y } = patch.gridBox;
      return maskPolygons(rleToSpans(mask.rle, x + mask.box.x, y + mask.box.y)!);
    }),
  );
  const before = process.cpuUsage();
  const features = found.map(featureOf);
  const index = new Flatbush(found.length);
  const boxes = found.map(({ outer }) => {
    const xs = outer.filter((_, i) => i % 2 === 0);
    const ys = outer.filter((_, i) => i % 2 === 1);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] as const;
  });
  for (const [x0, y0, x1, y1] of boxes) index.add(x0, y0, x1, y1);
  index.finish();
  const parent = found.map((_, i) => i);
  const root = (i: number): number => (parent[i] === i ? i : root(parent[i]!));
  for (const [i, [x0, y0, x1, y1]] of boxes.entries()) {
    for (const k of index.search(x0, y0, x1, y1)) {
      if (k <= i) continue;
      if (intersect(featureCollection([features[i]!, features[k]!])) !== null) {
        parent[root(k)] = root(i);
      }
    }
  }
  const groups = new Map<number, Feature[]>();
  for (const [i, feature] of features.entries()) {
    const group = groups.get(root(i));
    if (group === undefined) groups.set(root(i), [feature]);
    else group.push(feature);
  }
  let objects = 0;
  for (const group of groups.values()) {
    if (group.length > 1) union(featureCollection(group));
    objects++;
  }
  const { user, system } = process.cpuUsage(before);
  return { objects, masks: found.length, parts: { merge: (user + system) / 1e6 } };
});
