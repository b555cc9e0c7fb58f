import { afterAll, describe, expect, it } from "vitest";
import { decodeJpeg2000 } from "../../../src/tiler/codecs/jpeg2000.ts";
import { readJpeg2000Header } from "../../../src/tiler/codecs/jpeg2000-header.ts";
import { closeLanes } from "../../../src/tiler/codecs/lanes.ts";
import { writeJpeg2000 } from "../write-jpeg2000.ts";
import { busy, paint } from "../write-slides.ts";

const WIDTH = 75;
const HEIGHT = 50;
const colour = paint(WIDTH, HEIGHT, busy);
const encoded = await writeJpeg2000(colour, WIDTH, HEIGHT);

afterAll(closeLanes);

/** The codestream with the two bytes at `at` of its SIZ marker segment (from its length on) overwritten. */
function altered(at: number, ...values: number[]): Uint8Array {
  const copy = new Uint8Array(encoded);
  copy.set(values, 4 + at);
  return copy;
}

describe("decodeJpeg2000", () => {
  it("gives back the samples of a lossless codestream, colour and 16-bit grey", async () => {
    const picture = await decodeJpeg2000(encoded);
    expect(picture).toMatchObject({ width: WIDTH, height: HEIGHT, components: 3, bits: 8 });
    expect(Buffer.compare(picture.data as Uint8Array, colour)).toBe(0);
    const grey = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i * 7919) % 65536);
    const deep = await decodeJpeg2000(await writeJpeg2000(grey, WIDTH, HEIGHT));
    expect(deep).toMatchObject({ components: 1, bits: 16, signed: false });
    expect(deep.data).toEqual(grey);
  });

  it("gives its smaller resolutions, and names how many there are", async () => {
    const half = await decodeJpeg2000(encoded, { reduce: 1 });
    expect([half.width, half.height, half.data.length]).toEqual([38, 25, 38 * 25 * 3]);
    await expect(decodeJpeg2000(encoded, { reduce: 3 })).rejects.toThrow(
      "can be halved 2 times, not 3",
    );
  });

  it("takes bytes that are a part of a larger buffer, and leaves them as they are", async () => {
    const buffer = new Uint8Array(encoded.length + 1000);
    buffer.set(encoded, 500);
    const part = buffer.subarray(500, 500 + encoded.length);
    const [one, two] = await Promise.all([decodeJpeg2000(part), decodeJpeg2000(part)]);
    expect(one.data).toEqual(two.data);
    expect(part).toEqual(encoded);
  });

  it.each([
    ["nothing", new Uint8Array(0), "no JPEG 2000 codestream"],
    ["a JPEG", Uint8Array.of(0xff, 0xd8, ...new Uint8Array(60)), "no JPEG 2000 codestream"],
    ["a header cut short", encoded.subarray(0, 48), "damaged or cut short"],
    ["no coding style", encoded.subarray(0, 51), "damaged or cut short"],
    ["a huge picture", altered(4, 0x00, 0xff, 0xff, 0xff), "samples decoded at once"],
    ["no width", altered(4, 0, 0, 0, 0), "claims 0×50 px"],
    ["a shifted origin", altered(12, 0, 0, 0, 1), "does not begin at 0,0"],
    ["tiles that are not there", altered(20, 0, 0, 0, 38, 0, 0, 0, 50), "2 tiles, of which 1 are"],
    [
      "a tile a sample",
      altered(4, 0, 0, 32, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1),
      "cut into 409600 tiles",
    ],
    ["12-bit colour", altered(38, 11, 1, 1, 11, 1, 1, 11, 1, 1), "12-bit"],
    ["mixed depths", altered(38, 7, 1, 1, 11, 1, 1, 7, 1, 1), "mixed depth"],
    ["subsampled luma", altered(38, 7, 2, 2, 7, 1, 1, 7, 1, 1), "at steps of 2×2"],
    ["half its bytes", encoded.subarray(0, encoded.length >> 1), "OpenJPEG: "],
  ])("refuses %s, saying so", async (_, bytes, words) => {
    await expect(decodeJpeg2000(bytes)).rejects.toThrow(words);
  });

  it("refuses more pixels than its caller expects", async () => {
    await expect(decodeJpeg2000(encoded, { maxPixels: 100 })).rejects.toThrow("at most 100 px");
  });

  it("ends in pixels or in an error, whatever byte is damaged, and works afterwards", async () => {
    let random = 1;
    const next = (): number => {
      random = (random * 48_271) % 2_147_483_647;
      return random;
    };
    for (let trial = 0; trial < 40; trial++) {
      const copy = new Uint8Array(encoded);
      // Half of them in the headers, where sizes and coding styles are.
      for (let i = 0; i < 3; i++) {
        copy[next() % (trial % 2 ? copy.length : 130)] = next() % 256;
      }
      const found = await decodeJpeg2000(copy).catch((error: unknown) => error);
      if (!(found instanceof Error))
        expect(found).toMatchObject({ components: expect.any(Number) });
    }
    expect((await decodeJpeg2000(encoded)).data).toEqual(colour);
  }, 120_000);

  it("reads the header without decoding", () => {
    expect(readJpeg2000Header(encoded)).toEqual({
      width: WIDTH,
      height: HEIGHT,
      components: 3,
      bits: 8,
      signed: false,
      subsampled: false,
      reductions: 2,
    });
  });
});
