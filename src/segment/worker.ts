import { workerData } from "node:worker_threads";
import { type ErrorRecord, toErrorRecord } from "../errors.ts";
import type { PromptAbilities } from "./contracts/adapter.ts";
import { openModel } from "./open-model.ts";
import type { SegmentJob, SegmentResult, SegmentSettings } from "./protocol.ts";
import { PatchSegmenter } from "./segment-patch.ts";

/** What a worker is asked: to segment, or only whether its model could be opened. */
export type WorkerTask =
  | { readonly kind: "ready" }
  | { readonly kind: "segment"; readonly job: SegmentJob };

/** The answer to `ready`. */
export type ReadyResult =
  | { readonly ok: true; readonly takes: PromptAbilities }
  | { readonly ok: false; readonly error: ErrorRecord };

const settings = workerOptions(workerData);

/** Piscina hands over [its own data, the pool's]. */
function workerOptions(data: unknown): SegmentSettings {
  return (Array.isArray(data) ? data[1] : data) as SegmentSettings;
}

// One session a worker, opened once as it loads. A failure is kept, not thrown: a worker that
// dies while loading would be started again without end.
const opened = openModel(settings.model, settings).then(
  (adapter) =>
    ({ ok: true, takes: adapter.takes, segmenter: new PatchSegmenter(adapter, settings) }) as const,
  (error: unknown) => ({ ok: false, error: toErrorRecord(error) }) as const,
);

/** Runs one task; errors come back as data, because their class and fields would not cross. */
export default async function run(task: WorkerTask): Promise<SegmentResult | ReadyResult> {
  const model = await opened;
  if (!model.ok) return model;
  if (task.kind === "ready") return { ok: true, takes: model.takes };
  try {
    return await model.segmenter.segment(task.job);
  } catch (error) {
    return { ok: false, error: toErrorRecord(error) };
  }
}
