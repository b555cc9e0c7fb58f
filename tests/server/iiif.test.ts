import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiError, ItemList } from "../../src/server/api.ts";
import { HttpError } from "../../src/server/http-error.ts";
import { describeIiif, iiifLimits } from "../../src/server/iiif-info.ts";
import { parseIiif } from "../../src/server/iiif-request.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { getJson, json, send } from "./support/http.ts";

interface Parts {
  readonly name: string;
  readonly region: string;
  readonly size: string;
  readonly rotation: string;
  readonly file: string;
}

interface Cases {
  readonly picture: readonly [number, number];
  readonly limits: { readonly side: number; readonly area: number };
  readonly understood: readonly (Parts & {
    readonly box: readonly [number, number, number, number];
    readonly pixels: readonly [number, number];
    readonly canonical: string;
  })[];
  readonly refused: readonly Parts[];
  readonly compliance: Readonly<Record<string, readonly string[]>>;
}

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, "../cases/server/iiif.json"), "utf8"),
) as Cases;
const picture = { width: cases.picture[0], height: cases.picture[1] };
const SAMPLE = join(import.meta.dirname, "../../samples/sample.tif");

describe("an image request", () => {
  test.each(cases.understood)("$name", ({ box, pixels, canonical, name, ...parts }) => {
    const asked = parseIiif(parts, picture, cases.limits);
    expect(Object.values(asked.box)).toEqual(box);
    expect([asked.size.width, asked.size.height]).toEqual(pixels);
    expect(asked.canonical).toBe(canonical);
    // The canonical address means the same picture.
    const [region, size, rotation, file] = canonical.split("/") as [string, string, string, string];
    expect(parseIiif({ region, size, rotation, file }, picture, cases.limits)).toEqual(asked);
  });

  test.each(cases.refused)("is 400 for $name", ({ name, ...parts }) => {
    const refusal = (() => {
      try {
        return parseIiif(parts, picture, cases.limits);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(HttpError);
    expect((refusal as HttpError).status).toBe(400);
    // The message names the part that is wrong.
    const part = name.split(":")[0]!;
    const word = part === "quality" || part === "format" ? "expected default, color or gray" : part;
    expect((refusal as HttpError).message).toContain(word);
  });

  test("max stays within the limits whatever the region's form", () => {
    const limits = { side: 4096, area: 2 ** 23 };
    for (const [width, height] of [
      [100_000, 100_000],
      [100_000, 7],
      [3, 90_000],
      [4097, 2048],
      [2896, 2897],
    ] as const) {
      const parts = { region: "full", size: "max", rotation: "0", file: "default.jpg" };
      const { size } = parseIiif(parts, { width, height }, limits);
      expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(4096);
      expect(size.width * size.height).toBeLessThanOrEqual(2 ** 23);
      expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("the image information", () => {
  const slideOf = (width: number, height: number, tile: number) =>
    ({
      size: { width, height },
      levels: [{ tileSize: { width: tile, height: tile } }],
    }) as unknown as Slide;

  test.each([
    [100_000, 60_000, 256],
    [2220, 2967, 240],
    [500, 300, 512],
    [46_000, 32_914, 16_384],
  ])("of %i × %i with tiles of %i keeps what the specification asks", (width, height, side) => {
    const limits = iiifLimits(false);
    const info = describeIiif("http://127.0.0.1/iiif/x", slideOf(width, height, side), limits);
    expect(Object.keys(info)[0]).toBe("@context");
    const [{ width: tileWidth, scaleFactors }] = info.tiles as [(typeof info.tiles)[number]];
    expect(tileWidth).toBe(side === 16_384 ? 512 : side);
    expect(scaleFactors).toEqual(scaleFactors.map((_, i) => 2 ** i));
    expect(Math.ceil(Math.max(width, height) / scaleFactors.at(-1)!)).toBeLessThanOrEqual(
      tileWidth,
    );
    for (const size of info.sizes) {
      expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(info.maxWidth);
      expect(size.width * size.height).toBeLessThanOrEqual(info.maxArea);
      const parts = { rotation: "0", file: "default.jpg", region: "full" };
      const asked = { ...parts, size: `${size.width},${size.height}` };
      expect(parseIiif(asked, { width, height }, limits).size).toEqual(size);
    }
    expect(info.sizes.length).toBeGreaterThan(0);
  });
});

describe("over HTTP", () => {
  let server: RunningServer;
  let slide: Slide;
  let base: string;
  let origin: string;

  beforeAll(async () => {
    server = await startServer({ target: SAMPLE, port: 0 });
    const { slides } = await getJson<ItemList>(server.port, "/api/items");
    base = `/iiif/${slides[0]!.id}`;
    origin = `http://127.0.0.1:${server.port}`;
    slide = await openSlide(SAMPLE);
  });

  afterAll(async () => {
    await slide?.close();
    await server?.close();
  });

  test("info.json is JSON-LD, and JSON for who asks for that", async () => {
    const host = { Host: `127.0.0.1:${server.port}` };
    const answer = await send(server.port, `${base}/info.json`, host);
    expect(answer.headers["content-type"]).toBe(
      'application/ld+json;profile="http://iiif.io/api/image/3/context.json"',
    );
    expect(answer.headers.link).toContain('<http://iiif.io/api/image/3/level2.json>;rel="profile"');
    expect(json(answer)).toMatchObject({
      "@context": "http://iiif.io/api/image/3/context.json",
      id: `${origin}${base}`,
      type: "ImageService3",
      protocol: "http://iiif.io/api/image",
      profile: "level2",
      width: slide.size.width,
      height: slide.size.height,
    });
    const accept = { ...host, Accept: "application/json" };
    const plain = await send(server.port, `${base}/info.json`, accept);
    expect(plain.headers["content-type"]).toBe("application/json");
    expect(plain.body.equals(answer.body)).toBe(true);
  });

  test("the base address leads to it", async () => {
    const answer = await send(server.port, base, { Host: `127.0.0.1:${server.port}` });
    expect([answer.status, answer.headers.location]).toEqual([303, `${origin}${base}/info.json`]);
    expect((await send(server.port, "/iiif/nothing")).status).toBe(404);
  });

  test.each(Object.entries(cases.compliance))("%s is offered", async (_, paths) => {
    for (const path of paths) {
      const answer = await send(server.port, `${base}/${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
      const type = path.endsWith("png") ? "image/png" : "image/jpeg";
      expect(answer.headers["content-type"]).toBe(type);
    }
  });

  test("pixels are the slide's: cut, turned, grey, and exact in PNG", async () => {
    const box = { x: 1000, y: 700, width: 120, height: 80 };
    const own = await slide.readRegion(0, box);
    const raw = { width: 120, height: 80, channels: 3 as const };
    const get = async (rest: string) => {
      const { body } = await send(server.port, `${base}/1000,700,120,80/${rest}`);
      return sharp(body).raw().toBuffer({ resolveWithObject: true });
    };
    expect((await get("max/0/default.png")).data.equals(Buffer.from(own.data))).toBe(true);
    const turned = await get("max/90/default.png");
    expect([turned.info.width, turned.info.height]).toEqual([80, 120]);
    const expected = await sharp(own.data, { raw }).rotate(90).raw().toBuffer();
    expect(turned.data.equals(expected)).toBe(true);
    const gray = (await get("max/0/gray.png")).data;
    for (let i = 0; i < gray.length; i += 3) expect(gray[i]).toBe(gray[i + 2]);
  });

  test("a stored tile is passed on, its pixels those of the level", async () => {
    const { tileSize } = slide.levels[1]!;
    const [w, h] = [tileSize.width, tileSize.height];
    const path = `${base}/${w * 2},${h * 2},${w * 2},${h * 2}/${w},${h}/0/default.jpg`;
    const answer = await send(server.port, path);
    const stored = await slide.readRawTile(1, 1, 1);
    expect(answer.body.equals(Buffer.from(stored!.data))).toBe(true);
    // Under another quality or format it is a picture of its own.
    const png = await send(server.port, path.replace(".jpg", ".png"));
    expect(png.headers["content-type"]).toBe("image/png");
  });

  test("names its canonical address, and encoded addresses mean the same", async () => {
    const path = `${base}/pct%3A0,0,50,50/%5E4096,/0/color.jpg`;
    const answer = await send(server.port, path, { Host: `127.0.0.1:${server.port}` });
    expect(answer.status).toBe(400);
    const smaller = await send(server.port, `${base}/pct%3A0,0,50,50/1024,/%210/color.jpg`, {
      Host: `127.0.0.1:${server.port}`,
    });
    expect(String(smaller.headers.link)).toContain(
      `<${origin}${base}/0,0,2048,1536/1024,768/!0/default.jpg>;rel="canonical"`,
    );
  });

  test("is 304 for who has it, and has no body for HEAD", async () => {
    const path = `${base}/full/200,/0/default.jpg`;
    const first = await send(server.port, path);
    const tag = String(first.headers.etag);
    expect((await send(server.port, path, { "If-None-Match": tag })).status).toBe(304);
    const head = await send(server.port, path, {}, "HEAD");
    expect(head.body).toHaveLength(0);
    expect(head.headers["content-length"]).toBe(String(first.body.length));
  });

  test.each([
    ["/full/max/0/default.webp", 400],
    ["/full/5000,/0/default.jpg", 400],
    ["/full/max/0", 404],
    ["/full/max/0/0/default.jpg", 404],
    ["/info.xml", 404],
    ["/%E0%A4%A/max/0/default.jpg", 400],
  ])("%s is %i", async (path, status) => {
    const answer = await send(server.port, base + path);
    expect(answer.status).toBe(status);
    expect(json<ApiError>(answer).error.message.length).toBeGreaterThan(10);
  });
});
