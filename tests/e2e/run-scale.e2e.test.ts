import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { madeFeatures, SLIDE_SIZE, writeRun, writeSlide } from "../server/support/made-run.ts";
import { hasBrowser, launchBrowser } from "./support/browser.ts";
import { buildViewer } from "./support/built-viewer.ts";
import { ViewerPage } from "./support/viewer-page.ts";

describe.skipIf(!hasBrowser())("the scale of a run in the viewer", () => {
  let folder: string;
  let server: RunningServer;
  let browser: Browser;
  let viewer: ViewerPage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "microtome-e2e-"));
    const features = madeFeatures(12);
    // A picture says nothing of its scale; the TIFF says 0.25 µm/px.
    const picture = join(folder, "picture.png");
    const { width, height } = SLIDE_SIZE;
    await sharp({ create: { width, height, channels: 3, background: "#e8c8dc" } }).toFile(picture);
    const tagged = join(folder, "tagged.tif");
    await writeSlide(tagged, features);
    for (const [slide, mpp] of [
      [picture, 0.25],
      [tagged, 0.5],
    ] as const) {
      await writeRun(`${slide.slice(0, -4)}.nuclei`, slide, features, {
        mpp: { slide: mpp, source: "override", used: mpp, level: 0, upsampled: false },
      });
    }
    const viewerFolder = join(folder, ".viewer");
    await buildViewer(viewerFolder);
    server = await startServer({ target: folder, port: 0, viewerFolder });
    browser = await launchBrowser();
    viewer = await ViewerPage.open(browser, server.url);
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function look(item: string) {
    const select = viewer.page.getByLabel("Slide or run");
    const labels = await select.locator("option").allInnerTexts();
    await select.selectOption({
      label: labels.find((label) => label === item || label.startsWith(`${item},`))!,
    });
    await viewer.settled();
    await viewer.goTo({ x: 700, y: 500, scale: 0.5 });
    const bar = await viewer.page.locator("#scale-line").boundingBox();
    return {
      zoom: await viewer.page.locator("#zoom").innerText(),
      label: await viewer.page.locator("#scale-label").innerText(),
      length: bar!.width,
      facts: await viewer.page.locator("#slide-facts").innerText(),
    };
  }

  test("is in µm where the file says nothing and the run does", async () => {
    const { zoom, label, length, facts } = await look("picture.png · nuclei");
    expect(zoom).toMatch(/20x\s+0\.50 µm\/px/);
    expect(label).toBe("50 µm");
    expect(length).toBeCloseTo(100, 0);
    expect(facts).toMatch(/0\.25 µm\/px\s+Scale from\s+--mpp, given for the run$/m);
  });

  test("is in pixels where the picture is shown by itself", async () => {
    const { zoom, label, facts } = await look("picture.png");
    expect(zoom).toContain("50 %");
    expect(label).toMatch(/ px$/);
    expect(facts).toContain("not in the file");
  });

  test("is the run's where the file says otherwise, and the file's without the run", async () => {
    const run = await look("tagged.tif · nuclei");
    expect(run.zoom).toMatch(/10x\s+1\.00 µm\/px/);
    expect(run.label).toBe("100 µm");
    expect(run.length).toBeCloseTo(100, 0);
    expect(run.facts).toContain("--mpp, given for the run; the file says 0.25 µm/px");
    const alone = await look("tagged.tif");
    expect(alone.zoom).toMatch(/20x\s+0\.50 µm\/px/);
    expect(alone.label).toBe("50 µm");
    expect(alone.facts).toContain("the TIFF resolution tags");
  });

  test("came without a fault in the page", () => {
    expect(viewer.faults).toEqual([]);
  });
});
