import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import createOpenJpeg, { type OpenJpeg } from "@cornerstonejs/codec-openjpeg/decodewasmjs";
import { KEPT_WASM_BYTES, MAX_WASM_BYTES } from "../limits.ts";
import type { DecodeAnswer } from "./decode-worker.ts";

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

/**
 * Decodes a codestream whose header has been checked, `reduce` times halved: samples interleaved, of
 * two bytes in the machine's order where they have more than 8 bits. For a thread of its own.
 */
export async function decodeWithOpenJpeg(bytes: Uint8Array, reduce: number): Promise<DecodeAnswer> {
  said.length = 0;
  try {
    const decoder = new (await opened).J2KDecoder();
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      decoder.decodeSubResolution(reduce, 0);
      const { buffer, byteLength } = decoder.getDecodedBuffer();
      if (byteLength === 0) return { ok: false, message: firstWords(), spent: hasGrown() };
      return {
        ok: true,
        data: buffer as ArrayBuffer,
        components: decoder.getFrameInfo().componentCount,
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
