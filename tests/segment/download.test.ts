import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { downloadFile } from "../../src/segment/download.ts";

const BODY = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 7)) & 255));
const SHA256 = createHash("sha256").update(BODY).digest("hex");

let folder: string;
const open: Server[] = [];
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-download-"));
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done))));
  await rm(folder, { recursive: true, force: true });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback that answers with `answer` and keeps what it was asked. */
async function serve(answer: Answer) {
  const asked: { url: string; range: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? "", range: request.headers.range });
    answer(request, response);
  });
  server.on("connection", (socket) => sockets.add(socket));
  open.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/weights.onnx`, asked, server, port };
}

/** The whole file, or the range that is asked for if the tag is the one it has. */
function whole(tag: string | null = '"v1"', body = BODY): Answer {
  return ({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    const ranged = from > 0 && headers["if-range"] === tag;
    if (tag) response.setHeader("ETag", tag);
    if (ranged && from >= body.length) {
      response.writeHead(416).end();
      return;
    }
    const part = ranged ? body.subarray(from) : body;
    response.writeHead(ranged ? 206 : 200, { "Content-Length": part.length });
    response.end(part);
  };
}

/** Promises the whole and breaks off after `bytes`. */
function brokenAfter(bytes: number, tag = '"v1"'): Answer {
  return (_request, response) => {
    response.writeHead(200, { "Content-Length": BODY.length, ETag: tag });
    response.write(BODY.subarray(0, bytes), () => setTimeout(() => response.destroy(), 50));
  };
}

const wanted = (url: string, sha256: string | null = SHA256, bytes: number | null = null) => ({
  url,
  path: join(folder, "deep", "weights.onnx"),
  sha256,
  bytes,
});

const nothingLeft = () => {
  const { path } = wanted("");
  return [path, `${path}.part`, `${path}.part.etag`].filter((p) => existsSync(p));
};

describe("downloadFile", () => {
  it("brings the file and tells how far it is", async () => {
    const { url } = await serve(whole());
    const told: [number, number | null][] = [];
    const found = await downloadFile(wanted(url), {
      onProgress: (done, total) => told.push([done, total]),
    });
    expect(found).toEqual({ sha256: SHA256, bytes: BODY.length });
    expect(await readFile(wanted("").path)).toEqual(BODY);
    expect(nothingLeft()).toEqual([wanted("").path]);
    expect(told.at(-1)).toEqual([BODY.length, BODY.length]);
  });

  it("follows a redirect", async () => {
    const target = await serve(whole());
    const { url } = await serve((_request, response) => {
      response.writeHead(302, { Location: target.url }).end();
    });
    expect((await downloadFile(wanted(url))).sha256).toBe(SHA256);
  });

  it("goes on where the connection ended, from the same file", async () => {
    let calls = 0;
    const { url, asked } = await serve((request, response) =>
      (calls++ === 0 ? brokenAfter(120_000) : whole())(request, response),
    );
    await expect(downloadFile(wanted(url))).rejects.toMatchObject({
      code: "model-download",
      message: expect.stringMatching(/ended after 120000 of 300000 bytes .* go on from there/),
    });
    expect(existsSync(wanted("").path)).toBe(false);
    expect((await downloadFile(wanted(url))).sha256).toBe(SHA256);
    expect(asked.map(({ range }) => range)).toEqual([undefined, "bytes=120000-"]);
  });

  it.each([
    ["has changed meanwhile", '"v1"', whole('"v2"')],
    ["vouches for nothing", 'W/"v1"', whole(null)],
    ["does not know ranges", '"v1"', ((_q, response) => response.end(BODY)) as Answer],
  ])("starts again where the file %s", async (_what, tag, then) => {
    let calls = 0;
    const { url } = await serve((request, response) =>
      (calls++ === 0 ? brokenAfter(90_000, tag) : then)(request, response),
    );
    await expect(downloadFile(wanted(url))).rejects.toThrow("ended after");
    expect((await downloadFile(wanted(url))).sha256).toBe(SHA256);
  });

  it("starts again where the part is longer than the file", async () => {
    const { url } = await serve(whole());
    await downloadFile(wanted(url));
    const { path } = wanted("");
    await writeFile(`${path}.part`, Buffer.alloc(BODY.length + 5));
    await writeFile(`${path}.part.etag`, '"v1"');
    expect((await downloadFile(wanted(url))).sha256).toBe(SHA256);
  });

  it("removes what has another SHA-256, and says both", async () => {
    const { url } = await serve(whole());
    const other = "0".repeat(64);
    await expect(downloadFile(wanted(url, other))).rejects.toMatchObject({
      code: "model-checksum",
      message: expect.stringContaining(`found SHA-256 ${SHA256} (300000 bytes), expected ${other}`),
    });
    expect(nothingLeft()).toEqual([]);
  });

  it("refuses another size before it reads on", async () => {
    const { url } = await serve(whole('"v1"', Buffer.from("<html>Please sign in</html>")));
    await expect(downloadFile(wanted(url, null, BODY.length))).rejects.toThrow(
      "the server offers 27 bytes, expected 300000",
    );
  });

  it("names the address and the status of a file that is gone", async () => {
    const { url } = await serve((_request, response) => response.writeHead(404).end("no"));
    await expect(downloadFile(wanted(url))).rejects.toMatchObject({
      code: "model-download",
      message: expect.stringContaining(`${url}: the server answered 404`),
    });
  });

  it("says what to do where nothing answers", async () => {
    const { url, server } = await serve(whole());
    await new Promise((done) => server.close(done));
    await expect(downloadFile(wanted(url))).rejects.toThrow(
      /cannot be reached \(.*ECONNREFUSED.*HTTPS_PROXY.*--from/,
    );
  });

  it("stops when told to, and keeps the part", async () => {
    const stop = new AbortController();
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { "Content-Length": BODY.length, ETag: '"v1"' });
      response.write(BODY.subarray(0, 50_000));
    });
    const onProgress = () => stop.abort(new Error("enough"));
    await expect(downloadFile(wanted(url), { signal: stop.signal, onProgress })).rejects.toThrow(
      "enough",
    );
    expect(nothingLeft()).toContain(`${wanted("").path}.part`);
  });

  it("goes through a proxy that the environment names", async () => {
    const target = await serve(whole());
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, client: Socket) => {
      tunnels.push(request.url ?? "");
      sockets.add(client);
      const upstream = connect(target.port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      sockets.add(upstream);
      for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
    });
    open.push(proxy);
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    const names = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
    const before = names.map((name) => process.env[name]);
    try {
      for (const name of names) delete process.env[name];
      process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      // A name that only the proxy can reach.
      const found = await downloadFile(wanted("http://weights.invalid/weights.onnx"));
      expect(found.sha256).toBe(SHA256);
      expect(tunnels).toEqual(["weights.invalid:80"]);
    } finally {
      names.forEach((name, i) => {
        if (before[i] === undefined) delete process.env[name];
        else process.env[name] = before[i];
      });
    }
  });
});
