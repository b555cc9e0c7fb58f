import { connect } from "node:net";
import { serveJobs } from "../harness/serve-jobs.ts";
import { quantile } from "../harness/summary.ts";
import type { LoadAnswer, LoadJob } from "./job.ts";

/**
 * Asks a server for tiles over a few keep-alive connections, one request after another on each.
 *
 * Speaks just as much HTTP as that takes: Node's own client would take longer than the servers do.
 */
await serveJobs<LoadJob>(process.versions.node, async (job): Promise<LoadAnswer> => {
  if (job.host !== "127.0.0.1") throw new Error(`found host ${job.host}, expected 127.0.0.1`);
  const milliseconds: number[] = [];
  let bytes = 0;
  let next = 0;
  const lane = async () => {
    const connection = await openConnection(job.host, job.port);
    while (next < job.paths.length) {
      const path = job.paths[next++]!;
      const started = performance.now();
      const got = await connection.get(path);
      bytes += got;
      milliseconds.push(performance.now() - started);
    }
    connection.close();
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: job.connections }, lane));
  const elapsed = (performance.now() - started) / 1000;
  return {
    requestsPerSecond: milliseconds.length / elapsed,
    p50: quantile(milliseconds, 0.5),
    p99: quantile(milliseconds, 0.99),
    bytes,
    count: milliseconds.length,
  };
});

interface Connection {
  /** Bytes of the body of a 200. Throws an Error for anything else. */
  get(path: string): Promise<number>;
  close(): void;
}

async function openConnection(host: string, port: number): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  let head = "";
  let left = -1;
  let length = 0;
  let settle: { resolve(bytes: number): void; reject(error: Error): void } | null = null;
  const fail = (error: Error) => settle?.reject(error);
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the server closed the connection")));
  socket.on("data", (chunk: Buffer) => {
    let body = chunk.length;
    if (left < 0) {
      const seen = head.length;
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const match = /^HTTP\/1\.[01] (\d{3})[\s\S]*?\r\ncontent-length: *(\d+)/i.exec(head);
      if (match?.[1] !== "200") {
        fail(new Error(`found ${head.split("\r\n")[0]}, expected 200 with a length`));
        return;
      }
      length = left = Number(match[2]);
      body = seen + chunk.length - (end + 4);
    }
    left -= body;
    if (left > 0) return;
    head = "";
    left = -1;
    settle?.resolve(length);
  });
  return {
    get(path) {
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
      });
    },
    close() {
      settle = null;
      socket.destroy();
    },
  };
}
