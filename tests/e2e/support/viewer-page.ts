import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** A place to look at: middle of the view in level-0 px, CSS px per level-0 px. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** The viewer in a page of its own, with what went wrong in it. */
export class ViewerPage {
  readonly page: Page;
  readonly origin: string;
  /** Errors in the console, uncaught errors, failed requests and requests to other hosts. */
  readonly faults: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    this.origin = origin;
    page.on("console", (message) => {
      // OpenSeadragon says so of a tile that comes when its slide is no longer shown: no fault either.
      if (message.text().startsWith("Ignoring tile ")) return;
      if (message.type() === "error" || message.type() === "warning") {
        this.faults.push(`console: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.faults.push(`page: ${error.message}`));
    page.on("requestfailed", (request) => {
      // The viewer cancels what it does not need any more.
      const reason = request.failure()?.errorText;
      if (reason !== "net::ERR_ABORTED") this.faults.push(`${request.url()}: ${reason}`);
    });
    page.on("request", (request) => {
      const url = request.url();
      const own = url.startsWith(origin) || url.startsWith("blob:") || url.startsWith("data:");
      if (!own) this.faults.push(`asked another host: ${url}`);
    });
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<ViewerPage> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    const viewer = new ViewerPage(page, new URL(url).origin);
    await page.goto(url);
    await viewer.settled();
    return viewer;
  }

  /** Waits until what is to be drawn is drawn, and the slide's tiles under it too. */
  async settled(): Promise<void> {
    await this.page.waitForSelector('body[data-ready="true"][data-settled="true"]');
    await this.page.waitForLoadState("networkidle");
    await this.frame();
  }

  /** Lets the page draw twice. */
  async frame(): Promise<void> {
    await this.page.evaluate(
      "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
    );
  }

  /** Looks at a place, through the page's address. */
  async goTo({ x, y, scale }: Place): Promise<void> {
    await this.page.evaluate(
      `(() => { const at = new URLSearchParams(location.hash.slice(1));
        at.set("x", ${x}); at.set("y", ${y}); at.set("scale", ${scale}); location.hash = at; })()`,
    );
    await this.frame();
    await this.settled();
  }

  /** Where the page says that it is. */
  async place(): Promise<Place> {
    const at = new URLSearchParams(new URL(this.page.url()).hash.slice(1));
    return { x: Number(at.get("x")), y: Number(at.get("y")), scale: Number(at.get("scale")) };
  }

  /** Where a level-0 position lies in the window, CSS px. */
  async toWindow(place: Place, x: number, y: number): Promise<{ x: number; y: number }> {
    const box = (await this.page.locator("#slide").boundingBox())!;
    return {
      x: box.x + box.width / 2 + (x - place.x) * place.scale,
      y: box.y + box.height / 2 + (y - place.y) * place.scale,
    };
  }

  /**
   * RGBA of the overlay's strongest pixel within `reach` device px of each position (level-0 px).
   */
  overlayAt(
    place: Place,
    points: readonly (readonly [number, number])[],
    reach = 1,
  ): Promise<number[][]> {
    return this.#pixels("canvas.overlay", place, points, reach);
  }

  /** The same of what the tool for clicks drew. */
  clicksAt(
    place: Place,
    points: readonly (readonly [number, number])[],
    reach: number,
  ): Promise<number[][]> {
    return this.#pixels("canvas.clicks", place, points, reach);
  }

  /** RGBA of the slide at positions (level-0 px). */
  slideAt(place: Place, points: readonly (readonly [number, number])[]): Promise<number[][]> {
    return this.#pixels("#slide .openseadragon-canvas canvas:not(.overlay)", place, points, 0);
  }

  async data(name: string): Promise<string | undefined> {
    return this.page.evaluate(`document.body.dataset[${JSON.stringify(name)}]`);
  }

  #pixels(
    selector: string,
    place: Place,
    points: readonly (readonly [number, number])[],
    reach: number,
  ): Promise<number[][]> {
    return this.page.evaluate(`(() => {
      // A copy: reading the page's own canvas would change how the browser draws it.
      const shown = document.querySelector(${JSON.stringify(selector)});
      const canvas = new OffscreenCanvas(shown.width, shown.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(shown, 0, 0);
      const ratio = devicePixelRatio;
      const place = ${JSON.stringify(place)};
      return ${JSON.stringify(points)}.map(([x, y]) => {
        const px = Math.floor(canvas.width / 2 + (x - place.x) * place.scale * ratio);
        const py = Math.floor(canvas.height / 2 + (y - place.y) * place.scale * ratio);
        const r = ${reach};
        const side = 2 * r + 1;
        const { data } = context.getImageData(px - r, py - r, side, side);
        let best = 0;
        for (let i = 4; i < data.length; i += 4) if (data[i + 3] > data[best + 3]) best = i;
        return [...data.slice(best, best + 4)];
      });
    })()`);
  }
}
