// A worker that really ends on some patches: process.exit in a worker thread ends that thread only.
import type { WorkerTask } from "../../../../src/segment/worker.ts";

export default async function run(task: WorkerTask) {
  if (task.kind === "ready") return { ok: true };
  if (task.job.patchId.startsWith("deadly")) process.exit(3);
  return { ok: true, masks: [], prompts: 0, ms: { encode: 0, decode: 0, post: 0 } };
}
