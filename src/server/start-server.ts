import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { isIPv6 } from "node:net";
import express, { type Express } from "express";
import { BlockCache } from "../block-cache.ts";
import { MicrotomeError } from "../errors.ts";
import type { Backend } from "../tiler/slide.ts";
import { toItemList } from "./catalog.ts";
import { clickRoutes } from "./click-routes.ts";
import { type ClickOptions, ClickService } from "./click-service.ts";
import { crossOriginGuard } from "./cross-origin.ts";
import { deepZoomRoutes } from "./deep-zoom-routes.ts";
import {
  allGuards,
  type Guard,
  hostGuard,
  isLoopback,
  methodGuard,
  securityHeaders,
  tokenGuard,
} from "./guard.ts";
import { errorHandler, notFound, sendError } from "./http-error.ts";
import { iiifRoutes } from "./iiif-routes.ts";
import { Library } from "./library.ts";
import { runRoutes } from "./run-routes.ts";
import type { Content } from "./send-bytes.ts";
import { slideRoutes } from "./slide-routes.ts";
import { tileHandler } from "./tile-handler.ts";
import { defaultViewerFolder, viewerFiles } from "./viewer-files.ts";

const MIN_TOKEN_LENGTH = 16;
/** Encoded tiles kept, of all slides: those that the files do not store as they are sent. */
const ENCODED_BYTES = 64 * 2 ** 20;

/** What to serve, and to whom. */
export interface ServerOptions {
  /** A slide file, a run directory, or a folder of either. */
  readonly target: string;
  /** What reads the slides; `auto` where left out, see OpenOptions. */
  readonly backend?: Backend;
  /** Address to listen at; other machines can reach anything but the default loopback. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  /** Take any free port where `port` is taken, instead of refusing. */
  readonly anyPortIfTaken?: boolean;
  /** What every request must bring; required where `host` is not loopback (then 16 characters or more). */
  readonly token?: string;
  /** Further names that requests may call this host by, e.g. behind a proxy. */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may read Deep Zoom and IIIF addresses, besides this machine's own; "*" for all. */
  readonly allowedOrigins?: readonly string[];
  /** What answering clicks may cost. */
  readonly clicks?: ClickOptions;
  /** The built viewer; only tests need another than the package's own. */
  readonly viewerFolder?: string;
  /** Told what no request should run into, and in a line each what is left out; stderr by default. */
  readonly log?: (error: unknown) => void;
}

/** A server that listens. */
export interface RunningServer {
  /** With the token in it, where there is one: what to open in a browser. */
  readonly url: string;
  readonly port: number;
  /** Ends open requests and closes every slide. */
  close(): Promise<void>;
}

/**
 * Serves slides, runs and the viewer over HTTP until closed.
 *
 * Throws MicrotomeError `usage` (a host that others can reach without a token, a port that cannot
 * be had), `input-not-found`, `corrupt-file`.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? "127.0.0.1";
  const port = options.port ?? 8017;
  checkToken(host, options.token);
  const log = options.log ?? ((error) => console.error(error));
  const guard = makeGuard(host, options);
  const library = await Library.open(options.target, log, {
    ...(options.backend ? { backend: options.backend } : {}),
  });
  const clicks = new ClickService(library, options.clicks);
  const server = createServer(makeListener(library, clicks, guard, options, log));
  try {
    await listen(server, host, port);
  } catch (error) {
    if (!options.anyPortIfTaken || !isTaken(error)) {
      await library.close();
      throw error;
    }
    await listen(server, host, 0);
  }
  const bound = (server.address() as AddressInfo).port;
  const query = options.token === undefined ? "" : `?token=${encodeURIComponent(options.token)}`;
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${bound}/${query}`,
    port: bound,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await clicks.close();
      await library.close();
    },
  };
}

function makeGuard(host: string, options: ServerOptions): Guard {
  return allGuards([
    securityHeaders,
    hostGuard(host, options.allowedHosts ?? []),
    crossOriginGuard(options.allowedOrigins ?? []),
    ...(options.token === undefined ? [] : [tokenGuard(options.token)]),
    methodGuard,
  ]);
}

/** Guards stand before everything, tiles before Express. */
function makeListener(
  library: Library,
  clicks: ClickService,
  guard: Guard,
  options: ServerOptions,
  log: (error: unknown) => void,
): RequestListener {
  const encoded = new BlockCache<Content>(ENCODED_BYTES);
  const sendTile = tileHandler(library, encoded);
  const viewer = options.viewerFolder ?? defaultViewerFolder();
  const app = createApp(library, clicks, encoded, viewer, log);
  return (request, response) => {
    try {
      if (guard(request, response)) return;
      const sending = sendTile(request, response);
      if (sending) sending.catch((error) => sendError(response, error, log));
      else app(request, response);
    } catch (error) {
      sendError(response, error, log);
    }
  };
}

function createApp(
  library: Library,
  clicks: ClickService,
  encoded: BlockCache<Content>,
  viewerFolder: string,
  log: (error: unknown) => void,
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.get("/api/items", async (_request, response) => {
    response.json(toItemList(await library.refresh()));
  });
  app.use("/api/slides", slideRoutes(library), clickRoutes(clicks));
  app.use("/api/runs", runRoutes(library));
  app.use("/slides", deepZoomRoutes(library, encoded));
  app.use("/iiif", iiifRoutes(library, encoded));
  app.use(viewerFiles(viewerFolder));
  app.use(notFound);
  app.use(errorHandler(log));
  return app;
}

function checkToken(host: string, token: string | undefined): void {
  if (isLoopback(host)) {
    if (token === "")
      throw new MicrotomeError("usage", "The token is empty; leave it out or give one.");
    return;
  }
  if (token !== undefined && token.length >= MIN_TOKEN_LENGTH) return;
  throw new MicrotomeError(
    "usage",
    token === undefined
      ? `--host ${host} lets other machines see the slides, and no token was given; add --token with ${MIN_TOKEN_LENGTH} characters or more, or leave --host out.`
      : `--token has ${token.length} characters; where other machines can reach the server (--host ${host}) it needs ${MIN_TOKEN_LENGTH} or more.`,
    { host },
  );
}

function isTaken(error: unknown): boolean {
  const cause = error instanceof MicrotomeError ? error.cause : null;
  return (cause as NodeJS.ErrnoException | null)?.code === "EADDRINUSE";
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "is taken" : `cannot be had (${cause.code})`;
      reject(
        new MicrotomeError(
          "usage",
          `Port ${port} at ${host} ${why}; choose another with --port, or 0 for any free one.`,
          { host, port },
          cause,
        ),
      );
    };
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}
