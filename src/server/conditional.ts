import { createHash } from "node:crypto";
import type { Request, Response } from "express";

/** Seconds that a browser may use an answer without asking again. */
const FRESH_SECONDS = 300;

/** A strong entity tag of the parts that decide an answer. */
export function entityTag(...parts: readonly (string | number)[]): string {
  return `"${createHash("sha256").update(parts.join("\n")).digest("base64url").slice(0, 22)}"`;
}

/**
 * Sets the headers of an answer that may be kept, and says whether the browser has it already;
 * then 304 has been sent and nothing needs to be read.
 */
export function answeredFromCache(request: Request, response: Response, tag: string): boolean {
  response.set("Cache-Control", `private, max-age=${FRESH_SECONDS}`);
  response.set("ETag", tag);
  const known = (request.headers["if-none-match"] ?? "").split(",").map((part) => part.trim());
  if (!known.some((part) => part === tag || part === `W/${tag}` || part === "*")) return false;
  response.status(304).end();
  return true;
}
