/**
 * Prints the outlines of fuzzed masks as WKT, one a line, after a word for what they are:
 *
 *     npx tsx tests/cases/geojson/fuzzed-wkt.ts 10000 > outlines.wkt
 *
 * For JtsPrecision.java, which has JTS judge them as QuPath does.
 */
import type { Ring } from "../../../src/geometry.ts";
import { partPolygon } from "../../../src/merge/contour.ts";
import { outlineOf } from "../../../src/merge/outline.ts";
import { connectedParts } from "../../../src/merge/span-sets.ts";
import { fuzzedMasks } from "../../merge/fuzzed-masks.ts";

const ringText = (ring: Ring): string => {
  const points = ring.flatMap((x, i) => (i % 2 === 0 ? [`${x} ${ring[i + 1]}`] : []));
  return `(${[...points, points[0]].join(",")})`;
};

for (const { spans, downsample } of fuzzedMasks(Number(process.argv[2] ?? 300))) {
  for (const part of connectedParts(spans)) {
    const outline = outlineOf(part, downsample);
    for (const [kind, { outer, holes }] of [
      ["exact", partPolygon(part)],
      [outline.kind, outline.polygon],
    ] as const) {
      process.stdout.write(`${kind} POLYGON(${[outer, ...holes].map(ringText).join(",")})\n`);
    }
  }
}
