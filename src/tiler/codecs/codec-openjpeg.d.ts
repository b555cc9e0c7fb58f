/** What is used of @cornerstonejs/codec-openjpeg: Emscripten's build of OpenJPEG's decoder. */
declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  export interface J2KDecoder {
    getEncodedBuffer(length: number): Uint8Array;
    /** A copy of the samples; empty where decoding failed. */
    getDecodedBuffer(): Uint8ClampedArray;
    decode(): void;
    /** `level` times halved; `layer` 0 means all quality layers. */
    decodeSubResolution(level: number, layer: number): void;
    getFrameInfo(): {
      readonly width: number;
      readonly height: number;
      readonly bitsPerSample: number;
      readonly componentCount: number;
      readonly isSigned: boolean;
    };
    delete(): void;
  }

  export interface OpenJpeg {
    readonly J2KDecoder: new () => J2KDecoder;
  }

  export interface OpenJpegOptions {
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
    readonly instantiateWasm: (
      imports: WebAssembly.Imports,
      received: (instance: WebAssembly.Instance) => void,
    ) => Record<string, never>;
  }

  export default function createOpenJpeg(options: OpenJpegOptions): Promise<OpenJpeg>;
}
