/** What is used of WebAssembly's JavaScript interface: Node's own types leave its values out. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;

  class Memory {
    readonly buffer: ArrayBuffer;
    grow: (pages: number) => number;
  }

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
}
