import { parentPort } from "node:worker_threads";

/** What a decoding thread is asked to do. */
export type DecodeJob =
  | { readonly codec: "jpeg2000"; readonly bytes: Uint8Array; readonly reduce: number }
  | { readonly codec: "jpeg-ls"; readonly bytes: Uint8Array }
  | { readonly codec: "zstd"; readonly bytes: Uint8Array; readonly length: number };

/** What it answers: errors are data, because their class would not cross. */
export type DecodeAnswer =
  | {
      readonly ok: true;
      readonly data: ArrayBuffer;
      /** Of a picture; 0 for bytes. */
      readonly components: number;
      /** The thread is not to be used again. */
      readonly spent: boolean;
    }
  | { readonly ok: false; readonly message: string; readonly spent: boolean };

async function decode(job: DecodeJob): Promise<DecodeAnswer> {
  // A thread loads what it is asked for: OpenJPEG takes 50 MiB.
  if (job.codec === "jpeg2000") {
    const { decodeWithOpenJpeg } = await import("./openjpeg.ts");
    return decodeWithOpenJpeg(job.bytes, job.reduce);
  }
  if (job.codec === "jpeg-ls") {
    const { decodeWithCharLs } = await import("./charls.ts");
    return decodeWithCharLs(job.bytes);
  }
  const { inflateZstd } = await import("./zstd-frame.ts");
  try {
    const data = inflateZstd(job.bytes, job.length);
    return { ok: true, data, components: 0, spent: false };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message, spent: false };
  }
}

parentPort!.on("message", async (job: DecodeJob) => {
  const answer = await decode(job);
  parentPort!.postMessage(answer, answer.ok ? [answer.data] : []);
});
