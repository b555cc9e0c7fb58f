import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import { type Polygon, polygonArea, ringBox } from "../../src/geometry.ts";
import type { ApiError, ClickAnswer, ClickReadiness, ItemList } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { polygonIou } from "../samples/polygon-iou.ts";
import { polygonOf, readTruth } from "../samples/truth.ts";
import { getJson, json, send } from "./support/http.ts";

const SAMPLES = join(import.meta.dirname, "../../samples");
const TOKEN = "a-token-of-some-length";
/** µm per level-0 px of the sample. */
const MPP = 0.25;

let server: RunningServer;
let id: string;
/** Nuclei of the sample that are neither small nor at its edge. */
let nuclei: readonly Polygon[];

beforeAll(async () => {
  server = await startServer({ target: join(SAMPLES, "sample.tif"), port: 0 });
  id = (await getJson<ItemList>(server.port, "/api/items")).slides[0]!.id;
  nuclei = readTruth(join(SAMPLES, "sample.nuclei.geojson.gz"))
    .filter(({ areaUm2 }) => areaUm2 > 30)
    .map(polygonOf)
    .filter(({ outer }) => ringBox(outer).x > 600 && ringBox(outer).y > 600);
});

afterAll(async () => {
  await server?.close();
});

const JSON_TYPE = { "Content-Type": "application/json" };

function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  port = server.port,
) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(port, `/api/slides/${path.replace("SLIDE", id)}`, headers, "POST", text);
}

async function click(body: object): Promise<ClickAnswer> {
  const answer = await post("SLIDE/segment", body);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return json<ClickAnswer>(answer);
}

function middleOf({ outer }: Polygon) {
  const { x, y, width, height } = ringBox(outer);
  return { x: x + width / 2, y: y + height / 2 };
}

function polygonsOf({ features }: ClickAnswer): Polygon[] {
  return features.map(({ geometry }) => {
    const [outer, ...holes] = geometry.coordinates.map((ring) => ring.slice(0, -1).flat());
    return { outer: outer!, holes };
  });
}

describe("a click", () => {
  test("on a nucleus gives its outline, in the slide's pixels and in µm²", async () => {
    const some = nuclei.filter((_, i) => i % Math.ceil(nuclei.length / 8) === 0);
    const ious: number[] = [];
    for (const nucleus of some) {
      const answer = await click({ task: "nuclei", points: [{ ...middleOf(nucleus), label: 1 }] });
      const [found] = polygonsOf(answer);
      ious.push(found ? polygonIou(nucleus, found) : 0);
      const { measurements } = answer.features[0]!.properties;
      expect(measurements["Area µm^2"]).toBeCloseTo(polygonArea(found!) * MPP * MPP, 2);
      expect(measurements["Predicted IoU"]).toBeGreaterThan(0.3);
      expect(answer.click.cut).toEqual([false]);
      expect(answer.click.doubtful).toEqual([false]);
    }
    expect(ious.sort((a, b) => a - b)[ious.length >> 1]).toBeGreaterThan(0.8);
  });

  test("beside another finds the patch encoded, and a box finds what a point does", async () => {
    const nucleus = nuclei[0]!;
    const first = await click({ points: [middleOf(nucleus)] });
    const again = await click({ points: [middleOf(nucleus)] });
    expect(again.click.warm).toBe(true);
    expect(again.click.ms.read + again.click.ms.encode).toBe(0);
    expect(again.features).toEqual(first.features);
    const box = ringBox(nucleus.outer);
    const boxed = await click({ box });
    expect(boxed.click.patch).toEqual(first.click.patch);
    expect(polygonIou(nucleus, polygonsOf(boxed)[0]!)).toBeGreaterThan(0.7);
  });

  test("is answered in QuPath's form, and says what made it", async () => {
    const answer = await post("SLIDE/segment", { points: [middleOf(nuclei[0]!)] });
    expect(answer.headers["content-type"]).toContain("application/geo+json");
    expect(answer.headers["cache-control"]).toBe("no-store");
    const { microtome, click: facts } = json<ClickAnswer>(answer);
    expect(microtome).toMatchObject({
      task: "nuclei",
      model: "microtome-nuclei",
      notice: "for research use only",
      mppUsed: MPP,
    });
    expect(facts.ms.total).toBeGreaterThan(0);
    const folder = await mkdtemp(join(tmpdir(), "microtome-click-"));
    await writeFile(join(folder, "click.geojson"), answer.body);
    expect(await checkGeoJson(join(folder, "click.geojson"))).toEqual([]);
    await rm(folder, { recursive: true });
  });

  test("on nothing says that it is doubtful", async () => {
    // Fat, between nuclei.
    const { click: facts } = await click({ points: [{ x: 1900, y: 1520 }] });
    expect(facts.doubtful.every(Boolean)).toBe(true);
  });

  test("on a slide whose pixel size is told goes by that", async () => {
    const point = middleOf(nuclei[0]!);
    const { click: facts, features } = await click({ slideMpp: 0.125, points: [point] });
    // 448 px at 0.25 µm/px are twice as many of 0.125.
    expect(facts.patch.width).toBe(896);
    const [found] = polygonsOf({ features } as ClickAnswer);
    const area = found ? polygonArea(found) * 0.125 ** 2 : 0;
    expect(features[0]?.properties.measurements["Area µm^2"] ?? 0).toBeCloseTo(area, 2);
  });

  test("is asked of another task's model at that task's scale", async () => {
    const answer = await click({ task: "tumor", points: [{ x: 2000, y: 1500 }] });
    expect(answer.microtome).toMatchObject({ model: "microtome-regions", mppUsed: 2 });
    expect(answer.features[0]?.properties.objectType).toBe("annotation");
  });

  test("on a place that was made ready is warm; what the model takes is told", async () => {
    const at = { x: 3000, y: 2500 };
    const idle = json<ClickReadiness>(await post("SLIDE/segment/prepare", { task: "nuclei" }));
    expect(idle.ready).toBe(false);
    expect(idle.takes).toEqual({
      boxes: true,
      boxWithPoints: false,
      negativePoints: false,
      mostPoints: 1,
    });
    const answer = await post("SLIDE/segment/prepare", { points: [at] });
    expect(json<ClickReadiness>(answer).ready).toBe(true);
    expect((await click({ points: [at] })).click.warm).toBe(true);
  });

  test("that is given up is no error, and the next is answered", async () => {
    await new Promise<void>((resolve) => {
      const headers = { ...JSON_TYPE, Host: `127.0.0.1:${server.port}` };
      const path = `/api/slides/${id}/segment`;
      const sent = request({ port: server.port, path, method: "POST", headers });
      sent.on("error", () => undefined);
      sent.on("close", () => resolve());
      sent.end(JSON.stringify({ points: [{ x: 900, y: 2900 }] }), () =>
        setTimeout(() => sent.destroy(new Error("gone")), 30),
      );
    });
    expect((await click({ points: [middleOf(nuclei[0]!)] })).features).toHaveLength(1);
  });
});

test("a patch that was kept in a folder is warm after a start, whatever the slide is called", async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), "microtome-click-cache-"));
  const start = (target: string) => startServer({ target, port: 0, clicks: { cacheFolder } });
  const body = { points: [middleOf(nuclei[0]!)] };
  const answerOf = async ({ port }: RunningServer) => {
    const [slide] = (await getJson<ItemList>(port, "/api/items")).slides;
    return json<ClickAnswer>(await post(`${slide!.id}/segment`, body, JSON_TYPE, port));
  };
  try {
    const first = await start(join(SAMPLES, "sample.tif"));
    const cold = await answerOf(first);
    await expect
      .poll(async () => (await readdir(cacheFolder)).filter((name) => name.endsWith(".mtpatch")))
      .toHaveLength(1);
    await first.close();
    // The same slide under another name: what is kept goes by what is in the file.
    const copy = join(cacheFolder, "copy.tif");
    await copyFile(join(SAMPLES, "sample.tif"), copy);
    const second = await start(copy);
    const warm = await answerOf(second);
    expect([cold.click.warm, warm.click.warm]).toEqual([false, true]);
    expect(warm.features).toEqual(cold.features);
    await second.close();
  } finally {
    await rm(cacheFolder, { recursive: true, force: true });
  }
});

describe("what a click refuses", () => {
  test.each<[string, unknown, number, string, string]>([
    ["no JSON", "{", 400, "usage", "not JSON"],
    ["a list", [], 400, "usage", "no JSON object"],
    ["nothing to click on", {}, 400, "usage", "needs a point or a box"],
    ["a strange field", { point: [1, 2] }, 400, "usage", 'found "point"'],
    ["a point without y", { points: [{ x: 1 }] }, 400, "usage", "a point is not"],
    ["a point that is text", { points: [{ x: "1", y: 1 }] }, 400, "usage", "a point is not"],
    ["another label", { points: [{ x: 1, y: 1, label: 2 }] }, 400, "usage", "a point is not"],
    ["a box without area", { box: { x: 1, y: 1, width: 0, height: 5 } }, 400, "usage", "box is"],
    ["too many points", { points: Array(33).fill({ x: 1, y: 1 }) }, 400, "usage", "up to 32"],
    ["a place outside", { points: [{ x: -1, y: 5 }] }, 400, "usage", "outside the slide"],
    [
      "a box that is too large",
      { box: { x: 9, y: 9, width: 999, height: 999 } },
      400,
      "usage",
      "µm",
    ],
    [
      "a point beside the object",
      {
        points: [
          { x: 9, y: 9 },
          { x: 19, y: 9, label: 0 },
        ],
      },
      400,
      "usage",
      "it takes one point on the object, or a box",
    ],
    ["an unknown task", { task: "stars", points: [{ x: 9, y: 9 }] }, 400, "unknown-task", "stars"],
    ["an unknown model", { model: "sam", points: [{ x: 9, y: 9 }] }, 404, "model-not-found", "sam"],
    ["a model's file", { model: "../m.json", points: [{ x: 9, y: 9 }] }, 400, "usage", "the name"],
    ["no pixel size", { slideMpp: "1", points: [{ x: 9, y: 9 }] }, 400, "usage", "slideMpp is not"],
    ["no scale", { mpp: 0, points: [{ x: 9, y: 9 }] }, 400, "usage", "mpp is not"],
    [
      "a scale far finer than the slide",
      { mpp: 0.01, points: [{ x: 9, y: 9 }] },
      400,
      "usage",
      "too coarse",
    ],
    ["a long body", `{"task":"${"x".repeat(20_000)}"}`, 413, "usage", "longer than"],
  ])("%s", async (_what, body, status, code, says) => {
    const answer = await post("SLIDE/segment", body);
    expect(answer.status).toBe(status);
    const { error } = json<ApiError>(answer);
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.message).not.toMatch(/[\w.-]+\/[\w.-]+\/[\w.-]+/);
  });

  test("a slide that is not there", async () => {
    const answer = await post("none/segment", { points: [{ x: 9, y: 9 }] });
    expect(answer.status).toBe(404);
  });

  test("a page of another origin, a form, and other methods", async () => {
    const body = { points: [middleOf(nuclei[0]!)] };
    for (const origin of ["https://example.org", "null", "http://127.0.0.1:1"]) {
      const answer = await post("SLIDE/segment", body, { ...JSON_TYPE, Origin: origin });
      expect(answer.status).toBe(403);
    }
    const site = { ...JSON_TYPE, "Sec-Fetch-Site": "cross-site" };
    expect((await post("SLIDE/segment", body, site)).status).toBe(403);
    const form = { "Content-Type": "text/plain" };
    expect((await post("SLIDE/segment", body, form)).status).toBe(415);
    const own = { ...JSON_TYPE, Origin: `http://127.0.0.1:${server.port}` };
    expect((await post("SLIDE/segment", body, own)).status).toBe(200);
    for (const method of ["PUT", "DELETE"]) {
      const answer = await send(server.port, `/api/slides/${id}/segment`, {}, method);
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe("POST");
    }
    expect((await send(server.port, `/api/slides/${id}/segment`)).status).toBe(404);
  });

  test("who does not bring the token", async () => {
    const guarded = await startServer({
      target: join(SAMPLES, "sample.tif"),
      port: 0,
      token: TOKEN,
    });
    try {
      const body = { points: [middleOf(nuclei[0]!)] };
      const without = await post("SLIDE/segment", body, JSON_TYPE, guarded.port);
      expect(without.status).toBe(401);
      const bearer = { ...JSON_TYPE, Authorization: `Bearer ${TOKEN}` };
      const ready = await post("SLIDE/segment/prepare", {}, bearer, guarded.port);
      expect(ready.status).toBe(200);
    } finally {
      await guarded.close();
    }
  });
});
