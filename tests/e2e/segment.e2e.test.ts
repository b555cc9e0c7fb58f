import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { type Polygon, ringBox } from "../../src/geometry.ts";
import { polygonIou } from "../samples/polygon-iou.ts";
import { polygonOf, readTruth } from "../samples/truth.ts";
import { hasBrowser } from "./support/browser.ts";
import { viewerSession } from "./support/session.ts";
import type { ViewerPage } from "./support/viewer-page.ts";

const SAMPLES = join(import.meta.dirname, "../../samples");

describe.skipIf(!hasBrowser())("segmenting by clicks in Chromium", () => {
  /** Nuclei of the sample's truth, large and far from its edges. */
  let nuclei: readonly Polygon[];
  let viewer: ViewerPage;

  const session = viewerSession(async () => {
    nuclei = readTruth(join(SAMPLES, "sample.nuclei.geojson.gz"))
      .filter(({ areaUm2 }) => areaUm2 > 60)
      .map(polygonOf)
      .filter(({ outer: [x, y] }) => x! > 1000 && x! < 3000 && y! > 800 && y! < 2200);
    return join(SAMPLES, "sample.tif");
  });

  beforeEach(() => {
    viewer = session.viewer;
  });

  const middleOf = ({ outer }: Polygon) => {
    const { x, y, width, height } = ringBox(outer);
    return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
  };

  const answered = async () => {
    await viewer.page.locator('body[data-segmenting="false"]').waitFor();
    await viewer.frame();
  };

  const message = () => viewer.page.locator("#segment-message").innerText();

  async function turnOn(nucleus: Polygon) {
    const place = { ...middleOf(nucleus), scale: 1 };
    await viewer.goTo(place);
    await viewer.page.keyboard.press("s");
    await viewer.page.locator("#segment").waitFor();
    return place;
  }

  async function downloaded(): Promise<readonly Polygon[]> {
    const waiting = viewer.page.waitForEvent("download");
    await viewer.page.getByRole("button", { name: "Download kept objects" }).click();
    const download = await waiting;
    expect(download.suggestedFilename()).toBe("sample.clicked.geojson");
    const path = join(session.folder, "clicked.geojson");
    await download.saveAs(path);
    expect(await checkGeoJson(path)).toEqual([]);
    expect(JSON.parse(await readFile(path, "utf8")).microtome.notice).toBe("for research use only");
    return (await readGeoJsonPolygons(path)).map(({ polygons }) => polygons[0]!);
  }

  test("a click outlines the nucleus under it, Enter keeps it, the file holds it", async () => {
    const nucleus = nuclei[0]!;
    const place = await turnOn(nucleus);
    const at = await viewer.toWindow(place, place.x, place.y);
    await viewer.page.mouse.click(at.x, at.y);
    await answered();
    expect(await message()).toMatch(/µm², predicted IoU 0\.\d+/);

    // A line, not only the fill, lies along the true outline.
    const seen = await viewer.clicksAt(place, pointsOf(nucleus), 4);
    const onLine = seen.filter(([, , , alpha]) => alpha! > 200);
    expect(onLine.length).toBeGreaterThan(0.8 * seen.length);

    await viewer.page.keyboard.press("Enter");
    await viewer.page.locator("#kept li").waitFor();
    const [found] = await downloaded();
    expect(polygonIou(nucleus, found!)).toBeGreaterThan(0.7);

    // Kept through a reload, gone with undo.
    await viewer.page.reload();
    await viewer.settled();
    await viewer.page.getByRole("button", { name: "Segment" }).click();
    await viewer.page.locator("#kept li").waitFor();
    await viewer.page.keyboard.press("Backspace");
    await viewer.page.locator("#kept li").waitFor({ state: "detached" });
  });

  test("a box dragged round a nucleus outlines it, and the slide stays where it is", async () => {
    const nucleus = nuclei[1]!;
    const place = await turnOn(nucleus);
    const { x, y, width, height } = ringBox(nucleus.outer);
    const from = await viewer.toWindow(place, x - 2, y - 2);
    const to = await viewer.toWindow(place, x + width + 2, y + height + 2);
    await viewer.page.mouse.move(from.x, from.y);
    await viewer.page.mouse.down();
    await viewer.page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 3 });
    await viewer.page.mouse.move(to.x, to.y, { steps: 3 });
    await viewer.page.mouse.up();
    await answered();
    await viewer.page.getByRole("button", { name: "Keep" }).click();
    const [found] = await downloaded();
    expect(polygonIou(nucleus, found!)).toBeGreaterThan(0.7);
    expect(await viewer.place()).toEqual(place);
  });

  test("works from the keyboard alone, and Esc drops, then ends it", async () => {
    const nucleus = nuclei[2]!;
    const place = await turnOn(nucleus);
    await viewer.page.keyboard.press("x");
    await answered();
    await viewer.page.getByRole("button", { name: "Keep" }).waitFor();
    await viewer.page.keyboard.press("Escape");
    await viewer.page.getByRole("button", { name: "Keep" }).waitFor({ state: "hidden" });
    await viewer.page.keyboard.press("x");
    await answered();
    await viewer.page.keyboard.press("Enter");
    const [found] = await downloaded();
    expect(polygonIou(nucleus, found!)).toBeGreaterThan(0.7);
    // The button has the focus: Escape is the page's.
    await viewer.page.keyboard.press("Escape");
    await viewer.page.locator("#segment").waitFor({ state: "hidden" });
    const shown = await viewer.clicksAt(place, pointsOf(nucleus), 5);
    expect(shown.every(([, , , alpha]) => alpha === 0)).toBe(true);
  });

  test("says what the model does not take", async () => {
    const place = await turnOn(nuclei[3]!);
    const at = await viewer.toWindow(place, place.x, place.y);
    await viewer.page.mouse.click(at.x, at.y);
    await answered();
    await viewer.page.keyboard.down("Shift");
    await viewer.page.mouse.click(at.x + 40, at.y);
    await viewer.page.keyboard.up("Shift");
    expect(await message()).toContain("takes no points beside an object");
    await viewer.page.getByLabel("Find").selectOption({ label: "Glands and nests" });
    await viewer.page.mouse.click(at.x, at.y);
    await answered();
    expect(await message()).toMatch(/^(Region|Nothing was found|Probably nothing)/);
  });
});

/** Every fourth point of an outline. */
function pointsOf({ outer }: Polygon): [number, number][] {
  const points: [number, number][] = [];
  for (let i = 0; i < outer.length; i += 8) points.push([outer[i]!, outer[i + 1]!]);
  return points;
}
