import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { convertToSrgb } from "../../../src/tiler/color/convert-to-srgb.ts";
import { readIccFacts } from "../../../src/tiler/color/icc-profile.ts";
import { profiledTiff } from "../../../src/tiler/color/profiled-tiff.ts";
import { openSlide } from "../../../src/tiler/open-slide.ts";
import type { Slide } from "../../../src/tiler/slide.ts";
import { busy, paint, rgb, scratchFolder } from "../write-slides.ts";
import { COLOURS, PROFILES } from "./profiles.ts";

const folder = scratchFolder();
const width = COLOURS.length / 3 / 3;

/** The colours of the cases as a slide of three rows with a profile inside. */
async function openColours(name: string, profile: Uint8Array): Promise<Slide> {
  const path = join(folder, `${name}.tif`);
  await writeFile(path, profiledTiff({ data: COLOURS, width, height: 3 }, profile));
  return openSlide(path);
}

function greatestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("colours converted by a profile are Little CMS's", () => {
  it.each(Object.entries(PROFILES))("%s", async (name, { icc, srgb }) => {
    const stored = await openColours(name, icc);
    const slide = await convertToSrgb(stored);
    const box = { x: 0, y: 0, width, height: 3 };
    const found = (await slide.readRegion(0, box)).data;
    expect(greatestDifference(found, srgb)).toBeLessThanOrEqual(1);
    // Unasked, nothing is converted.
    expect(greatestDifference((await stored.readRegion(0, box)).data, COLOURS)).toBe(0);
    if (name !== "srgb") expect(greatestDifference(found, COLOURS)).toBeGreaterThan(50);
    await slide.close();
  });
});

describe("a converted slide", () => {
  it("agrees in every cut, and is white outside", async () => {
    const { icc, srgb } = PROFILES.scanner!;
    const slide = await convertToSrgb(await openColours("cuts", icc));
    const region = await slide.readRegion(0, { x: -2, y: 1, width: 9, height: 4 });
    const expected = paint(9, 4, (x, y) => {
      const inside = x >= 2 && y < 2;
      const at = ((y + 1) * width + x - 2) * 3;
      return inside ? [srgb[at]!, srgb[at + 1]!, srgb[at + 2]!] : [255, 255, 255];
    });
    expect(greatestDifference(region.data, expected)).toBeLessThanOrEqual(1);
    const away = await slide.readRegion(0, { x: width + 5, y: 0, width: 4, height: 4 });
    expect(away.data.every((value) => value === 255)).toBe(true);
    await slide.close();
  });

  it("passes no stored tile on, and is made once", async () => {
    const path = join(folder, "tiles.tif");
    const picture = rgb(paint(64, 64, busy), 64, 64).withIccProfile("p3");
    await picture
      .tiff({ tile: true, tileWidth: 32, tileHeight: 32, compression: "jpeg" })
      .toFile(path);
    const stored = await openSlide(path);
    expect(await stored.readRawTile(0, 0, 0)).not.toBeNull();
    const slide = await convertToSrgb(stored);
    expect(await slide.readRawTile(0, 0, 0)).toBeNull();
    expect(await convertToSrgb(stored)).toBe(slide);
    expect(await convertToSrgb(slide)).toBe(slide);
    await slide.close();
  });

  it("is the slide itself where it has no profile", async () => {
    const path = join(folder, "none.png");
    await rgb(paint(8, 8, busy), 8, 8).toFile(path);
    const slide = await openSlide(path);
    expect(await convertToSrgb(slide)).toBe(slide);
    await slide.close();
  });
});

describe("a profile that cannot be used is an error where it is asked for, and nowhere else", () => {
  const scanner = PROFILES.scanner!.icc;
  const edited = (edit: (icc: Uint8Array) => void): Uint8Array => {
    const copy = scanner.slice();
    edit(copy);
    return copy;
  };
  const damaged: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    empty: [new Uint8Array(0), /0 bytes/],
    text: [new TextEncoder().encode("not a profile ".repeat(20)), /no ICC signature/],
    cut: [scanner.slice(0, 800), /says \d+ bytes and has 800/],
    "many-tags": [
      edited((icc) => icc.set([0xff, 0xff, 0xff, 0xff], 128)),
      /claims 4294967295 tags/,
    ],
    "tag-away": [edited((icc) => icc.set([0x7f, 0, 0, 0], 136)), /beyond its end/],
    cmyk: [edited((icc) => icc.set(new TextEncoder().encode("CMYK"), 16)), /for CMYK colours/],
    "no-table": [
      edited((icc) => icc.set(new TextEncoder().encode("A2Bx"), 132 + 36)),
      /perceptual/,
    ],
  };
  it.each(Object.entries(damaged))("%s", async (name, [icc, why]) => {
    const slide = await openColours(`damaged-${name}`, icc);
    expect((await slide.readRegion(0, { x: 0, y: 0, width: 4, height: 1 })).data).toEqual(
      COLOURS.slice(0, 12),
    );
    await expect(convertToSrgb(slide)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringMatching(why),
    });
    await slide.close();
  });
});

describe("readIccFacts", () => {
  it.each(Object.entries(PROFILES))("names %s as Little CMS does", (_, { icc, description }) => {
    expect(readIccFacts(icc)).toEqual({ description, space: "RGB", damage: null });
  });

  it("takes any bytes", () => {
    const { icc } = PROFILES.srgb!;
    for (let i = 0; i < icc.length; i++) {
      const copy = icc.slice();
      copy[i] = 255 - copy[i]!;
      expect(readIccFacts(copy).description.length).toBeLessThanOrEqual(200);
      readIccFacts(icc.subarray(0, i));
    }
  });
});
