import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { MicrotomeError, toErrorRecord } from "../errors.ts";
import { FeatureBytes } from "../export/feature-bytes.ts";
import { appendStretch } from "../export/feature-text.ts";
import { TextBytes } from "../export/text-bytes.ts";
import type { ThreadAnswer, ThreadJob, ThreadStyle } from "../export/text-threads.ts";
import { ObjectsFile } from "../store/objects/objects-file.ts";

/** Which objects a thread writes, and how. */
export interface TextWork {
  /** Their objects file. */
  readonly path: string;
  /** Of the file that the other threads have open. */
  readonly identity: number;
  readonly style: ThreadStyle;
}

/** Opens the objects file, then makes the text of each stretch that is asked for: export's second half, in a thread. */
async function serve(port: MessagePort, { path, identity, style }: TextWork): Promise<void> {
  const say = (answer: ThreadAnswer, give: readonly ArrayBuffer[] = []) =>
    port.postMessage(answer, [...give]);
  const fail = (error: unknown) => say({ kind: "error", error: toErrorRecord(error) });
  const objects = await openSame(path, identity).catch(fail);
  if (!objects) return;
  const features = new FeatureBytes(style);
  const make = async ({ buffer: memory, ...stretch }: ThreadJob): Promise<void> => {
    const out = new TextBytes(memory);
    await appendStretch(objects, stretch, features, out);
    const buffer = out.bytes.buffer as ArrayBuffer;
    say({ kind: "text", from: stretch.from, buffer, length: out.length }, [buffer]);
  };
  port.on("message", (job: ThreadJob) => make(job).catch(fail));
  say({ kind: "ready" });
}

/** An import or a run may have put another file in its place since. */
async function openSame(path: string, identity: number): Promise<ObjectsFile> {
  const objects = await ObjectsFile.open(path);
  if (objects.identity === identity) return objects;
  await objects.close();
  throw new MicrotomeError(
    "run-mismatch",
    `${path} was replaced while it was exported; export it again.`,
    { path },
  );
}

await serve(parentPort!, workerData as TextWork);
