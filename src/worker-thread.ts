import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const SOURCE = ".ts";
const BUILT = ".js";

/** The file of a worker thread, `name` (no extension) beside the module `here`: `.ts` as source, `.js` as built. */
export function workerFile(here: string, name: string): URL {
  return new URL(`./${name}${here.endsWith(SOURCE) ? SOURCE : BUILT}`, here);
}

/** Starts a worker thread, which finds `workerData` under that name; a `.ts` file runs through tsx. */
export function startWorker(file: URL, workerData?: unknown): Worker {
  if (!file.pathname.endsWith(SOURCE)) return new Worker(file, { workerData });
  // `--import tsx` does nothing in a thread of Node 20: its loader is registered there by hand.
  const loader = import.meta.resolve("tsx/esm/api");
  const start = `import("${loader}").then(({ register }) => { register(); return import("${file.href}"); })`;
  return new Worker(start, { eval: true, workerData });
}

/** Node's own arguments for a script that runs in a pool or process of its own: `.ts` goes through tsx. */
export function execArgvFor(file: URL): string[] {
  if (!file.pathname.endsWith(SOURCE)) return [];
  // tsx by its own address: `--import tsx` would look for it from the current folder.
  return ["--import", pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href];
}
