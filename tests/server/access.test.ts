import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MicrotomeError } from "../../src/errors.ts";
import type { ApiError, ItemList } from "../../src/server/api.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { getJson, json, send } from "./support/http.ts";
import { writeSlide } from "./support/made-run.ts";

const TOKEN = "a-token-of-some-length";

let root: string;
let slide: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "microtome-access-"));
  slide = join(root, "made.tif");
  await writeSlide(slide, []);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

async function withServer(
  options: Partial<Parameters<typeof startServer>[0]>,
  work: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startServer({ target: slide, port: 0, ...options });
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

async function refusal(options: Partial<Parameters<typeof startServer>[0]>) {
  const error = await startServer({ target: slide, port: 0, ...options }).catch((e) => e);
  expect(error).toBeInstanceOf(MicrotomeError);
  return error as MicrotomeError;
}

describe("where it listens", () => {
  test("at loopback unless told otherwise", async () => {
    await withServer({}, async (server) => {
      expect(server.url).toBe(`http://127.0.0.1:${server.port}/`);
      const outside = Object.values(networkInterfaces())
        .flat()
        .find((address) => address?.family === "IPv4" && !address.internal);
      if (outside) {
        await expect(fetch(`http://${outside.address}:${server.port}/api/items`)).rejects.toThrow();
      }
    });
  });

  test.each(["0.0.0.0", "::", "192.168.1.20", "slides.example.org"])(
    "%s is refused without a token",
    async (host) => {
      const error = await refusal({ host });
      expect(error.code).toBe("usage");
      expect(error.message).toContain("--token");
    },
  );

  test("a short token is refused where others can reach it", async () => {
    expect((await refusal({ host: "0.0.0.0", token: "short" })).code).toBe("usage");
  });

  test("a port that is taken is refused with the flag to change", async () => {
    await withServer({}, async ({ port }) => {
      const error = await refusal({ port });
      expect(error.code).toBe("usage");
      expect(error.message).toContain("--port");
    });
  });

  test("a port that is taken is passed over where any will do", async () => {
    await withServer({}, async ({ port }) => {
      await withServer({ port, anyPortIfTaken: true }, async (other) => {
        expect(other.port).not.toBe(port);
        expect((await send(other.port, "/api/items")).status).toBe(200);
      });
    });
  });

  test("a target that does not exist is refused", async () => {
    expect((await refusal({ target: join(root, "nothing.svs") })).code).toBe("input-not-found");
  });

  test("after close nothing answers", async () => {
    const server = await startServer({ target: slide, port: 0 });
    expect((await send(server.port, "/api/items")).status).toBe(200);
    await server.close();
    await expect(send(server.port, "/api/items")).rejects.toThrow();
  });
});

describe("by which name it is asked", () => {
  test.each([
    ["127.0.0.1", 200],
    ["127.0.0.1:9000", 200],
    ["localhost:9000", 200],
    ["LOCALHOST", 200],
    ["[::1]:9000", 200],
    ["evil.example", 403],
    ["evil.example:8017", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
    ["127.evil.example", 403],
    ["192.168.1.20", 403],
    ["user@localhost", 403],
    ["%00", 403],
  ])("Host %s is %i on loopback", async (host, status) => {
    await withServer({}, async ({ port }) => {
      const answer = await send(port, "/api/items", { Host: host });
      expect(answer.status).toBe(status);
      if (status === 403) expect(json<ApiError>(answer).error.code).toBe("forbidden");
    });
  });

  test.each([
    ["10.0.0.7:8017", 200],
    ["slides.example.org", 200],
    ["evil.example", 403],
  ])("Host %s is %i on all interfaces", async (host, status) => {
    const options = { host: "0.0.0.0", token: TOKEN, allowedHosts: ["slides.example.org"] };
    await withServer(options, async ({ port }) => {
      const headers = { Host: host, Authorization: `Bearer ${TOKEN}` };
      expect((await send(port, "/api/items", headers)).status).toBe(status);
    });
  });
});

describe("the token", () => {
  test("is asked for on every address", async () => {
    await withServer({ token: TOKEN }, async ({ port }) => {
      for (const path of ["/", "/api/items", "/assets/x.js", "/api/nothing", "/?token=wrong"]) {
        const answer = await send(port, path);
        expect(answer.status).toBe(401);
        expect(json<ApiError>(answer).error.code).toBe("unauthorized");
        expect(answer.body.toString()).not.toContain(TOKEN);
      }
    });
  });

  test("in the address works once, then as a cookie that scripts cannot read", async () => {
    await withServer({ token: TOKEN }, async ({ port, url }) => {
      expect(url).toBe(`http://127.0.0.1:${port}/?token=${TOKEN}`);
      const first = await send(port, `/api/items?token=${TOKEN}&x=1`);
      expect(first.status).toBe(303);
      expect(first.headers.location).toBe("/api/items?x=1");
      const cookie = String(first.headers["set-cookie"]);
      expect(cookie).toMatch(/HttpOnly/);
      expect(cookie).toMatch(/SameSite=Strict/);
      expect(cookie).not.toContain(TOKEN);
      const pair = cookie.split(";")[0]!;
      expect((await send(port, "/api/items", { Cookie: pair })).status).toBe(200);
      expect((await send(port, "/api/items", { Cookie: `${pair}x` })).status).toBe(401);
    });
  });

  test("cannot be used to send the browser elsewhere", async () => {
    await withServer({ token: TOKEN }, async ({ port }) => {
      for (const path of [`//evil.example/?token=${TOKEN}`, `/\\evil.example?token=${TOKEN}`]) {
        const { headers } = await send(port, path);
        expect(headers.location ?? "/").toMatch(/^\/(?![/\\])/);
      }
    });
  });

  test.each(["//", "//[/", "//?token=x", "/\\\\"])(
    "%s is no address, and is no fault of the server either",
    async (path) => {
      const faults: unknown[] = [];
      await withServer({ token: TOKEN, log: (fault) => faults.push(fault) }, async ({ port }) => {
        const answer = await send(port, path);
        expect(answer.status).toBe(400);
        expect(json<ApiError>(answer).error.code).toBe("usage");
        expect(faults).toEqual([]);
      });
    },
  );

  test("works as a bearer, and another one does not", async () => {
    await withServer({ token: TOKEN }, async ({ port }) => {
      const ask = (token: string) => send(port, "/api/items", { Authorization: `Bearer ${token}` });
      expect((await ask(TOKEN)).status).toBe(200);
      expect((await ask(`${TOKEN}.`)).status).toBe(401);
      expect((await ask(TOKEN.slice(1))).status).toBe(401);
    });
  });
});

describe("what it tells browsers to refuse", () => {
  test("every answer carries the headers, errors too", async () => {
    await withServer({}, async ({ port }) => {
      for (const path of ["/api/items", "/api/nothing"]) {
        const { headers } = await send(port, path);
        expect(headers["content-security-policy"]).toContain("default-src 'none'");
        expect(headers["content-security-policy"]).not.toContain("unsafe");
        expect(headers["x-content-type-options"]).toBe("nosniff");
        expect(headers["referrer-policy"]).toBe("no-referrer");
        expect(headers["x-frame-options"]).toBe("DENY");
        expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
        expect(headers["access-control-allow-origin"]).toBeUndefined();
        expect(headers["x-powered-by"]).toBeUndefined();
      }
    });
  });
});

describe("pages of other origins", () => {
  const shared = async (port: number) => {
    const { slides } = await getJson<ItemList>(port, "/api/items");
    return [`/iiif/${slides[0]!.id}/info.json`, `/slides/${slides[0]!.id}.dzi`];
  };
  const preflight = {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
  };

  test.each([
    ["http://localhost:3000", [], "http://localhost:3000"],
    ["https://127.0.0.1", [], "https://127.0.0.1"],
    ["http://[::1]:8080", [], "http://[::1]:8080"],
    ["https://viewer.example.org", ["https://viewer.example.org/"], "https://viewer.example.org"],
    ["https://viewer.example.org", ["*"], "*"],
    ["https://evil.example", [], undefined],
    ["https://evil.example", ["https://viewer.example.org"], undefined],
    ["http://viewer.example.org", ["https://viewer.example.org"], undefined],
    ["http://localhost.evil.example", [], undefined],
    ["null", [], undefined],
    ["file://localhost", [], undefined],
  ] as const)("%s, where %j is allowed, is told %s", async (origin, allowedOrigins, told) => {
    await withServer({ allowedOrigins }, async ({ port }) => {
      for (const path of await shared(port)) {
        const { status, headers } = await send(port, path, { Origin: origin });
        expect([status, headers["access-control-allow-origin"]]).toEqual([200, told]);
        expect(headers.vary).toContain("Origin");
        const policy = (allowedOrigins as readonly string[]).includes("*")
          ? "cross-origin"
          : "same-site";
        expect(headers["cross-origin-resource-policy"]).toBe(policy);
      }
    });
  });

  test("read nothing but Deep Zoom and IIIF", async () => {
    await withServer({ allowedOrigins: ["*"] }, async ({ port }) => {
      for (const path of ["/api/items", "/", "/assets/x.js", "/slidesx/y"]) {
        const { headers } = await send(port, path, { Origin: "http://localhost:3000" });
        expect(headers["access-control-allow-origin"]).toBeUndefined();
        expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
        const asked = { ...preflight, Origin: "http://localhost:3000" };
        expect((await send(port, path, asked, "OPTIONS")).status).toBe(403);
      }
    });
  });

  test("ask first, and are answered without the token; what follows needs it", async () => {
    await withServer({ token: TOKEN }, async ({ port }) => {
      const origin = { Origin: "http://localhost:3000" };
      const path = "/iiif/x/info.json";
      const asked = await send(port, path, { ...preflight, ...origin }, "OPTIONS");
      expect(asked.status).toBe(204);
      expect(asked.headers["access-control-allow-headers"]).toContain("Authorization");
      expect(asked.headers["access-control-allow-methods"]).toBe("GET, HEAD");
      expect(asked.headers["access-control-allow-credentials"]).toBeUndefined();
      expect((await send(port, path, origin)).status).toBe(401);
      const bearer = { ...origin, Authorization: `Bearer ${TOKEN}` };
      expect((await send(port, path, bearer)).status).toBe(404);
      const stranger = { ...preflight, Origin: "https://evil.example" };
      expect((await send(port, path, stranger, "OPTIONS")).status).toBe(401);
    });
  });

  test.each(["viewer.example.org", "https://viewer.example.org/path", "null", ""])(
    "%j is no origin",
    async (origin) => {
      expect((await refusal({ allowedOrigins: [origin] })).code).toBe("usage");
    },
  );
});

describe("the page", () => {
  test("says how to build the viewer where it is not built", async () => {
    await withServer({ viewerFolder: join(root, "nowhere") }, async ({ port }) => {
      const answer = await send(port, "/");
      expect(answer.status).toBe(503);
      expect(answer.body.toString()).toContain("npm run build");
    });
  });

  test("is served from below a dot-folder, where package managers put it", async () => {
    const viewerFolder = join(root, ".npm", "_npx", "viewer");
    await mkdir(join(viewerFolder, "assets"), { recursive: true });
    await writeFile(join(viewerFolder, "index.html"), "<title>the page</title>");
    await writeFile(join(viewerFolder, "assets", "page.js"), "export {};");
    await withServer({ viewerFolder }, async ({ port }) => {
      const page = await send(port, "/");
      expect([page.status, page.body.toString()]).toEqual([200, "<title>the page</title>"]);
      expect(page.headers["cache-control"]).toBe("no-store");
      const script = await send(port, "/assets/page.js");
      expect([script.status, script.body.toString()]).toEqual([200, "export {};"]);
    });
  });

  test("a slide by itself is the first thing shown", async () => {
    await withServer({}, async ({ port }) => {
      const items = await getJson<ItemList>(port, "/api/items");
      expect(items.runs).toEqual([]);
      expect(items.initial).toEqual({ slide: items.slides[0]!.id, run: null });
    });
  });
});
