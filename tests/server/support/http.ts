import { request } from "node:http";

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/**
 * Sends a request exactly as written: fetch would resolve "..", and forbids setting Host and Origin.
 */
export function send(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
  body?: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Asks, leaves when the first bytes are there, and resolves once the connection is gone. */
export function giveUp(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path }, (response) => {
      response.once("data", () => sent.destroy());
      response.on("error", () => {});
      response.on("close", () => resolve());
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** The body as JSON. */
export function json<T>(answer: Answer): T {
  return JSON.parse(answer.body.toString("utf8")) as T;
}

/** Asks, expects 200, and returns the body as JSON. */
export async function getJson<T>(port: number, path: string): Promise<T> {
  const answer = await send(port, path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return json<T>(answer);
}
