import createOpenJpeg, { type OpenJpeg } from "@cornerstonejs/codec-openjpeg/decodewasmjs";
import { CappedWasm } from "./capped-wasm.ts";
import type { DecodeAnswer } from "./decode-worker.ts";

/** What OpenJPEG said while it worked; the first line is the cause, the rest follow from it. */
const said: string[] = [];
const wasm = new CappedWasm();

const opened: Promise<OpenJpeg> = createOpenJpeg({
  print: (line) => said.push(line),
  printErr: (line) => said.push(line),
  instantiateWasm: (imports, received) =>
    wasm.instantiate("@cornerstonejs/codec-openjpeg/decodewasm", imports, received),
});

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
      if (byteLength === 0) return { ok: false, message: firstWords(), spent: wasm.hasGrown };
      return {
        ok: true,
        data: buffer as ArrayBuffer,
        components: decoder.getFrameInfo().componentCount,
        spent: wasm.hasGrown,
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

function firstWords(): string {
  const line = said.find((words) => words.startsWith("[ERROR]")) ?? "it gave no reason";
  return `OpenJPEG: ${line.replace("[ERROR]", "").trim()}`;
}
