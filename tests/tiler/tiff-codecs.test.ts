import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { yCbCrToRgb } from "../../src/tiler/codecs/ycbcr.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { writeJpeg2000 } from "./write-jpeg2000.ts";
import { busy, paint, scratchFolder } from "./write-slides.ts";
import { ASCII, type Directory, type Field, SHORT, writeTiff } from "./write-tiff.ts";

const folder = scratchFolder();
const [WIDTH, HEIGHT, TILE] = [96, 80, 48];
const pixels = paint(WIDTH, HEIGHT, busy);

/** The left and the right tile of the picture, one plane or all of it. */
function tiles(plane?: number): Uint8Array[] {
  return [0, TILE].map((left) => {
    const tile = paint(TILE, HEIGHT, (x, y) => busy(left + x, y));
    return plane === undefined ? tile : tile.filter((_, i) => i % 3 === plane);
  });
}

async function read(
  name: string,
  compression: number,
  blocks: readonly Uint8Array[],
  more: Readonly<Record<number, Field>> = {},
): Promise<RgbImage> {
  const path = join(folder, name);
  const directory: Directory = {
    tags: {
      256: [SHORT, [WIDTH]],
      257: [SHORT, [HEIGHT]],
      258: [SHORT, [8, 8, 8]],
      259: [SHORT, [compression]],
      262: [SHORT, [2]],
      277: [SHORT, [3]],
      322: [SHORT, [TILE]],
      323: [SHORT, [HEIGHT]],
      ...more,
    },
    blocks,
    blockTags: [324, 325],
  };
  await writeTiff(path, "classic", [directory]);
  const slide = await openSlide(path);
  try {
    return await slide.readRegion(0, { x: 0, y: 0, ...slide.size });
  } finally {
    await slide.close();
  }
}

const jpeg2000Tiles = await Promise.all(tiles().map((tile) => writeJpeg2000(tile, TILE, HEIGHT)));

describe("compressions that libvips does not decode, in files written here", () => {
  it("Aperio's JPEG 2000 in YCbCr (33003) comes out as OpenSlide 4.0.1 decodes it", async () => {
    const description =
      "Aperio Image Library\r\n96x80 [0,0 96x80] (48x80) J2K/YUV16 Q=70|AppMag = 20|MPP = 0.5";
    const found = await read("ycbcr.svs", 33003, jpeg2000Tiles, { 270: [ASCII, description] });
    // From tests/cases/slides/make-goldens.py, "aperio-ycbcr".
    expect(createHash("sha256").update(found.data).digest("hex")).toBe(
      "ba47d7dabfdb003e64f86c8194d1588f271ea72de47e086f67067841f6321661",
    );
  });

  it.each([33004, 33005, 34712])("JPEG 2000 in RGB (%i)", async (compression) => {
    const found = await read(`rgb-${compression}.tif`, compression, jpeg2000Tiles);
    expect(Buffer.compare(found.data, pixels)).toBe(0);
  });

  it("JPEG 2000 in JP2 boxes that say sYCC (34712)", async () => {
    const box = (type: string, content: Uint8Array): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(8 + content.length);
      head.write(type, 4, "latin1");
      return Buffer.concat([head, content]);
    };
    const wrapped = jpeg2000Tiles.map((codestream) =>
      Buffer.concat([
        box("jP  ", Uint8Array.of(13, 10, 0x87, 10)),
        box("jp2h", box("colr", Uint8Array.of(1, 0, 0, 0, 0, 0, 18))),
        box("jp2c", codestream),
      ]),
    );
    const found = await read("sycc.tif", 34712, wrapped);
    const expected = new Uint8Array(pixels);
    yCbCrToRgb(expected);
    expect(Buffer.compare(found.data, expected)).toBe(0);
  });
});

it("planes that are stored apart are put together", async () => {
  const blocks = [0, 1, 2].flatMap((plane) => tiles(plane));
  const found = await read("planes.tif", 1, blocks, { 284: [SHORT, [2]] });
  expect(Buffer.compare(found.data, pixels)).toBe(0);
});

it("of 16 bits the upper 8 are taken, with the predictor too", async () => {
  const wide = tiles().map((tile) => {
    const words = Uint16Array.from(tile, (value, i) => value * 256 + (i % 256));
    for (let row = 0; row < HEIGHT; row++) {
      const start = row * TILE * 3;
      for (let i = start + TILE * 3 - 1; i >= start + 3; i--) words[i] = words[i]! - words[i - 3]!;
    }
    return new Uint8Array(words.buffer);
  });
  const more: Record<number, Field> = { 258: [SHORT, [16, 16, 16]], 317: [SHORT, [2]] };
  const found = await read("sixteen.tif", 1, wide, more);
  expect(Buffer.compare(found.data, pixels)).toBe(0);
});

it("yCbCrToRgb is the transform of ITU-T T.871, rounded", () => {
  for (let seed = 1; seed < 200; seed++) {
    const [y, cb, cr] = [(seed * 97) % 256, (seed * 57) % 256, (seed * 31) % 256];
    const found = Uint8Array.of(y, cb, cr);
    yCbCrToRgb(found);
    const exact = [
      y + 1.402 * (cr - 128),
      y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
      y + 1.772 * (cb - 128),
    ].map((value) => Math.min(255, Math.max(0, value)));
    exact.forEach((value, i) => {
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(0.51);
    });
  }
});
