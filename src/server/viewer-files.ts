import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import express, { Router } from "express";

/** Where `npm run build` puts the viewer, seen from the sources and from the built package alike. */
export function defaultViewerFolder(): string {
  const fromSources = import.meta.url.endsWith(".ts");
  return fileURLToPath(new URL(fromSources ? "../../dist/viewer/" : "../viewer/", import.meta.url));
}

/** Serves the built viewer, or a page that says how to build it. */
export function viewerFiles(folder: string): Router {
  const router = Router();
  // Names of built files carry a digest of their content: they never change.
  router.use(
    "/assets",
    express.static(join(folder, "assets"), {
      index: false,
      redirect: false,
      dotfiles: "ignore",
      immutable: true,
      maxAge: "365d",
    }),
  );
  router.get("/", (_request, response) => {
    if (existsSync(join(folder, "index.html"))) {
      // Under a root only the name is judged: packages are often installed below a dot-folder.
      response.sendFile("index.html", { root: resolve(folder), cacheControl: false });
    } else response.status(503).type("html").send(NOT_BUILT);
  });
  return router;
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<title>microtome: the viewer is not built</title>
<h1>The viewer is not built</h1>
<p>The server runs, but its pages are missing. Run <code>npm run build</code> in microtome's folder, then reload this page.</p>
</html>
`;
