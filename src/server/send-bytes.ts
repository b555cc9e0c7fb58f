import type { IncomingMessage, ServerResponse } from "node:http";
import { cacheControl, isKnown, type Keeping } from "./conditional.ts";

/** Bytes with what has to be said of them. */
export interface Content {
  readonly data: Uint8Array;
  readonly mime: string;
}

/**
 * Sends bytes that may be kept: 304 where the browser has them, no body for HEAD.
 *
 * `read` is called only where bytes are needed, and may set further headers.
 */
export async function sendKept(
  request: IncomingMessage,
  response: ServerResponse,
  keeping: Keeping,
  read: () => Content | Promise<Content>,
): Promise<void> {
  response.setHeader("ETag", keeping.tag);
  response.setHeader("Cache-Control", cacheControl(keeping));
  if (isKnown(request, keeping)) {
    response.writeHead(304).end();
    return;
  }
  const content = await read();
  response.writeHead(200, {
    "Content-Type": content.mime,
    "Content-Length": content.data.length,
  });
  if (request.method === "HEAD") response.end();
  else response.end(content.data);
}
