import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ItemList } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { readResized } from "../../src/tiler/read-resized.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { getJson } from "../server/support/http.ts";
import { hasBrowser, launchBrowser } from "./support/browser.ts";

const ROOT = join(import.meta.dirname, "../..");
const [WIDTH, HEIGHT] = [800, 600];
const PAGE = `<!doctype html><title>another viewer</title><body style="margin:0">
<div id="viewer" style="width:${WIDTH}px;height:${HEIGHT}px"></div><script src="/openseadragon.js"></script>`;

/** OpenSeadragon on a page of another origin, as any site would use it: nothing of ours is in it. */
describe.skipIf(!hasBrowser())("OpenSeadragon, from a page of another origin", () => {
  let server: RunningServer;
  let site: Server;
  let browser: Browser;
  let page: Page;
  let slide: Slide;
  let id: string;
  const faults: string[] = [];

  beforeAll(async () => {
    const target = join(ROOT, "samples/sample.tif");
    server = await startServer({ target, port: 0 });
    slide = await openSlide(target);
    id = (await getJson<ItemList>(server.port, "/api/items")).slides[0]!.id;
    const script = await readFile(
      join(ROOT, "node_modules/openseadragon/build/openseadragon/openseadragon.min.js"),
    );
    site = createServer((request, response) => {
      if (request.url === "/favicon.ico") response.writeHead(204).end();
      else if (request.url === "/openseadragon.js") response.end(script);
      else response.setHeader("Content-Type", "text/html").end(PAGE);
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT } });
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    site?.close();
    await server?.close();
    await slide?.close();
  });

  /** Opens an address, looks at a place, and returns what is on the screen: RGB. */
  async function look(address: string, place: { x: number; y: number; zoom: number } | null) {
    const url = `http://127.0.0.1:${server.port}${address}`;
    const shown: string = await page.evaluate(`(async () => {
      const place = ${JSON.stringify(place)};
      window.opened?.destroy();
      const viewer = window.opened = new OpenSeadragon.Viewer({
        id: "viewer", drawer: "canvas", crossOriginPolicy: "Anonymous", showNavigationControl: false,
        animationTime: 0, immediateRender: true, imageSmoothingEnabled: true, maxZoomPixelRatio: 4,
      });
      await new Promise((resolve, reject) => {
        viewer.addOnceHandler("open", resolve);
        viewer.addOnceHandler("open-failed", (event) => reject(new Error(event.message)));
        viewer.addHandler("tile-load-failed", (event) => reject(new Error(event.message)));
        viewer.open(${JSON.stringify(url)});
      });
      const image = viewer.world.getItemAt(0);
      if (place) {
        viewer.viewport.zoomTo(image.imageToViewportZoom(place.zoom), null, true);
        viewer.viewport.panTo(image.imageToViewportCoordinates(place.x, place.y), true);
      }
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      for (let i = 0; i < 4; i++) await frame();
      while (!image.getFullyLoaded()) await frame();
      for (let i = 0; i < 4; i++) await frame();
      // Fails where the answers did not let this origin read them.
      return viewer.drawer.canvas.toDataURL("image/png");
    })()`);
    const png = Buffer.from(shown.split(",")[1]!, "base64");
    const { data, info } = await sharp(png)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([WIDTH, HEIGHT]);
    return data;
  }

  /** Mean difference of two pictures of the screen's size, the second moved by dx, dy. */
  function difference(a: Uint8Array, b: Uint8Array, dx: number, dy: number): number {
    let sum = 0;
    let count = 0;
    for (let y = 8; y < HEIGHT - 8; y += 3) {
      for (let x = 8; x < WIDTH - 8; x++) {
        const at = (y * WIDTH + x) * 3;
        const to = ((y + dy) * WIDTH + x + dx) * 3;
        sum += Math.abs(a[at]! - b[to]!) + Math.abs(a[at + 1]! - b[to + 1]!);
        count += 2;
      }
    }
    return sum / count;
  }

  /**
   * The slide is on the screen where it belongs: every shift fits less, by a pixel in Deep Zoom. Tiles
   * without overlap, as IIIF's are, are drawn a pixel larger by OpenSeadragon, so that no seam shows.
   */
  async function expectInPlace(
    address: string,
    place: Parameters<typeof look>[1],
    expected: Uint8Array,
    most: number,
  ): Promise<void> {
    const shown = await look(address, place);
    const step = address.startsWith("/iiif/") ? 2 : 1;
    const here = difference(shown, expected, 0, 0);
    expect(here).toBeLessThan(most);
    for (const [dx, dy] of [
      [step, 0],
      [-step, 0],
      [0, step],
      [0, -step],
    ] as const) {
      expect(difference(shown, expected, dx, dy)).toBeGreaterThan(here);
    }
  }

  const addresses = () => [
    `/slides/${id}.dzi`,
    `/slides/${id}.dzi?format=png`,
    `/iiif/${id}/info.json`,
  ];

  test("shows the whole slide", async () => {
    const expected = await readResized(
      slide,
      { x: 0, y: 0, ...slide.size },
      { width: WIDTH, height: HEIGHT },
    );
    for (const address of addresses()) await expectInPlace(address, null, expected.data, 8);
  });

  test("shows pixel for pixel, across the seams of tiles", async () => {
    const box = { x: 1700, y: 1100, width: WIDTH, height: HEIGHT };
    const { data } = await slide.readRegion(0, box);
    for (const address of addresses()) {
      const place = { x: box.x + WIDTH / 2, y: box.y + HEIGHT / 2, zoom: 1 };
      await expectInPlace(address, place, data, address.includes("png") ? 0.01 : 3);
    }
  });

  test("shows the last corner, where tiles are not whole", async () => {
    const box = { x: 4096 - WIDTH, y: 3072 - HEIGHT, width: WIDTH, height: HEIGHT };
    const { data } = await slide.readRegion(0, box);
    for (const address of addresses()) {
      const place = { x: box.x + WIDTH / 2, y: box.y + HEIGHT / 2, zoom: 1 };
      await expectInPlace(address, place, data, address.includes("png") ? 0.01 : 3);
    }
  });

  test("came without a fault in the page", () => {
    expect(faults).toEqual([]);
  });
});
