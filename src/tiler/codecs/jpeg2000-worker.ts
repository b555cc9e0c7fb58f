import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";
import createOpenJpeg, { type OpenJpeg } from "@cornerstonejs/codec-openjpeg/decodewasmjs";
import { KEPT_WASM_BYTES, MAX_WASM_BYTES } from "../limits.ts";

/** A codestream whose header has been checked, and how often to halve the picture. */
export interface Jpeg2000Job {
  readonly bytes: Uint8Array;
  readonly reduce: number;
}

/** Interleaved samples, of two bytes in the machine's order where they have more than 8 bits. */
export type Jpeg2000Answer =
  | {
      readonly ok: true;
      readonly data: ArrayBuffer;
      readonly components: number;
      readonly bits: number;
      /** The thread is not to be used again. */
      readonly spent: boolean;
    }
  | { readonly ok: false; readonly message: string; readonly spent: boolean };

const PAGE = 65_536;
/** What OpenJPEG said while it worked; the first line is the cause, the rest follow from it. */
const said: string[] = [];
let memory: WebAssembly.Memory | null = null;

const opened: Promise<OpenJpeg> = createOpenJpeg({
  print: (line) => said.push(line),
  printErr: (line) => said.push(line),
  instantiateWasm(imports, received) {
    const path = createRequire(import.meta.url).resolve("@cornerstonejs/codec-openjpeg/decodewasm");
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), imports);
    memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory)!;
    capMemory(memory);
    received(instance);
    return {};
  },
});

/** Emscripten's allocator asks the memory to grow and takes a refusal for "out of memory". */
function capMemory(capped: WebAssembly.Memory): void {
  const grow = capped.grow.bind(capped);
  capped.grow = (pages) => {
    if (capped.buffer.byteLength + pages * PAGE > MAX_WASM_BYTES) throw new RangeError("capped");
    return grow(pages);
  };
}

async function answer(job: Jpeg2000Job): Promise<Jpeg2000Answer> {
  said.length = 0;
  try {
    const decoder = new (await opened).J2KDecoder();
    try {
      decoder.getEncodedBuffer(job.bytes.length).set(job.bytes);
      decoder.decodeSubResolution(job.reduce, 0);
      const { buffer, byteLength } = decoder.getDecodedBuffer();
      if (byteLength === 0) return { ok: false, message: firstWords(), spent: hasGrown() };
      const { componentCount, bitsPerSample } = decoder.getFrameInfo();
      return {
        ok: true,
        data: buffer as ArrayBuffer,
        components: componentCount,
        bits: bitsPerSample,
        spent: hasGrown(),
      };
    } finally {
      decoder.delete();
    }
  } catch (error) {
    // A trap leaves the decoder's memory in no known state.
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, message: `the JPEG 2000 decoder failed: ${why}`, spent: true };
  }
}

function hasGrown(): boolean {
  return memory !== null && memory.buffer.byteLength > KEPT_WASM_BYTES;
}

function firstWords(): string {
  const line = said.find((words) => words.startsWith("[ERROR]")) ?? "it gave no reason";
  return `OpenJPEG: ${line.replace("[ERROR]", "").trim()}`;
}

parentPort!.on("message", async (job: Jpeg2000Job) => {
  const result = await answer(job);
  parentPort!.postMessage(result, result.ok ? [result.data] : []);
});
