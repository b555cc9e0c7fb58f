import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CorruptSlideError } from "../../src/errors.ts";
import { nameChannels, percentileWindow } from "../../src/tiler/channels.ts";
import { parseQptiffXml } from "../../src/tiler/formats/qptiff.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { OpenOptions, Slide } from "../../src/tiler/slide.ts";
import { detectTissue } from "../../src/tiler/tissue.ts";
import { scratchFolder } from "./write-slides.ts";
import { ASCII, type Directory, type Field, SHORT, writeTiff } from "./write-tiff.ts";

const folder = scratchFolder();
const [WIDTH, HEIGHT] = [40, 25];
/** 0 to 999, each once: the 0.1st and 99.9th percentile are 0 and 999. */
const ramp = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => i);
const fallen = ramp.map((value) => 999 - value);

function bytesOf(samples: Uint16Array | Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function directory(
  blocks: readonly Uint8Array[],
  description: string | null,
  more: Readonly<Record<number, Field>> = {},
): Directory {
  return {
    tags: {
      256: [SHORT, [WIDTH]],
      257: [SHORT, [HEIGHT]],
      258: [SHORT, [16]],
      259: [SHORT, [1]],
      262: [SHORT, [1]],
      277: [SHORT, [1]],
      278: [SHORT, [HEIGHT]],
      ...(description === null ? {} : { 270: [ASCII, description] as Field }),
      ...more,
    },
    blocks,
    blockTags: [273, 279],
  };
}

async function write(name: string, directories: readonly Directory[]): Promise<string> {
  const path = join(folder, name);
  await writeTiff(path, "classic", directories);
  return path;
}

async function withSlide<T>(
  path: string,
  options: OpenOptions,
  use: (slide: Slide) => Promise<T>,
): Promise<T> {
  const slide = await openSlide(path, options);
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

async function pixels(path: string, options: OpenOptions = {}, level = 0): Promise<Uint8Array> {
  return withSlide(path, options, async (slide) => {
    const { size } = slide.levels[level]!;
    return (await slide.readRegion(level, { x: 0, y: 0, ...size })).data;
  });
}

/** What a channel adds: (value − low) / (high − low) of its colour. */
function rgbOf(
  ...channels: readonly (readonly [ArrayLike<number>, readonly number[], number, number])[]
): Uint8Array {
  const out = new Uint8Array(channels[0]![0].length * 3);
  for (let i = 0; i < out.length; i++) {
    const sum = channels.reduce((total, [values, color, low, high]) => {
      const part = (values[Math.floor(i / 3)]! - low) / (high - low);
      return total + Math.min(1, Math.max(0, part)) * color[i % 3]!;
    }, 0);
    out[i] = Math.min(255, Math.floor(sum + 0.5));
  }
  return out;
}

const WHITE = [255, 255, 255];

const qpi = (kind: string, name: string, color: string): string =>
  `<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription><ImageType>${kind}</ImageType>
  <SlideID>secret</SlideID><Barcode>12345</Barcode><Name>${name}</Name><Color>${color}</Color><Objective>10x</Objective>
  <ScanProfile><root><ScanResolution><PixelSizeMicrons>0.5</PixelSizeMicrons><Magnification>20</Magnification>
  </ScanResolution></root></ScanProfile></PerkinElmer-QPI-ImageDescription>`;

const small = (values: Uint16Array): Uint16Array =>
  Uint16Array.from({ length: 20 * 12 }, (_, i) => values[Math.floor(i / 20) * 80 + (i % 20) * 2]!);
const half: Readonly<Record<number, Field>> = {
  256: [SHORT, [20]],
  257: [SHORT, [12]],
  278: [SHORT, [12]],
};

describe("QPTIFF", async () => {
  const path = await write("fluorescence.qptiff", [
    directory([bytesOf(ramp)], qpi("FullResolution", "DAPI", "0,0,255")),
    directory([bytesOf(fallen)], qpi("FullResolution", "Cy5", "255,128,0")),
    directory([bytesOf(small(ramp))], qpi("Thumbnail", "", ""), half),
    directory([bytesOf(small(ramp))], qpi("ReducedResolution", "DAPI", "0,0,255"), half),
    directory([bytesOf(small(fallen))], qpi("ReducedResolution", "Cy5", "255,128,0"), half),
    directory([bytesOf(small(ramp))], qpi("Label", "", ""), half),
  ]);
  // Measured on the coarser level, which holds every second value of every second row.
  const low = Math.min(...small(ramp));
  const high = Math.max(...small(ramp));
  const [fallenLow, fallenHigh] = [999 - high, 999 - low];

  it("gives channels, levels, µm/px and objective, and names the rest without reading it", async () => {
    await withSlide(path, {}, async (slide) => {
      expect(slide).toMatchObject({
        vendor: "akoya",
        mpp: { x: 0.5, y: 0.5, source: "vendor" },
        objectivePower: 20,
        associated: ["label", "thumbnail"],
      });
      expect(slide.levels.map(({ size }) => size.width)).toEqual([40, 20]);
      expect(slide.channels).toEqual({
        shown: "composite",
        all: [
          { index: 0, name: "DAPI", color: [0, 0, 255], window: { low, high } },
          {
            index: 1,
            name: "Cy5",
            color: [255, 128, 0],
            window: { low: fallenLow, high: fallenHigh },
          },
        ],
      });
      expect(JSON.stringify(slide)).not.toMatch(/secret|12345/);
    });
  });

  it("adds the channels in their colours", async () => {
    const expected = rgbOf(
      [ramp, [0, 0, 255], low, high],
      [fallen, [255, 128, 0], fallenLow, fallenHigh],
    );
    expect(await pixels(path)).toEqual(expected);
  });

  it.each([1, "1", "cy5", "Cy5"])(
    "shows one channel as grey, on every level: %j",
    async (channel) => {
      expect(await pixels(path, { channel })).toEqual(
        rgbOf([fallen, WHITE, fallenLow, fallenHigh]),
      );
      const coarse = await pixels(path, { channel }, 1);
      expect(coarse).toEqual(rgbOf([small(fallen), WHITE, fallenLow, fallenHigh]));
    },
  );

  it.each([2, "GFP", -1])(
    "names the channels there are where there is none: %j",
    async (channel) => {
      await expect(openSlide(path, { channel })).rejects.toMatchObject({
        code: "usage",
        message: expect.stringContaining("0 (DAPI), 1 (Cy5)"),
      });
    },
  );

  it("brightfield is a picture, and has no channel to choose", async () => {
    const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 31) % 256);
    const bright = await write("brightfield.qptiff", [
      directory([rgb], qpi("FullResolution", "", ""), {
        258: [SHORT, [8, 8, 8]],
        262: [SHORT, [2]],
        277: [SHORT, [3]],
      }),
    ]);
    expect(await pixels(bright)).toEqual(rgb);
    await expect(openSlide(bright, { channel: 1 })).rejects.toMatchObject({ code: "usage" });
  });

  it("keeps of its XML what a picture needs", () => {
    const tiff = { corrupt: (what: string) => new CorruptSlideError(what) };
    expect(parseQptiffXml(tiff, qpi("FullResolution", "DAPI", "0,0,255"))).toEqual({
      kind: "FullResolution",
      name: "DAPI",
      color: [0, 0, 255],
      objectivePower: 20,
      mpp: 0.5,
    });
    expect(() => parseQptiffXml(tiff, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')).toThrow(
      CorruptSlideError,
    );
  });
});

describe("OME-TIFF", () => {
  const ome = (pixels: string, inner: string): string =>
    `<OME><Image ID="Image:0"><AcquisitionDate>2020-02-02T02:02:02</AcquisitionDate><Pixels ID="p" SizeX="40" SizeY="25" ${pixels}>${inner}</Pixels></Image></OME>`;
  const channel = (name: string, color = ""): string =>
    `<Channel ID="c" Name="${name}" SamplesPerPixel="1" ${color}/>`;
  const flat = (value: number): Uint8Array => bytesOf(new Uint16Array(WIDTH * HEIGHT).fill(value));

  it("finds a plane by its order, of a focus series the one in the middle", async () => {
    // XYZCT: the three planes of a channel follow one another.
    const xml = ome(
      'DimensionOrder="XYZCT" SizeC="2" SizeZ="3" SizeT="1" Type="uint16"',
      `${channel("a", 'Color="16711935"')}${channel("b", 'Color="-16776961"')}<TiffData/>`,
    );
    const path = await write("order.ome.tif", [
      ...[flat(1), bytesOf(ramp), flat(2), flat(3), bytesOf(fallen), flat(4)].map((block, i) =>
        directory([block], i === 0 ? xml : null),
      ),
    ]);
    const expected = rgbOf([ramp, [0, 255, 0], 0, 999], [fallen, [255, 0, 0], 0, 999]);
    expect(await pixels(path)).toEqual(expected);
  });

  it("finds a plane by TiffData, in whatever order", async () => {
    const xml = ome(
      'DimensionOrder="XYCZT" SizeC="2" SizeZ="1" SizeT="1" Type="uint16"',
      `${channel("a")}${channel("b")}<TiffData IFD="1" FirstC="0"/><TiffData IFD="0" FirstC="1" PlaneCount="1"/>`,
    );
    const path = await write("tiffdata.ome.tif", [
      directory([bytesOf(ramp)], xml),
      directory([bytesOf(fallen)], null),
    ]);
    expect(await pixels(path, { channel: "b" })).toEqual(rgbOf([ramp, WHITE, 0, 999]));
    // Without colours of their own: red, then green.
    const expected = rgbOf([fallen, [255, 0, 0], 0, 999], [ramp, [0, 255, 0], 0, 999]);
    expect(await pixels(path)).toEqual(expected);
  });

  it("reads channels that are the samples of a pixel, together or in planes", async () => {
    const xml = ome(
      'DimensionOrder="XYCZT" SizeC="2" SizeZ="1" SizeT="1" Type="uint16"',
      '<Channel ID="c" Name="two" SamplesPerPixel="2"/>',
    );
    const both = Uint16Array.from({ length: 2000 }, (_, i) => (i % 2 ? fallen : ramp)[i >> 1]!);
    const tags: Record<number, Field> = { 277: [SHORT, [2]], 258: [SHORT, [16, 16]] };
    const together = await write("together.ome.tif", [directory([bytesOf(both)], xml, tags)]);
    const apart = await write("apart.ome.tif", [
      directory([bytesOf(ramp), bytesOf(fallen)], xml, { ...tags, 284: [SHORT, [2]] }),
    ]);
    for (const path of [together, apart]) {
      expect(await pixels(path, { channel: 1 })).toEqual(rgbOf([fallen, WHITE, 0, 999]));
    }
    expect(await pixels(together)).toEqual(await pixels(apart));
  });

  it("windows floating point, and passes over what is no number", async () => {
    const values = Float32Array.from(ramp, (value) => value / 1000 - 0.25);
    values[500] = Number.NaN;
    const xml = ome('SizeC="1" SizeZ="1" SizeT="1" Type="float"', channel("f"));
    const path = await write("float.ome.tif", [
      directory([bytesOf(values)], xml, { 258: [SHORT, [32]], 339: [SHORT, [3]] }),
    ]);
    const found = await pixels(path, { channel: 0 });
    const expected = rgbOf([values, WHITE, values[0]!, values[999]!]);
    expected.fill(0, 1500, 1503);
    expect(found).toEqual(expected);
  });

  it("refuses planes that lie in other files, and channels that lie nowhere", async () => {
    const data = (file: string, ifd: number): string =>
      `<TiffData IFD="${ifd}" FirstC="${ifd}"><UUID FileName="${file}">u</UUID></TiffData>`;
    const sizes = 'DimensionOrder="XYCZT" SizeC="2" SizeZ="1" SizeT="1" Type="uint16"';
    const spread = await write("spread.ome.tif", [
      directory([bytesOf(ramp)], ome(sizes, data("a.tif", 0) + data("b.tif", 1))),
    ]);
    await expect(openSlide(spread)).rejects.toMatchObject({ code: "unsupported-slide" });
    const lost = await write("lost.ome.tif", [
      directory([bytesOf(ramp)], ome(sizes, data("a.tif", 0) + data("a.tif", 1))),
    ]);
    await expect(openSlide(lost)).rejects.toMatchObject({ code: "corrupt-slide" });
    // Every channel would lie in the one directory that there is.
    const places = Array.from({ length: 300 }, (_, c) => `<TiffData IFD="0" FirstC="${c}"/>`);
    const many = await write("many.ome.tif", [
      directory([bytesOf(ramp)], ome(sizes.replace('"2"', '"1000000000"'), places.join(""))),
    ]);
    await expect(openSlide(many)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("more than 256"),
    });
  });

  it("counts as tissue everywhere: its background is dark", async () => {
    const xml = ome('SizeC="1" SizeZ="1" SizeT="1" Type="uint16"', channel("f"));
    const path = await write("dark.ome.tif", [directory([bytesOf(ramp)], xml)]);
    await withSlide(path, {}, async (slide) => {
      expect((await detectTissue(slide)).areaPx).toBe(WIDTH * HEIGHT);
    });
  });
});

describe("channels", () => {
  it("a window leaves a thousandth on either side, and is never without width", () => {
    const values = Float64Array.from({ length: 2001 }, (_, i) => 2000 - i);
    expect(percentileWindow(values)).toEqual({ low: 2, high: 1998 });
    expect(percentileWindow(Float64Array.of(7, 7, 7))).toEqual({ low: 7, high: 8 });
    expect(percentileWindow(new Float64Array(0))).toEqual({ low: 0, high: 1 });
  });

  it("a colour that all channels share is none", () => {
    const white = [255, 255, 255] as const;
    const stated = { name: null, color: white };
    expect(nameChannels([stated, stated]).map(({ color }) => color)).toEqual([
      [255, 0, 0],
      [0, 255, 0],
    ]);
    expect(nameChannels([stated])[0]).toEqual({ index: 0, name: "channel 0", color: white });
  });
});
