import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { statedOrigin } from "../../src/export/microtome-member.ts";
import type { PlacedPrompt } from "../../src/pipeline/place-prompts.ts";
import { openRunObjects } from "../../src/pipeline/run-objects.ts";
import { planSlide, segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
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

it("takes marks as QuPath counts them, from the corner of the slide's bounds, unless their file says otherwise", async () => {
  const slide = join(folder, "marked.scn");
  await writeLeica(slide);
  const planned = async (about: object) => {
    const promptFile = join(folder, "marks.geojson");
    const features = [
      { type: "Feature", geometry: { type: "Point", coordinates: [3, 4] }, properties: {} },
    ];
    writeFileSync(promptFile, JSON.stringify({ type: "FeatureCollection", ...about, features }));
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    const { plan } = await planSlide({ slide, task: "tissue", out: folder, promptFile, onNotice });
    const { origin } = plan.parameters.promptFile!;
    const [{ prompt }] = plan.asked!.byPatch[0]! as [PlacedPrompt];
    const [patch] = plan.patches.patches;
    const { gridDownsample } = plan.scale;
    const at = prompt.points[0]!;
    const x = (at.x + patch!.gridBox.x) * gridDownsample;
    const y = (at.y + patch!.gridBox.y) * gridDownsample;
    return { origin, x: Math.round(x), y: Math.round(y), notices: notices.join() };
  };
  const opened = await openSlide(slide);
  const { x, y } = opened.bounds!;
  await opened.close();
  const drawn = await planned({});
  expect(drawn).toMatchObject({ origin: { x, y }, x: x + 3, y: y + 4 });
  expect(drawn.notices).toContain(`begins at (${x}, ${y}), and QuPath counts from there`);
  const level0 = await planned({ microtome: { originX: 0, originY: 0 } });
  expect(level0).toMatchObject({ origin: undefined, x: 3, y: 4 });
  expect(level0.notices).not.toContain("QuPath");
  const own = await planned({ microtome: { originX: 1, originY: 2 } });
  expect(own).toMatchObject({ origin: { x: 1, y: 2 }, x: 4, y: 6 });
}, 60_000);
