import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { type ReadObject, readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { ringBox } from "../../src/geometry.ts";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { hasBrowser } from "./support/browser.ts";
import { viewerSession } from "./support/session.ts";
import { type Place, ViewerPage } from "./support/viewer-page.ts";

const ROOT = join(import.meta.dirname, "../..");
const SCREENSHOTS = join(ROOT, "docs/images");

describe.skipIf(!hasBrowser())("the viewer in Chromium", () => {
  let viewer: ViewerPage;
  let objects: readonly ReadObject[];
  /** The darkest nucleus with nothing close to it, so that what is measured is its own. */
  let alone: ReadObject;

  const session = viewerSession(async (folder) => {
    // A copy: the slide belongs beside its run.
    const slide = join(folder, "sample.tif");
    await copyFile(join(ROOT, "samples/sample.tif"), slide);
    await writeFile(join(folder, "broken.svs"), "This is not a slide.\n");
    const run = await segmentSlide({ slide, task: "nuclei", out: folder });
    objects = await readGeoJsonPolygons(join(run.folder, "nuclei.geojson.gz"));
    alone = darkestAlone(objects);
    return folder;
  });

  beforeEach(() => {
    viewer = session.viewer;
  });

  const shown = (selector: string) => session.shown(selector);

  test("shows every object of the run, and what the run was", async () => {
    expect(await viewer.data("objects")).toBe(String(objects.length));
    expect(Number(await viewer.data("drawn"))).toBe(objects.length);
    expect(await shown("#object-count")).toBe(objects.length.toLocaleString("en"));
    expect(await shown("#in-view")).toBe(`${objects.length.toLocaleString("en")} in view`);
    expect(await shown("header")).toContain("For research use only");
    const run = await shown("#run");
    expect(run).toContain("microtome-nuclei");
    expect(run).toMatch(/Model SHA-256\s+[0-9a-f]{12}/);
    expect(run).toMatch(/[\d.]+ mm²/);
    expect(await shown("#slide-facts")).toContain("4,096 × 3,072 px");
  });

  test.each([0.4, 1, 3.3])(
    "at scale %f outlines lie on the nucleus that they outline",
    async (scale) => {
      const place = { ...middleOf(alone), scale };
      await viewer.goTo(place);
      await expectOnNucleus(place);
    },
  );

  test("zooming with the wheel keeps them there", async () => {
    await viewer.goTo({ ...middleOf(alone), scale: 0.5 });
    const at = await viewer.toWindow(
      { ...middleOf(alone), scale: 0.5 },
      alone.polygons[0]!.outer[0]!,
      alone.polygons[0]!.outer[1]!,
    );
    await viewer.page.mouse.move(at.x, at.y);
    const before = viewer.page.url();
    for (let i = 0; i < 4; i++) await viewer.page.mouse.wheel(0, -240);
    await viewer.page.waitForURL((url) => url.href !== before);
    await viewer.page.waitForTimeout(600);
    await viewer.settled();
    const place = await viewer.place();
    expect(place.scale).toBeGreaterThan(0.8);
    await expectOnNucleus(place, 2);
  });

  test("on a screen with two pixels for one the overlay has them all", async () => {
    const sharp = await ViewerPage.open(session.browser, session.server.url, {
      deviceScaleFactor: 2,
    });
    const own = viewer;
    viewer = sharp;
    const place = { ...middleOf(alone), scale: 1 };
    await sharp.goTo(place);
    const [canvas, host] = await sharp.page.evaluate<[number, number]>(
      `[document.querySelector("canvas.overlay").width, document.querySelector("#slide").clientWidth]`,
    );
    expect(canvas).toBe(2 * host);
    await expectOnNucleus(place, 2);
    await sharp.page.close();
    viewer = own;
  });

  test("a click shows the object's measurements as the file has them", async () => {
    const place = { ...middleOf(alone), scale: 1 };
    await viewer.goTo(place);
    const at = await viewer.toWindow(place, place.x, place.y);
    await viewer.page.mouse.click(at.x, at.y);
    await viewer.page.locator(`#selection[data-object="${alone.id}"]`).waitFor();
    const text = await shown("#selection");
    const area = alone.measurements["Area µm^2"]!;
    expect(Number(/Area\s+([\d.,]+) µm²/.exec(text)![1]!.replace(",", ""))).toBeCloseTo(area, 1);
    for (const name of ["Perimeter", "Circularity", "Predicted IoU", "Stability"]) {
      expect(text).toContain(name);
    }
    await screenshot("viewer.png", { x: place.x - 300, y: place.y - 150, scale: 0.62 });
    await viewer.page.keyboard.press("Escape");
    await viewer.page.locator("#selection:not([data-object])").waitFor();
  });

  test("the overlay can be hidden and shown by key and by button", async () => {
    const place = { ...middleOf(alone), scale: 1 };
    await viewer.goTo(place);
    await viewer.page.keyboard.press("h");
    await viewer.page.locator('body[data-overlay="off"]').waitFor();
    await viewer.frame();
    const edge = outline(alone);
    expect((await viewer.overlayAt(place, edge)).every(([, , , alpha]) => alpha === 0)).toBe(true);
    const button = viewer.page.getByRole("button", { name: "Overlay" });
    expect(await button.getAttribute("aria-pressed")).toBe("false");
    await button.click();
    await viewer.settled();
    await expectOnNucleus(place);
  });

  test("colours by score, fills and fades", async () => {
    const place = { ...middleOf(alone), scale: 1 };
    await viewer.goTo(place);
    const edge = outline(alone);
    const byClass = await viewer.overlayAt(place, edge);
    await viewer.page.getByLabel("Colour by").selectOption({ label: "Predicted IoU" });
    await viewer.page.locator('body[data-color-by="value"]').waitFor();
    await viewer.frame();
    const byScore = await viewer.overlayAt(place, edge);
    expect(byScore).not.toEqual(byClass);
    expect(byScore.every(([, , , alpha]) => alpha! > 40)).toBe(true);
    expect(await shown("#legend")).toMatch(/≤ 0\.\d+\s+≥ 0\.\d+/);

    const middle: [number, number][] = [[place.x, place.y]];
    expect((await viewer.overlayAt(place, middle, 0))[0]![3]).toBe(0);
    await viewer.page.getByText("Filled", { exact: true }).click();
    await viewer.frame();
    const full = (await viewer.overlayAt(place, middle, 0))[0]![3]!;
    expect(full).toBeGreaterThan(60);
    await viewer.page.getByLabel("Opacity").fill("30");
    await viewer.frame();
    expect((await viewer.overlayAt(place, middle, 0))[0]![3]).toBeLessThan(full / 2);
  });

  test("hands out the GeoJSON", async () => {
    const waiting = viewer.page.waitForEvent("download");
    await viewer.page.getByRole("link", { name: "Download GeoJSON" }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe("sample.nuclei.geojson.gz");
    const bytes = await readFile(await download.path());
    const collection = JSON.parse(gunzipSync(bytes).toString("utf8"));
    expect(collection.type).toBe("FeatureCollection");
    expect(collection.features).toHaveLength(objects.length);
  });

  test("tells the scale", async () => {
    await viewer.goTo({ x: 2000, y: 1500, scale: 0.5 });
    expect(await shown("#zoom")).toMatch(/20x\s+0\.50 µm\/px/);
    expect(await shown("#scale-label")).toBe("50 µm");
    const bar = await viewer.page.locator("#scale-line").boundingBox();
    // 50 µm at 0.5 µm per screen pixel.
    expect(bar!.width).toBeCloseTo(100, 0);
    await viewer.page.getByRole("button", { name: "40x" }).click();
    await viewer.page.locator("#zoom", { hasText: "40x" }).waitFor();
  });

  test("works from the keyboard, and says how", async () => {
    await viewer.page.keyboard.press("?");
    const dialog = viewer.page.getByRole("dialog", { name: "Keys" });
    expect(await dialog.innerText()).toContain("Show or hide the overlay");
    await viewer.page.keyboard.press("Escape");
    await viewer.page.waitForSelector("#keys:not([open])", { state: "attached" });
    await viewer.frame();
    const before = viewer.page.url();
    await viewer.page.keyboard.press("1");
    await viewer.page.waitForURL((url) => url.href !== before);
    expect((await viewer.place()).scale).toBeCloseTo(1, 2);
    await viewer.page.keyboard.press("p");
    expect(await viewer.page.locator("#panel").isVisible()).toBe(false);
  });

  test("a slide without a run is shown by itself", async () => {
    await viewer.page.getByLabel("Slide or run").selectOption({ label: "sample.tif" });
    await viewer.settled();
    expect(await viewer.data("objects")).toBe("0");
    expect(await viewer.page.locator("#overlay").count()).toBe(0);
    expect(await shown("#panel")).toContain("sample.tif");
  });

  test("what cannot be shown is said in words", async () => {
    await viewer.page.getByLabel("Slide or run").selectOption({ label: "broken.svs" });
    const notice = viewer.page.getByRole("alert");
    await notice.waitFor();
    expect(await notice.innerText()).toContain("broken.svs");
    expect(await notice.innerText()).not.toContain(session.folder);
    // The refused request is in the browser's own console, as it should be.
    expect(viewer.faults.splice(0).every((fault) => fault.includes("415"))).toBe(true);
  });

  async function expectOnNucleus(place: Place, reach = 1): Promise<void> {
    const edge = outline(alone);
    const drawn = await viewer.overlayAt(place, edge, reach);
    expect(drawn.filter(([, , , alpha]) => alpha! > 40)).toHaveLength(edge.length);
    // Well outside of this lonely nucleus, nothing is drawn.
    const { x, y } = middleOf(alone);
    const outside = edge.map(([ex, ey]) => [x + 1.6 * (ex - x), y + 1.6 * (ey - y)] as const);
    const around = await viewer.overlayAt(place, outside, 0);
    expect(around.filter(([, , , alpha]) => alpha! > 0)).toHaveLength(0);
    // And under the outline is a nucleus: dark inside, paler outside.
    const [[inside], beyond] = [
      await viewer.slideAt(place, [[x, y]]),
      await viewer.slideAt(place, outside),
    ];
    const pale = beyond.map(brightness).reduce((a, b) => a + b, 0) / beyond.length;
    expect(brightness(inside!)).toBeLessThan(pale - 25);
  }

  /** For the documents, when asked for: UPDATE_SCREENSHOTS=1. */
  async function screenshot(name: string, place: Place): Promise<void> {
    if (process.env.UPDATE_SCREENSHOTS !== "1") return;
    await mkdir(SCREENSHOTS, { recursive: true });
    await viewer.goTo(place);
    const picture = await viewer.page.screenshot();
    // A palette halves what the repository carries.
    await sharp(picture).png({ palette: true, quality: 90 }).toFile(join(SCREENSHOTS, name));
  }
});

function brightness([r, g, b]: readonly number[]): number {
  return (r! + g! + b!) / 3;
}

function middleOf(object: ReadObject): { x: number; y: number } {
  const box = ringBox(object.polygons[0]!.outer);
  return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
}

/** Every third point of an object's outline. */
function outline(object: ReadObject): (readonly [number, number])[] {
  const { outer } = object.polygons[0]!;
  const points: (readonly [number, number])[] = [];
  for (let i = 0; i < outer.length; i += 6) points.push([outer[i]!, outer[i + 1]!]);
  return points;
}

/** Round, well inside the slide, its neighbours' boxes at least a diameter away; darkest of those. */
function darkestAlone(objects: readonly ReadObject[]): ReadObject {
  const boxes = objects.map((object) => ringBox(object.polygons[0]!.outer));
  const candidates = objects.filter((object, i) => {
    const box = boxes[i]!;
    const room = Math.max(box.width, box.height);
    const inside =
      box.x > 700 && box.y > 550 && box.x + box.width < 3400 && box.y + box.height < 2500;
    if (!inside || room < 20 || (object.measurements.Circularity ?? 0) < 0.8) return false;
    return boxes.every(
      (other, j) =>
        i === j ||
        other.x > box.x + box.width + room ||
        other.x + other.width < box.x - room ||
        other.y > box.y + box.height + room ||
        other.y + other.height < box.y - room,
    );
  });
  const dark = (object: ReadObject) => object.measurements["Hematoxylin OD mean"] ?? 0;
  const found = candidates.sort((a, b) => dark(b) - dark(a))[0];
  if (!found) throw new Error("The sample's run has no nucleus that lies alone.");
  return found;
}
