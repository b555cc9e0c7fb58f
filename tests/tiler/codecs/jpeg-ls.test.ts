import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { decodeJpegLs } from "../../../src/tiler/codecs/jpeg-ls.ts";

interface Encoder {
  getDecodedBuffer(frame: object): Uint8Array;
  setInterleaveMode(mode: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
}

const SIZE = { width: 7, height: 5 };

/** Lossless JPEG-LS by CharLS's encoder: samples as the mode has them. */
async function encode(samples: Uint8Array, components: number, bits: number, mode: number) {
  const load = createRequire(import.meta.url)(
    "@cornerstonejs/codec-charls/wasmjs",
  ) as () => Promise<{
    JpegLSEncoder: new () => Encoder;
  }>;
  const encoder = new (await load()).JpegLSEncoder();
  const frame = { ...SIZE, bitsPerSample: bits, componentCount: components };
  encoder.getDecodedBuffer(frame).set(samples);
  encoder.setInterleaveMode(mode);
  encoder.encode();
  return new Uint8Array(encoder.getEncodedBuffer());
}

const busy = (length: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 3) * 11) & 255);
const rgb = { ...SIZE, components: 3, bits: 8 };

describe("JPEG-LS", () => {
  it("comes out interleaved, however its components take turns", async () => {
    const pixels = busy(105);
    const planes = pixels.map((_, i) => pixels[(i % 35) * 3 + Math.floor(i / 35)]!);
    expect(await decodeJpegLs(await encode(pixels, 3, 8, 2), rgb)).toEqual(pixels);
    expect(await decodeJpegLs(await encode(pixels, 3, 8, 1), rgb)).toEqual(pixels);
    expect(await decodeJpegLs(await encode(planes, 3, 8, 0), rgb)).toEqual(pixels);
  });

  it("keeps 16 bits", async () => {
    const bytes = busy(70);
    const expected = new Uint16Array(bytes.slice().buffer);
    const grey = { ...SIZE, components: 1, bits: 16 };
    expect(await decodeJpegLs(await encode(bytes, 1, 16, 0), grey)).toEqual(expected);
  });

  it("is refused where it is not what was expected, and where it is damaged", async () => {
    const bytes = await encode(busy(105), 3, 8, 2);
    await expect(decodeJpegLs(bytes, { ...rgb, width: 8 })).rejects.toThrow("width 7 where 8");
    await expect(decodeJpegLs(bytes, { ...rgb, components: 1 })).rejects.toThrow("components");
    await expect(decodeJpegLs(Uint8Array.of(1, 2, 3), rgb)).rejects.toThrow("no JPEG-LS stream");
    await expect(decodeJpegLs(bytes.subarray(0, 60), rgb)).rejects.toThrow("CharLS");
    // The next one finds a decoder that works.
    expect(await decodeJpegLs(bytes, rgb)).toEqual(busy(105));
  });
});
