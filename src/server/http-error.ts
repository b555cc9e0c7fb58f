import type { ServerResponse } from "node:http";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { MicrotomeError } from "../errors.ts";
import type { ApiError } from "./api.ts";

/** A refusal that HTTP has a status for and the shell has not. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Says what an error may say to a browser: a status and a body without machine paths. */
export function describeError(error: unknown): { status: number; body: ApiError } {
  if (error instanceof MicrotomeError) {
    return answer(error.httpStatus, error.code, error.message);
  }
  if (error instanceof HttpError) return answer(error.status, error.code, error.message);
  if (error instanceof URIError) {
    return answer(400, "usage", "The address is not valid percent-encoding.");
  }
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return answer(status, "usage", "The request cannot be understood.");
  }
  return answer(500, "internal", "The server failed on this request; its own output says why.");
}

/**
 * Shortens absolute paths in a message to their last name: where files lie on the machine is
 * nobody's business in a browser.
 */
export function withoutPaths(message: string): string {
  return message
    .replace(
      // A folder's name may hold blanks: a file's ending ("a.svs at", "a.tif: ") and a unit ("µm/px") end the path.
      /(?<![\w.<²])(?:[A-Za-z]:)?[\\/](?:(?:(?!\.[A-Za-z]\w{1,7}[\s,;)])[^\\/\n"'<>|:*?])+(?<!µm|mm|²)[\\/])+([^\\/\s"'<>|:*?,;)]*)/g,
      "$1",
    )
    .replace(/(?<![\w.<²])\/(?=[\w.-]+)/g, "");
}

function answer(status: number, code: string, message: string) {
  return { status, body: { error: { code, message: withoutPaths(message) } } };
}

/** Answers every address that nothing else answered. */
export const notFound: RequestHandler = () => {
  throw new HttpError(404, "not-found", "Nothing is served at this address.");
};

/** Answers with an error as JSON; what nobody expected goes to `log` with its stack. */
export function sendError(
  response: ServerResponse,
  error: unknown,
  log: (error: unknown) => void,
): void {
  const { status, body } = describeError(error);
  if (status >= 500) log(error);
  if (response.headersSent) {
    // Half an answer cannot be taken back: the other side sees the connection end.
    response.destroy();
    return;
  }
  const text = JSON.stringify(body);
  response.removeHeader("ETag");
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Content-Length", Buffer.byteLength(text));
  response.writeHead(status).end(text);
}

/** {@link sendError} for what Express's routes throw. */
export function errorHandler(log: (error: unknown) => void): ErrorRequestHandler {
  return (error, _request, response, _next) => sendError(response, error, log);
}
