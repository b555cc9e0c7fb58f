import { createRequire } from "node:module";

interface Encoder {
  getDecodedBuffer(frame: Frame): Uint8Array;
  setQuality(reversible: boolean, ratio: number): void;
  setDecompositions(levels: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned: boolean;
}

/** A lossless JPEG 2000 codestream of interleaved samples, with two decompositions, by OpenJPEG's encoder. */
export async function writeJpeg2000(
  samples: Uint8Array | Uint16Array,
  width: number,
  height: number,
): Promise<Uint8Array> {
  const load = createRequire(import.meta.url)("@cornerstonejs/codec-openjpeg/wasmjs") as (
    options: object,
  ) => Promise<{ J2KEncoder: new () => Encoder }>;
  const encoder = new (await load({ print: () => {} })).J2KEncoder();
  const frame: Frame = {
    width,
    height,
    bitsPerSample: samples.BYTES_PER_ELEMENT * 8,
    componentCount: samples.length / (width * height),
    isSigned: false,
  };
  encoder
    .getDecodedBuffer(frame)
    .set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  encoder.setQuality(true, 0);
  encoder.setDecompositions(2);
  encoder.encode();
  const bytes = new Uint8Array(encoder.getEncodedBuffer());
  encoder.delete();
  return bytes;
}
