import { workerData } from "node:worker_threads";
import { BlockCache } from "../../block-cache.ts";
import { toErrorRecord } from "../../errors.ts";
import type { SamAdapter } from "../contracts/adapter.ts";
import { openModel } from "../open-model.ts";
import { PatchSegmenter } from "../segment-patch.ts";
import type {
  ClickMasks,
  ClickReply,
  ClickResults,
  ClickSettings,
  ClickTask,
} from "./click-protocol.ts";
import { type KeptPatch, keepPatch } from "./kept-patch.ts";
import { PatchFolder } from "./patch-folder.ts";

const settings = workerOptions(workerData);

/** Piscina hands over [its own data, the pool's]. */
function workerOptions(data: unknown): ClickSettings {
  return (Array.isArray(data) ? data[1] : data) as ClickSettings;
}

const memory = new BlockCache<KeptPatch>(settings.memoryBytes);
/** Patches that come from the folder: nobody has seen them answer yet. */
const stored = new WeakSet<KeptPatch>();
const folder = settings.disk && new PatchFolder(settings.disk.folder, settings.disk.bytes);

// Opened once; a failure is kept, not thrown: see worker.ts beside.
const opened = openModel(settings.model, settings).then(
  (adapter) => ({ ok: true, adapter, segmenter: segmenterOf(adapter) }) as const,
  (error: unknown) => ({ ok: false, error: toErrorRecord(error) }) as const,
);

function segmenterOf(adapter: SamAdapter): PatchSegmenter {
  const { model } = settings;
  // Given prompts are answered whatever the size of what is found: the µm/px does not matter here.
  const anySize = { mpp: 1, minAreaUm2: 0, maxAreaUm2: null };
  const { auto, grid } = model;
  return new PatchSegmenter(adapter, { model, auto, grid, ...anySize, stain: null });
}

/** Runs one task; errors come back as data, because their class and fields would not cross. */
export default async function run(task: ClickTask): Promise<ClickReply<keyof ClickResults>> {
  const model = await opened;
  if (!model.ok) return model;
  try {
    return { ok: true, value: await answer(task, model.adapter, model.segmenter) };
  } catch (error) {
    return { ok: false, error: toErrorRecord(error) };
  }
}

async function answer(
  task: ClickTask,
  { takes, anySize }: SamAdapter,
  segmenter: PatchSegmenter,
): Promise<ClickResults[keyof ClickResults]> {
  switch (task.kind) {
    case "ready":
      return { takes, anySize };
    case "find":
      return { found: (await find(task.key)) !== null };
    case "answer":
      return await prompt(task, segmenter);
    case "embed": {
      const { key, image, valid } = task;
      const started = performance.now();
      const patch = keepPatch(key, image, await segmenter.embed(image, valid));
      memory.drop(key);
      await memory.add(key, Promise.resolve(patch));
      // Nobody waits for the disk.
      void folder?.put(key, patch);
      return { ms: performance.now() - started };
    }
  }
}

async function find(key: string): Promise<KeptPatch | null> {
  const held = await memory.find(key);
  if (held) return held;
  const patch = (await folder?.get(key)) ?? null;
  if (patch !== null) {
    stored.add(patch);
    await memory.add(key, Promise.resolve(patch));
  }
  return patch;
}

async function prompt(
  { key, valid, prompts }: Extract<ClickTask, { readonly kind: "answer" }>,
  segmenter: PatchSegmenter,
): Promise<ClickMasks> {
  const patch = await find(key);
  if (patch === null) return { masks: null, ms: { decode: 0, post: 0 } };
  const { image, embedding } = patch;
  const job = { patchId: key.slice(0, 8), image, prompts, allow: null, valid };
  try {
    const { masks, ms } = await segmenter.segment(job, embedding);
    return { masks, ms };
  } catch (error) {
    // A file may be whole and yet not what this model's decoder takes: it is made anew.
    if (!stored.has(patch)) throw error;
    memory.drop(key);
    await folder?.drop(key);
    return { masks: null, ms: { decode: 0, post: 0 } };
  }
}
