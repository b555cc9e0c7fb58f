import type { IncomingMessage } from "node:http";
import { MicrotomeError } from "../errors.ts";
import type { Guard } from "./guard.ts";
import { isLoopback } from "./guard.ts";

/** Addresses that viewers of other makers read: Deep Zoom, and IIIF. */
const SHARED = /^\/(?:slides|iiif)\//;

/**
 * Lets pages of other origins read Deep Zoom and IIIF addresses, and nothing else.
 *
 * IIIF asks for this of every server. Here it is given to pages served from this machine, and to the
 * origins named ("*" for all): a slide on a pathologist's own computer is not for every site that she
 * happens to visit. Preflight requests are answered before the token is asked for, as browsers send
 * them without it. Source: Fetch standard (CORS protocol), Private Network Access.
 */
export function crossOriginGuard(allowed: readonly string[]): Guard {
  const named = new Set(allowed.map(normalOrigin));
  const all = named.has("*");
  const mayRead = (origin: string) => all || named.has(origin) || isOwnMachine(origin);
  return (request, response) => {
    if (!SHARED.test(request.url ?? "")) return false;
    const { origin } = request.headers;
    response.setHeader("Vary", "Origin");
    // <img> without "crossorigin" sends no Origin, so that a page that was named cannot be told from one
    // that was not: such pictures are for this host alone (any port), unless every site may read.
    response.setHeader("Cross-Origin-Resource-Policy", all ? "cross-origin" : "same-site");
    if (origin === undefined || !mayRead(origin)) return false;
    response.setHeader("Access-Control-Allow-Origin", all ? "*" : origin);
    response.setHeader("Access-Control-Expose-Headers", "Link, ETag");
    if (!isPreflight(request)) return false;
    response.setHeader("Access-Control-Allow-Methods", "GET, HEAD");
    response.setHeader("Access-Control-Allow-Headers", "Authorization, If-None-Match");
    response.setHeader("Access-Control-Max-Age", "600");
    if (request.headers["access-control-request-private-network"] === "true") {
      response.setHeader("Access-Control-Allow-Private-Network", "true");
    }
    response.writeHead(204).end();
    return true;
  };
}

function isPreflight(request: IncomingMessage): boolean {
  return (
    request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined
  );
}

function isOwnMachine(origin: string): boolean {
  try {
    const { protocol, hostname } = new URL(origin);
    return (protocol === "http:" || protocol === "https:") && isLoopback(hostname);
  } catch {
    return false;
  }
}

function normalOrigin(text: string): string {
  if (text === "*") return text;
  const origin = URL.canParse(text) ? new URL(text).origin : "null";
  if (origin !== "null" && (text === origin || text === `${origin}/`)) return origin;
  throw new MicrotomeError(
    "usage",
    `${JSON.stringify(text)} is no origin; expected a scheme and a host, e.g. https://viewer.example.org, or * for every site.`,
    { origin: text },
  );
}
