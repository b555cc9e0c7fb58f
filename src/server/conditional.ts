import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.ts";

/** How an answer may be kept: by its entity tag, or for good where its address names its version. */
export interface Keeping {
  /** A strong entity tag. */
  readonly tag: string;
  /** True where another state of the file would have another address. */
  readonly pinned: boolean;
}

/** A strong entity tag of the parts that decide an answer. */
export function entityTag(...parts: readonly (string | number)[]): string {
  return `"${createHash("sha256").update(parts.join("\n")).digest("base64url").slice(0, 22)}"`;
}

/**
 * Whether an address names the version that is served now, by `?v=`.
 *
 * Throws 410 where it names another: tiles of two states of a file must not meet in one picture.
 */
export function isPinned(named: string | null, version: string): boolean {
  if (named === null || named === version) return named === version;
  throw new HttpError(
    410,
    "changed",
    "The file has changed since this page was opened; reload the page.",
  );
}

/**
 * Cache-Control of an answer. An address that names no version is asked about again each time, which
 * costs a 304 and no reading: a slide that is replaced under its name is never shown half old, half new.
 * Private, as shared caches must not keep what a token guards.
 */
export function cacheControl({ pinned }: Keeping): string {
  return pinned ? "private, max-age=31536000, immutable" : "private, no-cache";
}

/** True where the browser has the answer already, and 304 is to be sent. Source: RFC 9110, 13.1.2. */
export function isKnown(request: IncomingMessage, { tag }: Keeping): boolean {
  const header = request.headers["if-none-match"];
  if (header === undefined) return false;
  return header.split(",").some((part) => {
    const known = part.trim();
    return known === tag || known === `W/${tag}` || known === "*";
  });
}
