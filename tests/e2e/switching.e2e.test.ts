import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { importObjects } from "../../src/pipeline/import-objects.ts";
import type { ItemList } from "../../src/server/api.ts";
import { madeFeatures, writeRun, writeSlide } from "../server/support/made-run.ts";
import { hasBrowser } from "./support/browser.ts";
import { viewerSession } from "./support/session.ts";

describe.skipIf(!hasBrowser())("what is shown, in Chromium", () => {
  const features = madeFeatures();
  const session = viewerSession(async (folder) => {
    const slide = join(folder, "first.tif");
    await writeSlide(slide, features);
    await writeSlide(join(folder, "second.tif"), features.slice(0, 3));
    const run = join(folder, "first.nuclei");
    await writeRun(run, slide, features);
    // Two are gone, one has another class, one is new.
    const [, , changed, ...rest] = features;
    const classification = { name: "Mitosis", color: [250, 10, 20] };
    const drawn = {
      ...features[0]!,
      id: "00000000-0000-4000-8000-00000000000a",
      geometry: features[0]!.geometry,
    };
    const corrected = [
      { ...changed!, properties: { ...changed!.properties, classification } },
      ...rest,
      drawn,
    ];
    const path = join(folder, "checked by two.geojson");
    await writeFile(path, JSON.stringify({ type: "FeatureCollection", features: corrected }));
    await importObjects(run, path, { missing: "guess", allAnnotations: false });
    return folder;
  });

  test("says that objects were corrected, and shows the model's own when asked", async () => {
    const { page } = session.viewer;
    expect(await session.viewer.data("objects")).toBe("119");
    const said = await session.shown("#corrections");
    expect(said).toContain("corrected by someone, imported from checked by two.geojson on ");
    expect(said).toContain("1 changed, 1 added, 2 deleted");
    expect(await session.shown("#legend")).toContain("Mitosis");
    const place = { x: 700, y: 500, scale: 1 };
    await session.viewer.goTo(place);
    await page.getByText("Model's own", { exact: true }).click();
    await page.locator('#corrections[data-shown="original"]').waitFor();
    await session.viewer.settled();
    expect(await session.viewer.data("objects")).toBe("120");
    expect(await session.shown("#corrections")).toContain("before they were corrected");
    expect(await session.shown("#legend")).not.toContain("Mitosis");
    expect(await session.viewer.place()).toEqual(place);
    // What is downloaded and clicked is what is shown.
    const url = await page.getByRole("link", { name: "Download GeoJSON" }).getAttribute("href");
    const answer = await page.request.get(new URL(url!, session.viewer.origin).href);
    expect(JSON.parse(gunzipSync(await answer.body()).toString()).features).toHaveLength(120);
    await page.getByText("Corrected", { exact: true }).click();
    await page.locator('#corrections[data-shown="corrected"]').waitFor();
    await session.viewer.settled();
    expect(await session.viewer.data("objects")).toBe("119");
  });

  test("shows the slide that was chosen last, however late the one before comes", async () => {
    const { page } = session.viewer;
    const list = (await (
      await page.request.get(`${session.viewer.origin}/api/items`)
    ).json()) as ItemList;
    const [first, second] = ["first.tif", "second.tif"].map(
      (name) => list.slides.find((slide) => slide.name === name)!.id,
    );
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let answered = () => {};
    const late = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await page.route(`**/api/slides/${second}`, async (route) => {
      await held;
      await route.continue();
      answered();
    });
    const select = page.getByLabel("Slide or run");
    await select.selectOption(second!);
    await select.selectOption(first!);
    release();
    await late;
    await session.viewer.settled();
    await page.waitForTimeout(300);
    expect(await session.shown("#slide-facts")).toContain("first.tif");
    expect(await page.title()).toContain("first.tif");
    // What lies on screen is the first slide: a disc that the second lacks.
    const ring = features[60]!.geometry.coordinates[0]!;
    const mean = (axis: number) => ring.reduce((sum, at) => sum + at[axis]!, 0) / ring.length;
    const place = { x: Math.round(mean(0)), y: Math.round(mean(1)), scale: 1 };
    await session.viewer.goTo(place);
    const [dark] = await session.viewer.slideAt(place, [[place.x, place.y]]);
    expect(dark![1]).toBeLessThan(120);
    // To the second slide and back to its runs at once: the last one again.
    await select.selectOption(second!);
    await select.selectOption(list.runs[0]!.id);
    await session.viewer.settled();
    expect(await session.viewer.data("objects")).toBe("119");
  });
});
