import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { hasBrowser, launchBrowser } from "./support/browser.ts";
import { buildViewer } from "./support/built-viewer.ts";
import { ViewerPage } from "./support/viewer-page.ts";

const [WIDTH, HEIGHT] = [6000, 4200];

/** Red grows to the right, green downwards: a pixel's colour is its place. */
function ramp(): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3, 128);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, at += 3) {
      pixels[at] = 40 + Math.floor((x * 200) / WIDTH);
      pixels[at + 1] = 40 + Math.floor((y * 200) / HEIGHT);
    }
  }
  return pixels;
}

describe.skipIf(!hasBrowser())("a large picture without a pyramid", () => {
  let folder: string;
  let server: RunningServer;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "microtome-e2e-"));
    const path = join(folder, "picture.jpg");
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const };
    await sharp(ramp(), { raw }).jpeg({ quality: 95 }).toFile(path);
    const viewerFolder = join(folder, ".viewer");
    await buildViewer(viewerFolder);
    server = await startServer({ target: path, port: 0, viewerFolder });
    browser = await launchBrowser();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test("is seen whole from a few tiles, each part in its place; closer, from its own pixels", async () => {
    const asked: string[] = [];
    const viewer = await ViewerPage.open(browser, server.url);
    viewer.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await viewer.page.reload();
    await viewer.settled();
    const tiles = () => asked.filter((path) => path.includes("/tiles/"));
    expect(tiles().length).toBeGreaterThan(0);
    expect(tiles().length).toBeLessThan(40);
    // Not one of them from the picture itself: that would be all of it.
    expect(tiles().filter((path) => path.includes("/tiles/0/"))).toEqual([]);
    const points = [
      [500, 500],
      [3000, 2100],
      [5500, 3700],
    ] as const;
    await expect.poll(() => furthest(viewer, points), { timeout: 30_000 }).toBeLessThan(4);
    await viewer.goTo({ x: 4000, y: 3000, scale: 1 });
    const near = [
      [3800, 2900],
      [4200, 3100],
    ] as const;
    await expect.poll(() => furthest(viewer, near), { timeout: 30_000 }).toBeLessThan(4);
    await expect.poll(() => tiles().some((path) => path.includes("/tiles/0/"))).toBe(true);
    expect(viewer.faults).toEqual([]);
  });

  /** The largest difference between what is shown at level-0 positions and the ramp there. */
  async function furthest(
    viewer: ViewerPage,
    points: readonly (readonly [number, number])[],
  ): Promise<number> {
    const shown = await viewer.slideAt(await viewer.place(), points);
    return Math.max(
      ...points.flatMap(([x, y], i) => [
        Math.abs(shown[i]![0]! - 40 - (x * 200) / WIDTH),
        Math.abs(shown[i]![1]! - 40 - (y * 200) / HEIGHT),
      ]),
    );
  }
});
