import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { statedOrigin } from "../../src/export/microtome-member.ts";
import { openRunObjects } from "../../src/pipeline/run-objects.ts";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { collect } from "../store/objects/some-objects.ts";
import { writeLeica } from "../tiler/write-vendors.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-bounds-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("writes a run's own GeoJSON as QuPath counts, from the corner of the slide's bounds, and says so", async () => {
  const slide = join(folder, "areas.scn");
  await writeLeica(slide);
  const made = await segmentSlide({ slide, task: "tissue", out: folder, tissue: "all" });
  const { x, y } = made.record.slide.bounds!;
  expect(x + y).toBeGreaterThan(0);
  const file = join(made.folder, "tissue.geojson.gz");
  expect(await statedOrigin(file)).toEqual({ x, y });
  const { objects, close } = await openRunObjects(made.folder);
  const stored = await collect(objects.all());
  await close();
  const back = await readGeoJsonPolygons(file, { x, y });
  expect(back.map(({ polygons }) => polygons[0])).toEqual(stored.map(({ polygon }) => polygon));
}, 60_000);
