import type { StartTextThread } from "../export/text-threads.ts";
import type { InstanceSource } from "../store/instance-source.ts";
import { ObjectsFile } from "../store/objects/objects-file.ts";
import { startWorker, workerFile } from "../worker-thread.ts";
import type { TextWork } from "./text-worker.ts";

/** How threads that make text of these objects are started; undefined where only this thread can read them. */
export function textThreadsOf(objects: InstanceSource): StartTextThread | undefined {
  if (!(objects instanceof ObjectsFile)) return undefined;
  const { path, identity } = objects;
  const file = workerFile(import.meta.url, "text-worker");
  return (style) => startWorker(file, { path, identity, style } satisfies TextWork);
}
