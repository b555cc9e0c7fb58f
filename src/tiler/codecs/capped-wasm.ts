import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { KEPT_WASM_BYTES, MAX_WASM_BYTES } from "../limits.ts";

const PAGE = 65_536;

/** A decoder of Emscripten's making whose memory is held to a cap. */
export class CappedWasm {
  #memory: WebAssembly.Memory | null = null;

  /** Emscripten's `instantiateWasm` for the file that `specifier` names. */
  instantiate(
    specifier: string,
    imports: WebAssembly.Imports,
    received: (instance: WebAssembly.Instance) => void,
  ): Record<string, never> {
    const path = createRequire(import.meta.url).resolve(specifier);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), imports);
    const memory = Object.values(instance.exports).find(
      (value) => value instanceof WebAssembly.Memory,
    )!;
    capMemory(memory);
    this.#memory = memory;
    received(instance);
    return {};
  }

  /** Whether it has grown so far that its thread should be replaced: memory is never given back. */
  get hasGrown(): boolean {
    return this.#memory !== null && this.#memory.buffer.byteLength > KEPT_WASM_BYTES;
  }
}

/** Emscripten's allocator asks the memory to grow and takes a refusal for "out of memory". */
function capMemory(capped: WebAssembly.Memory): void {
  const grow = capped.grow.bind(capped);
  capped.grow = (pages) => {
    if (capped.buffer.byteLength + pages * PAGE > MAX_WASM_BYTES) throw new RangeError("capped");
    return grow(pages);
  };
}
