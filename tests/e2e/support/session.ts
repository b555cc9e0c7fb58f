import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type RunningServer, startServer } from "../../../src/server/start-server.ts";
import { launchBrowser } from "./browser.ts";
import { buildViewer } from "./built-viewer.ts";
import { ViewerPage } from "./viewer-page.ts";

/** What the tests of one file share, and the page of the test that runs. */
export class Session {
  /** A folder of the file's own; gone afterwards. */
  folder = "";
  server!: RunningServer;
  browser!: Browser;
  /** A fresh page for each test. */
  viewer!: ViewerPage;

  shown(selector: string): Promise<string> {
    return this.viewer.page.locator(selector).innerText();
  }
}

/**
 * Starts a server and Chromium for the tests of a file, opens a page for each, and holds each to no fault in it.
 *
 * `prepare` makes what is looked at in a folder, and returns the path to serve.
 */
export function viewerSession(prepare: (folder: string) => Promise<string>): Session {
  const session = new Session();

  beforeAll(async () => {
    session.folder = await mkdtemp(join(tmpdir(), "microtome-e2e-"));
    const viewerFolder = join(session.folder, ".viewer");
    await buildViewer(viewerFolder);
    const target = await prepare(session.folder);
    session.server = await startServer({ target, port: 0, viewerFolder });
    session.browser = await launchBrowser();
  }, 600_000);

  afterAll(async () => {
    await session.browser?.close();
    await session.server?.close();
    if (session.folder) await rm(session.folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    session.viewer = await ViewerPage.open(session.browser, session.server.url);
  });

  afterEach(async () => {
    const faults = [...session.viewer.faults];
    await session.viewer.page.close();
    expect(faults).toEqual([]);
  });

  return session;
}
