/** What is used of @cornerstonejs/codec-charls: Emscripten's build of CharLS's decoder. */
declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  export interface JpegLsDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    getDecodedBuffer(): Uint8Array;
    /** Throws a number, for `getExceptionMessage`. */
    decode(): void;
    getFrameInfo(): { readonly componentCount: number };
    /** 0: a plane a component; 1: a line of each in turn; 2: a sample of each in turn. */
    getInterleaveMode(): number;
    delete(): void;
  }

  export interface CharLs {
    readonly JpegLSDecoder: new () => JpegLsDecoder;
    getExceptionMessage(thrown: number): string;
  }

  export interface CharLsOptions {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
    readonly instantiateWasm: (
      imports: WebAssembly.Imports,
      received: (instance: WebAssembly.Instance) => void,
    ) => Record<string, never>;
  }

  export default function createCharLs(options: CharLsOptions): Promise<CharLs>;
}
