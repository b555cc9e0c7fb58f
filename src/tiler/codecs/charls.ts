import createCharLs, { type CharLs } from "@cornerstonejs/codec-charls/decodewasmjs";
import { CappedWasm } from "./capped-wasm.ts";
import type { DecodeAnswer } from "./decode-worker.ts";

const wasm = new CappedWasm();

const opened: Promise<CharLs> = createCharLs({
  print: () => {},
  printErr: () => {},
  instantiateWasm: (imports, received) =>
    wasm.instantiate("@cornerstonejs/codec-charls/decodewasm", imports, received),
});

/**
 * Decodes a JPEG-LS picture whose header has been checked: samples as the scans have them, interleaved
 * or a plane a component. For a thread of its own.
 */
export async function decodeWithCharLs(bytes: Uint8Array): Promise<DecodeAnswer> {
  const charLs = await opened;
  try {
    const decoder = new charLs.JpegLSDecoder();
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      decoder.decode();
      const { componentCount } = decoder.getFrameInfo();
      const decoded = decoder.getDecodedBuffer();
      // CharLS itself brings lines that take turns into samples that do.
      const planar = componentCount > 1 && decoder.getInterleaveMode() === 0;
      return {
        ok: true,
        data: (planar ? interleaved(decoded, componentCount) : new Uint8Array(decoded)).buffer,
        components: componentCount,
        spent: wasm.hasGrown,
      };
    } finally {
      decoder.delete();
    }
  } catch (thrown) {
    const why =
      typeof thrown === "number" ? charLs.getExceptionMessage(thrown) : String(thrown as Error);
    // CharLS's own complaints are numbers; anything else leaves its memory in no known state.
    return { ok: false, message: `CharLS: ${why}`, spent: typeof thrown !== "number" };
  }
}

/** Samples of one byte, a plane a component, brought together. */
function interleaved(planes: Uint8Array, components: number): Uint8Array<ArrayBuffer> {
  const pixels = planes.length / components;
  const out = new Uint8Array(planes.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = planes[(i % components) * pixels + Math.floor(i / components)]!;
  }
  return out;
}
