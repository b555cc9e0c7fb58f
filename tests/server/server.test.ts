import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiError, ItemList, RunInfo, SlideInfo } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { convertToSrgb } from "../../src/tiler/color/convert-to-srgb.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { readTileJpeg } from "../../src/tiler/tiles.ts";
import { getJson, giveUp, json, send } from "./support/http.ts";
import { madeFeatures, SLIDE_MPP, SLIDE_SIZE, writeRun, writeSlide } from "./support/made-run.ts";

let base: string;
let root: string;
let server: RunningServer;
let slideId: string;
let runId: string;
const features = madeFeatures();
const faults: unknown[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "microtome-server-"));
  root = join(base, "served");
  await mkdir(join(root, "more"), { recursive: true });
  await writeSlide(join(root, "made.tif"), features);
  await writeRun(join(root, "made.nuclei"), join(root, "made.tif"), features);
  await writeFile(join(root, "text.svs"), "This is not a slide.\n");
  await writeSlide(join(root, "more", "cut.tif"), features.slice(0, 3));
  await truncate(join(root, "more", "cut.tif"), 5000);
  server = await startServer({ target: root, port: 0, log: (fault) => faults.push(fault) });
  const items = await getJson<ItemList>(server.port, "/api/items");
  slideId = items.slides.find(({ name }) => name === "made.tif")!.id;
  runId = items.runs[0]!.id;
});

afterAll(async () => {
  await server?.close();
  await rm(base, { recursive: true, force: true });
});

describe("the list of items", () => {
  test("names slides and runs, and tells which belong together", async () => {
    const items = await getJson<ItemList>(server.port, "/api/items");
    expect(items.slides.map(({ folder, name }) => [folder, name])).toEqual([
      ["", "made.tif"],
      ["", "text.svs"],
      ["more", "cut.tif"],
    ]);
    expect(items.runs).toMatchObject([
      { name: "made.nuclei", task: "nuclei", slide: slideId, objects: 120, state: "done" },
    ]);
    expect(items.initial).toEqual({ slide: slideId, run: runId });
  });

  test("says nothing of where files lie", async () => {
    for (const path of ["/api/items", `/api/slides/${slideId}`, `/api/runs/${runId}`]) {
      expect((await send(server.port, path)).body.toString()).not.toContain(base);
    }
  });

  test("shows a run that was made after the start", async () => {
    const folder = join(root, "later.nuclei");
    await writeRun(folder, join(root, "made.tif"), features.slice(0, 5));
    const items = await getJson<ItemList>(server.port, "/api/items");
    expect(items.runs.map(({ name }) => name)).toContain("later.nuclei");
    await rm(folder, { recursive: true });
  });
});

describe("slides", () => {
  test("levels have their true sizes", async () => {
    const slide = await openSlide(join(root, "made.tif"));
    const info = await getJson<SlideInfo>(server.port, `/api/slides/${slideId}`);
    expect(info).toMatchObject({ name: "made.tif", ...SLIDE_SIZE });
    expect(info.mpp?.x).toBeCloseTo(SLIDE_MPP, 6);
    expect(info.levels.map((level) => [level.width, level.height, level.downsample])).toEqual(
      slide.levels.map(({ size, downsample }) => [size.width, size.height, downsample]),
    );
    await slide.close();
  });

  test("every tile is the tiler's, byte for byte, asked for all at once", async () => {
    const slide = await openSlide(join(root, "made.tif"));
    const places = slide.levels.flatMap((level) => {
      const columns = Math.ceil(level.size.width / level.tileSize.width);
      const rows = Math.ceil(level.size.height / level.tileSize.height);
      return Array.from({ length: columns * rows }, (_, i) => ({
        level: level.index,
        column: i % columns,
        row: Math.floor(i / columns),
      }));
    });
    const answers = await Promise.all(
      places.map(({ level, column, row }) =>
        send(server.port, `/api/slides/${slideId}/tiles/${level}/${column}/${row}.jpg`),
      ),
    );
    for (const [i, { level, column, row }] of places.entries()) {
      const expected = await readTileJpeg(slide, level, column, row);
      expect(answers[i]!.status).toBe(200);
      expect(answers[i]!.headers["content-type"]).toBe("image/jpeg");
      expect(answers[i]!.body.equals(Buffer.from(expected.data))).toBe(true);
    }
    expect(places.length).toBe(30 + 9 + 4 + 1);
    await slide.close();
  });

  test("a tile that the browser has is not sent again", async () => {
    const path = `/api/slides/${slideId}/tiles/0/1/1.jpg`;
    const first = await send(server.port, path);
    const tag = String(first.headers.etag);
    expect(first.headers["cache-control"]).toBe("private, no-cache");
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
      const again = await send(server.port, path, { "If-None-Match": known });
      expect([known, again.status, again.body.length]).toEqual([known, 304, 0]);
      expect(again.headers.etag).toBe(tag);
    }
    const other = await send(server.port, `/api/slides/${slideId}/tiles/0/2/1.jpg`, {
      "If-None-Match": tag,
    });
    expect(other.status).toBe(200);
  });

  test("a tile whose address names the version is kept for good, one of another version refused", async () => {
    const { version } = await getJson<SlideInfo>(server.port, `/api/slides/${slideId}`);
    for (const path of [
      `/api/slides/${slideId}/tiles/0/1/1.jpg`,
      `/slides/${slideId}_files/11/1_1.jpg`,
      `/slides/${slideId}.dzi`,
    ]) {
      const pinned = await send(server.port, `${path}?v=${version}`);
      expect(pinned.headers["cache-control"]).toBe("private, max-age=31536000, immutable");
      const stale = await send(server.port, `${path}?v=another`);
      expect([path, stale.status]).toEqual([path, 410]);
      expect(json<ApiError>(stale).error.message).toContain("reload");
      expect(stale.headers["cache-control"]).toBe("no-store");
    }
  });

  test("icc=1 gives sRGB by the slide's profile, under a tag of its own", async () => {
    const path = join(root, "wide.png");
    const create = { width: 64, height: 64, channels: 3 as const, background: "#e04080" };
    await sharp({ create }).withIccProfile("p3", { attach: true }).png().toFile(path);
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.slides.find(({ name }) => name === "wide.png")!;
    expect((await getJson<SlideInfo>(server.port, `/api/slides/${id}`)).iccProfile).toBe(true);
    const converted = await convertToSrgb(await openSlide(path));
    const box = { x: 0, y: 0, width: 64, height: 64 };
    const expected = [...(await converted.readRegion(0, box)).data.subarray(0, 3)];
    await converted.close();
    for (const address of [
      `/slides/${id}_files/6/0_0.png`,
      `/iiif/${id}/full/max/0/default.png`,
      `/api/slides/${id}/tiles/0/0/0.jpg`,
    ]) {
      const stored = await send(server.port, address);
      const shown = await send(server.port, `${address}?icc=1`);
      expect(shown.headers.etag).not.toBe(stored.headers.etag);
      expect(shown.body.equals(stored.body)).toBe(false);
      if (!address.endsWith(".png")) continue;
      const pixels = await sharp(shown.body).raw().toBuffer();
      expect([...pixels.subarray(0, 3)]).toEqual(expected);
      expect((await send(server.port, `${address}?icc=yes`)).status).toBe(400);
    }
    await rm(path);
  });

  test("HEAD tells the length and sends nothing", async () => {
    const path = `/api/slides/${slideId}/tiles/0/1/1.jpg`;
    const tile = await send(server.port, path);
    const head = await send(server.port, path, {}, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.headers["content-length"]).toBe(String(tile.body.length));
    expect(head.headers.etag).toBe(tile.headers.etag);
  });

  test("a slide that is written anew is another version, and its tiles are the new ones", async () => {
    const path = join(root, "anew.tif");
    await writeSlide(path, features);
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.slides.find(({ name }) => name === "anew.tif")!;
    const tile = `/api/slides/${id}/tiles/2/0/0.jpg`;
    const before = await getJson<SlideInfo>(server.port, `/api/slides/${id}`);
    const old = await send(server.port, `${tile}?v=${before.version}`);
    await writeSlide(path, features.slice(0, 3));
    const after = await getJson<SlideInfo>(server.port, `/api/slides/${id}`);
    expect(after.version).not.toBe(before.version);
    expect((await send(server.port, `${tile}?v=${before.version}`)).status).toBe(410);
    const fresh = await send(server.port, `${tile}?v=${after.version}`);
    expect(fresh.body.equals(old.body)).toBe(false);
    await rm(path);
  });
});

describe("refusals are JSON with a code and no path", () => {
  const idOf = async (name: string) =>
    (await getJson<ItemList>(server.port, "/api/items")).slides.find((s) => s.name === name)!.id;

  test.each([
    ["text.svs", 415, "unsupported-slide"],
    ["cut.tif", 422, "corrupt-slide"],
  ])("%s is %i %s", async (name, status, code) => {
    const answer = await send(server.port, `/api/slides/${await idOf(name)}`);
    expect(answer.status).toBe(status);
    const { error } = json<ApiError>(answer);
    expect(error.code).toBe(code);
    expect(error.message).toContain(name);
    expect(error.message).not.toContain("/");
  });

  test.each([
    ["/api/slides/nothing", 404, "not-found"],
    ["/api/runs/nothing", 404, "not-found"],
    ["/api/nothing", 404, "not-found"],
    ["/api/slides/SLIDE/tiles/0/6/0.jpg", 404, "not-found"],
    ["/api/slides/SLIDE/tiles/9/0/0.jpg", 404, "not-found"],
    ["/api/slides/SLIDE/tiles/0/-1/0.jpg", 400, "usage"],
    ["/api/slides/SLIDE/tiles/0/1.5/0.jpg", 400, "usage"],
    ["/api/slides/SLIDE/tiles/0/99999999999/0.jpg", 400, "usage"],
    ["/api/runs/RUN/overlay/40/0/0", 404, "not-found"],
    ["/api/runs/RUN/overlay/a/0/0", 400, "usage"],
    ["/api/runs/RUN/columns/7", 404, "not-found"],
    ["/api/runs/RUN/objects/5000", 404, "not-found"],
    ["/api/runs/RUN/objects/constructor", 404, "not-found"],
    ["/api/runs/RUN/at?x=1", 400, "usage"],
    ["/api/runs/RUN/at?x=1&y=NaN", 400, "usage"],
    ["/api/runs/RUN/at?x=1&y=", 400, "usage"],
    ["/api/runs/RUN/run.json", 404, "not-found"],
    ["/api/slides/%E0%A4%A", 400, "usage"],
  ])("%s is %i %s", async (path, status, code) => {
    const answer = await send(server.port, path.replace("SLIDE", slideId).replace("RUN", runId));
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toContain("application/json");
    expect(json<ApiError>(answer).error.code).toBe(code);
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test.each(["POST", "PUT", "DELETE", "PATCH"])("%s changes nothing", async (method) => {
    const host = `127.0.0.1:${server.port}`;
    const same = await send(server.port, "/api/items", { Origin: `http://${host}` }, method);
    expect(same.status).toBe(405);
    expect(same.headers.allow).toBe("GET, HEAD");
    const other = await send(server.port, "/api/items", { Origin: "https://example.org" }, method);
    expect(other.status).toBe(403);
    const odd = await send(server.port, "/api/items", { Origin: "null" }, method);
    expect(odd.status).toBe(403);
  });
});

describe("runs", () => {
  test("say what they were made with", async () => {
    const run = await getJson<RunInfo>(server.port, `/api/runs/${runId}`);
    expect(run).toMatchObject({
      task: "nuclei",
      slide: slideId,
      slideName: "made.tif",
      model: { name: "made-for-tests" },
      areaMm2: 0.103,
      failureCount: 0,
      researchUseOnly: true,
    });
    expect(run.overlay).toMatchObject({ objects: 120, score: 1 });
    expect(run.overlay?.classes).toEqual([
      { name: "Lymphocyte", color: [40, 150, 220], count: 40 },
      { name: "Nucleus", color: [20, 170, 90], count: 80 },
    ]);
  });

  test("hand out their GeoJSON packed and plain, as attachments", async () => {
    const packed = await send(server.port, `/api/runs/${runId}/nuclei.geojson.gz`);
    const plain = await send(server.port, `/api/runs/${runId}/nuclei.geojson`);
    expect(packed.headers["content-disposition"]).toBe(
      "attachment; filename=made.nuclei.geojson.gz",
    );
    expect(packed.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers["content-type"]).toContain("application/geo+json");
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
    expect(json<{ features: unknown[] }>(plain).features).toEqual(features);
  });

  test("without objects yet, they say so", async () => {
    const folder = join(root, "begun.nuclei");
    await writeRun(folder, join(root, "made.tif"), [], { state: "interrupted" });
    await rm(join(folder, "nuclei.geojson.gz"));
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.runs.find(({ name }) => name === "begun.nuclei")!;
    const run = await getJson<RunInfo>(server.port, `/api/runs/${id}`);
    expect(run).toMatchObject({ state: "interrupted", overlay: null, downloads: [] });
    expect((await send(server.port, `/api/runs/${id}/overlay/0/0/0`)).status).toBe(404);
    await rm(folder, { recursive: true });
  });

  test.each(["running", "interrupted"] as const)(
    "started again (%s), they do not show what an earlier start left",
    async (state) => {
      const folder = join(root, "again.nuclei");
      await writeRun(folder, join(root, "made.tif"), features);
      const items = await getJson<ItemList>(server.port, "/api/items");
      const { id } = items.runs.find(({ name }) => name === "again.nuclei")!;
      expect((await send(server.port, `/api/runs/${id}/nuclei.geojson`)).status).toBe(200);
      // The objects stay on the disk; the list of items is not asked for again.
      await writeRun(folder, join(root, "made.tif"), features, { state, files: [] });
      const run = await getJson<RunInfo>(server.port, `/api/runs/${id}`);
      expect(run).toMatchObject({ state, overlay: null, downloads: [] });
      for (const path of ["overlay/0/0/0", "objects/0", "nuclei.geojson", "nuclei.geojson.gz"]) {
        const answer = await send(server.port, `/api/runs/${id}/${path}`);
        expect([path, answer.status]).toEqual([path, 404]);
        expect(json<ApiError>(answer).error.message).toContain(state);
      }
      await rm(folder, { recursive: true });
    },
  );

  test("a download that is given up is no fault of the server", async () => {
    const folder = join(root, "large.nuclei");
    await writeRun(folder, join(root, "made.tif"), features);
    // More than a socket holds, so that the server is still sending when the other side leaves.
    const noise = randomBytes(24 << 20);
    await writeFile(join(folder, "nuclei.geojson.gz"), gzipSync(noise, { level: 0 }));
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.runs.find(({ name }) => name === "large.nuclei")!;
    const before = faults.length;
    for (const file of ["nuclei.geojson.gz", "nuclei.geojson"]) {
      await giveUp(server.port, `/api/runs/${id}/${file}`);
    }
    // One that ends early by its own fault is told.
    await truncate(join(folder, "nuclei.geojson.gz"), 1 << 20);
    await expect(send(server.port, `/api/runs/${id}/nuclei.geojson`)).rejects.toThrow();
    expect(faults.slice(before)).toMatchObject([{ code: "Z_BUF_ERROR" }]);
    await rm(folder, { recursive: true });
  });

  test("tell failures without paths", async () => {
    const folder = join(root, "failed.nuclei");
    await writeRun(folder, join(root, "made.tif"), [], {
      state: "incomplete",
      failures: [
        {
          patch: "3_4",
          error: { code: "patch-failed", message: `cannot read ${base}/x.tif.`, fields: {} },
        },
      ],
    });
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.runs.find(({ name }) => name === "failed.nuclei")!;
    const run = await getJson<RunInfo>(server.port, `/api/runs/${id}`);
    expect(run.failureCount).toBe(1);
    expect(run.failures).toEqual([
      { patch: "3_4", code: "patch-failed", message: "cannot read x.tif." },
    ]);
    await rm(folder, { recursive: true });
  });

  test("with damaged objects are 422, and the server goes on", async () => {
    const folder = join(root, "damaged.nuclei");
    await writeRun(folder, join(root, "made.tif"), features);
    await truncate(join(folder, "nuclei.geojson.gz"), 900);
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.runs.find(({ name }) => name === "damaged.nuclei")!;
    const answer = await send(server.port, `/api/runs/${id}`);
    expect(answer.status).toBe(422);
    expect(json<ApiError>(answer).error).toMatchObject({ code: "corrupt-file" });
    expect((await send(server.port, `/api/runs/${runId}`)).status).toBe(200);
    await rm(folder, { recursive: true });
  });
});
