import { workerFile } from "../../worker-thread.ts";
import type { DecodeAnswer, DecodeJob } from "./decode-worker.ts";
import { WorkerLanes } from "./worker-lanes.ts";

/** Time for a decode whatever its size, and for each 2^20 samples more, ms: a hundred times what is usual. */
const DEADLINE_MS = { base: 30_000, perMebisample: 10_000 } as const;

/** The decoding threads of this process. */
const lanes = new WorkerLanes<DecodeJob, DecodeAnswer>({
  file: workerFile(import.meta.url, "decode-worker"),
  deadlineMs: DEADLINE_MS.base,
});

/** Decodes what comes to `samples` samples on one of the threads. Throws plain Errors about the bytes. */
export async function decodeInLane(
  job: DecodeJob,
  samples: number,
): Promise<DecodeAnswer & { readonly ok: true }> {
  // A copy: what is given away is gone, and a view would take its whole buffer along.
  const bytes = new Uint8Array(job.bytes);
  const answer = await lanes.run(
    { ...job, bytes },
    {
      deadlineMs: DEADLINE_MS.base + (DEADLINE_MS.perMebisample * samples) / 2 ** 20,
      transfer: [bytes.buffer],
    },
  );
  if (!answer.ok) throw new Error(answer.message);
  return answer;
}

/** Ends the decoding threads that wait for work; the next decode starts new ones. */
export function closeLanes(): Promise<void> {
  return lanes.close();
}
