import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { statedOrigin } from "../../src/export/microtome-member.ts";
import { type KeptObject, keptGeoJson } from "../../src/viewer/kept-geojson.ts";
import { scratchFolder } from "../tiler/write-slides.ts";

const folder = scratchFolder();

test("kept objects of a slide with bounds say what they count from, so that whoever reads them finds their place", async () => {
  const ring: [number, number][] = [
    [110, 60],
    [120, 60],
    [120, 70],
    [110, 60],
  ];
  const kept: KeptObject = {
    feature: {
      type: "Feature",
      id: "00000000-0000-4000-8000-00000000000a",
      geometry: { type: "Polygon", coordinates: [ring] },
      properties: {
        objectType: "detection",
        classification: { name: "Nucleus", color: [1, 2, 3] },
        measurements: {},
      },
    },
    madeBy: { software: "microtome", notice: "", task: "nuclei", model: "m", modelSha256: "ab" },
    bounds: { x: 100, y: 50 },
  };
  const path = join(folder, "clicked.geojson");
  writeFileSync(path, keptGeoJson([kept]));
  const origin = await statedOrigin(path);
  expect(origin).toEqual({ x: 100, y: 50 });
  const [object] = await readGeoJsonPolygons(path, origin!);
  expect(object!.polygons[0]!.outer).toEqual(expect.arrayContaining([110, 60, 120, 70]));
  expect(JSON.parse(keptGeoJson([kept])).features[0].geometry.coordinates[0][0]).toEqual([10, 10]);
});
