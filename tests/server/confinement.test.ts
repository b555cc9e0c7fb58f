import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ItemList } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { getJson, send } from "./support/http.ts";
import { madeFeatures, SLIDE_SIZE, writeRun, writeSlide } from "./support/made-run.ts";

let base: string;
let root: string;
let server: RunningServer;
let runId: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "microtome-confined-"));
  root = join(base, "served");
  await mkdir(root);
  await mkdir(join(base, "served-secret"));
  await writeSlide(join(root, "made.tif"), []);
  await writeSlide(join(base, "served-secret", "secret.tif"), []);
  await writeRun(join(root, "made.nuclei"), join(root, "made.tif"), madeFeatures());
  // Links that lead out: to the sibling whose name begins alike, and to a folder above.
  await symlink(join(base, "served-secret", "secret.tif"), join(root, "linked.tif"));
  await symlink(base, join(root, "up"));
  server = await startServer({ target: root, port: 0, log: () => {} });
  runId = (await getJson<ItemList>(server.port, "/api/items")).runs[0]!.id;
});

afterAll(async () => {
  await server?.close();
  await rm(base, { recursive: true, force: true });
});

describe("nothing outside of the target is served", () => {
  test.each([
    "/../served-secret/secret.tif",
    "/assets/../../../../../../../../etc/passwd",
    "/assets/..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/..%5c..%5cpackage.json",
    "/assets//etc/passwd",
    "/assets/%00",
    "/api/slides/..%2f..%2fserved-secret%2fsecret.tif",
    "/api/slides/%2e%2e",
    "/api/runs/RUN/..%2f..%2fmade.tif",
    "/api/runs/RUN/%2e%2e%2frun.json",
    "/api/runs/..%2fmade.nuclei/nuclei.geojson",
    "/made.tif",
    "/index.html/../../package.json",
  ])("%s", async (path) => {
    const answer = await send(server.port, path.replace("RUN", runId));
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.body.toString()).not.toMatch(/root:|"version"|\u0049\u0049\u002a/);
  });

  test("links that lead out are not listed, whatever their names begin with", async () => {
    const items = await getJson<ItemList>(server.port, "/api/items");
    const names = items.slides.map(({ name }) => name);
    expect(names).not.toContain("linked.tif");
    expect(names).not.toContain("secret.tif");
  });

  test("a file that is replaced by a link after the list was made is refused", async () => {
    const path = join(root, "swap.tif");
    await writeSlide(path, []);
    const items = await getJson<ItemList>(server.port, "/api/items");
    const { id } = items.slides.find(({ name }) => name === "swap.tif")!;
    expect((await send(server.port, `/api/slides/${id}`)).status).toBe(200);
    await rm(path);
    await symlink(join(base, "served-secret", "secret.tif"), path);
    expect((await send(server.port, `/api/slides/${id}`)).status).toBe(404);
    expect((await send(server.port, `/api/slides/${id}/tiles/0/0/0.jpg`)).status).toBe(404);
    await rm(path);
  });

  test("a run.json cannot name a file that its run was not made from", async () => {
    const folder = join(root, "forged.nuclei");
    await writeRun(folder, join(root, "made.tif"), [], {
      slide: {
        name: "secret.tif",
        path: join(base, "served-secret", "secret.tif"),
        bytes: 1,
        fingerprint: "0".repeat(64),
        vendor: "generic-tiff",
        ...SLIDE_SIZE,
      },
    });
    const items = await getJson<ItemList>(server.port, "/api/items");
    expect(items.runs.find(({ name }) => name === "forged.nuclei")?.slide).toBeNull();
    await rm(folder, { recursive: true });
  });
});
