import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { HttpError } from "./http-error.ts";
import { addressOf } from "./parameters.ts";

/** Everything a page of ours needs, and nothing from anywhere else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Headers that keep other sites from framing, embedding or sniffing what is served. */
const SECURITY_HEADERS = new Map(
  Object.entries({
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
  }),
);

/** Looks at a request before anything else does. True where it has answered; throws HttpError to refuse. */
export type Guard = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Asks every guard in turn, until one answers or throws. */
export function allGuards(guards: readonly Guard[]): Guard {
  return (request, response) => guards.some((guard) => guard(request, response));
}

/** Sets the headers that every answer carries. */
export const securityHeaders: Guard = (_request, response) => {
  response.setHeaders(SECURITY_HEADERS);
  return false;
};

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = unbracket(host.toLowerCase());
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** The host name in a Host header, lower case and without port, or null when it is none. */
function hostNameOf(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? "");
  return match ? unbracket(match[1]!.toLowerCase()) : null;
}

/**
 * Refuses requests that name another host: a page elsewhere can point its own name at 127.0.0.1
 * (DNS rebinding) but cannot make the browser send ours. Bare IP addresses cannot be rebound, and
 * are accepted where the server listens to the network.
 */
export function hostGuard(boundHost: string, allowedHosts: readonly string[]): Guard {
  const names = new Set(allowedHosts.map((name) => name.toLowerCase()));
  names.add(unbracket(boundHost.toLowerCase()));
  const open = !isLoopback(boundHost);
  return (request) => {
    const name = hostNameOf(request.headers.host);
    const known =
      name !== null && (isLoopback(name) || names.has(name) || (open && isIP(name) !== 0));
    if (!known) {
      throw new HttpError(
        403,
        "forbidden",
        `This server does not answer to the host name ${JSON.stringify(name ?? "")}; use the address that it printed.`,
      );
    }
    return false;
  };
}

/** The addresses that take POST: they change nothing, but cost much. */
const POSTED = /^\/api\/slides\/[\w-]+\/segment(?:\/prepare)?(?:\?|$)/;

/**
 * Refuses every method but GET and HEAD, and POST where a click is answered; those that a page of
 * another origin asks for, as forbidden.
 */
export const methodGuard: Guard = (request, response) => {
  if (request.method === "GET" || request.method === "HEAD") return false;
  if (!isSameOrigin(request)) {
    throw new HttpError(403, "forbidden", "A change was asked for by a page of another origin.");
  }
  const posted = POSTED.test(request.url ?? "");
  if (posted && request.method === "POST") return false;
  response.setHeader("Allow", posted ? "POST" : "GET, HEAD");
  throw new HttpError(405, "method-not-allowed", "This server only shows; it changes nothing.");
};

function isSameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) {
    // Browsers always send Origin with these methods; scripts do not, and carry no one's cookies.
    const site = request.headers["sec-fetch-site"];
    return site === undefined || site === "same-origin" || site === "none";
  }
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

/**
 * Asks for the token: `Authorization: Bearer`, or `?token=` once, which sets an HttpOnly cookie and
 * goes on to the address without it. The cookie holds a digest of the token, not the token.
 */
export function tokenGuard(token: string): Guard {
  const wanted = digest(token);
  const session = createHash("sha256").update(`microtome-session\n${token}`).digest("base64url");
  return (request, response) => {
    const url = addressOf(request);
    const offered = url.searchParams.get("token");
    if (offered !== null && equal(digest(offered), wanted)) {
      const name = cookieName(request.socket.localPort ?? 0);
      url.searchParams.delete("token");
      response.setHeader("Set-Cookie", `${name}=${session}; Path=/; HttpOnly; SameSite=Strict`);
      // Repeated slashes would make the redirect's address name another host.
      response.setHeader("Location", url.pathname.replace(/^[/\\]+/, "/") + url.search);
      response.writeHead(303).end();
      return true;
    }
    const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const cookie = readCookie(request.headers.cookie, cookieName(request.socket.localPort ?? 0));
    const known =
      (bearer !== undefined && equal(digest(bearer), wanted)) ||
      (cookie !== null && equal(digest(cookie), digest(session)));
    if (!known) {
      response.setHeader("WWW-Authenticate", "Bearer");
      throw new HttpError(
        401,
        "unauthorized",
        "This server asks for its token: open the address that it printed, which ends in ?token=….",
      );
    }
    return false;
  };
}

/** Browsers share cookies between ports of a host: two servers must not sign each other's visitors out. */
function cookieName(port: number): string {
  return `microtome_${port}`;
}

function readCookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name) return value ?? "";
  }
  return null;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function equal(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b);
}

function unbracket(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
