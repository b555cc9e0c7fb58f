import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { listDicomSlides, slideFiles } from "../../src/tiler/slide-files.ts";
import {
  type DicomChanges,
  dicomBytes,
  type Element,
  frame,
  framePosition,
  IMPLICIT,
  writeDicom,
} from "./write-dicom.ts";
import { writeJpeg2000 } from "./write-jpeg2000.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

const scratch = scratchFolder();
const newFolder = () => mkdtemp(join(scratch, "series-"));

/** The colour at the middle of each tile, rows top to bottom, of what a single file opens to. */
async function tileColors(width: number, height: number, changes: DicomChanges) {
  const path = join(await newFolder(), "slide.dcm");
  await writeDicom(path, width, height, changes);
  return colorsOf(path);
}

async function colorsOf(path: string, level = 0): Promise<number[][]> {
  const slide = await openSlide(path);
  try {
    const { width, height } = slide.levels[level]!.size;
    const { data } = await slide.readRegion(level, { x: 0, y: 0, width, height });
    const colors: number[][] = [];
    for (let y = 0; y < height; y += 8) {
      for (let x = 0; x < width; x += 8)
        colors.push([...data.subarray((y * width + x) * 3).subarray(0, 3)]);
    }
    return colors;
  } finally {
    await slide.close();
  }
}

const grey = (value: number) => [value, value, value];
const frames = (...values: readonly number[]) => Buffer.concat(values.map((value) => frame(value)));
const greyPixels = (...values: readonly number[]) =>
  Buffer.concat(values.map((value) => Buffer.alloc(64, value)));
const mono: readonly Element[] = [
  ["00280002", "US", 1],
  ["00280004", "CS", "MONOCHROME2"],
];

const RLE = "1.2.840.10008.1.2.5";

/** A frame of one colour: three segments, each one run of 64. PS3.5 Annex G. */
function rle(...colour: readonly [number, number, number]): Buffer {
  const words = Uint32Array.from({ length: 16 }, (_, i) => [3, 64, 66, 68][i] ?? 0);
  const runs = colour.flatMap((value) => [256 + 1 - 64, value]);
  return Buffer.concat([Buffer.from(words.buffer), Buffer.from(runs)]);
}

describe("a DICOM file", () => {
  it("says µm/px along both axes, and nothing of the patient", async () => {
    const path = join(await newFolder(), "slide.dcm");
    await writeDicom(path, 20, 8, { pixels: frames(1, 2, 3) });
    const slide = await openSlide(path);
    expect(slide).toMatchObject({
      vendor: "dicom",
      size: { width: 20, height: 8 },
      mpp: { x: 0.25, y: 0.5, source: "vendor" },
    });
    expect(JSON.stringify(slide)).not.toContain("Doe");
    await slide.close();
  });

  it.each([
    ["explicit", undefined],
    ["implicit", IMPLICIT],
  ])("reads raw frames, %s VR", async (_, syntax) => {
    const changes = { pixels: frames(10, 20, 30, 40), ...(syntax && { transferSyntax: syntax }) };
    expect(await tileColors(13, 11, changes)).toEqual([10, 20, 30, 40].map(grey));
  });

  it("reads colours stored a plane a channel, and YBR_FULL", async () => {
    const planes = Buffer.concat([
      Buffer.alloc(64, 10),
      Buffer.alloc(64, 20),
      Buffer.alloc(64, 30),
    ]);
    const planar: Element[] = [["00280006", "US", 1]];
    expect(await tileColors(8, 8, { elements: planar, pixels: planes })).toEqual([[10, 20, 30]]);
    const ybr: Element[] = [["00280004", "CS", "YBR_FULL"]];
    // 0.299, 0.587, 0.114 and the differences of ITU-R BT.601 give pure red.
    expect(await tileColors(8, 8, { elements: ybr, pixels: frame(76, 85, 255) })).toEqual([
      [254, 0, 0],
    ]);
  });

  it("shows grey through its window, turned over for MONOCHROME1", async () => {
    const shown = (elements: readonly Element[], pixels: Uint8Array) =>
      tileColors(24, 8, { elements: [...mono, ...elements], pixels });
    const three = greyPixels(0, 100, 255);
    expect(await shown([], three)).toEqual([0, 100, 255].map(grey));
    expect(await shown([["00280004", "CS", "MONOCHROME1"]], three)).toEqual(
      [255, 155, 0].map(grey),
    );
    const deep: Element[] = [
      ["00280100", "US", 16],
      ["00280101", "US", 12],
    ];
    const values = Uint16Array.from(
      { length: 192 },
      (_, i) => [0, 1050, 4095][Math.floor(i / 64)]!,
    );
    const pixels = new Uint8Array(values.buffer);
    expect(await shown(deep, pixels)).toEqual([0, 65, 255].map(grey));
    const window: Element[] = [
      ["00281050", "DS", "1000.5"],
      ["00281051", "DS", "201"],
    ];
    expect(await shown([...deep, ...window], pixels)).toEqual([0, 191, 255].map(grey));
  });

  it("reads palette colours", async () => {
    const table = (...values: readonly number[]) => new Uint8Array(Uint16Array.from(values).buffer);
    const palette: Element[] = [
      ["00280004", "CS", "PALETTE COLOR"],
      ...["1", "2", "3"].map((n): Element => [`0028110${n}`, "US", [3, 5, 16]]),
      ["00281201", "OW", table(0x1000, 0x2000, 0xff00)],
      ["00281202", "OW", table(0x1100, 0x2100, 0xff00)],
      ["00281203", "OW", table(0x1200, 0x2200, 0xff00)],
    ];
    const elements = [mono[0]!, ...palette];
    expect(await tileColors(24, 8, { elements, pixels: greyPixels(4, 6, 7) })).toEqual([
      [0x10, 0x11, 0x12],
      [0x20, 0x21, 0x22],
      [0xff, 0xff, 0xff],
    ]);
  });

  it("reads RLE, whose planes are apart", async () => {
    const changes = { transferSyntax: RLE, pixels: [new Uint8Array(0), rle(7, 8, 9)] };
    expect(await tileColors(8, 8, changes)).toEqual([[7, 8, 9]]);
  });

  it("reads JPEG 2000 and passes JPEG through with colours that any decoder sees", async () => {
    const j2k = await writeJpeg2000(frame(10, 20, 30), 8, 8);
    const changes = {
      transferSyntax: "1.2.840.10008.1.2.4.90",
      elements: [["00280004", "CS", "YBR_RCT"]] satisfies Element[],
      pixels: [new Uint8Array(0), j2k],
    };
    expect(await tileColors(8, 8, changes)).toEqual([[10, 20, 30]]);
    const jpeg = await rgb(paint(8, 8, busy), 8, 8)
      .jpeg({ quality: 90 })
      .toBuffer();
    const path = join(await newFolder(), "jpeg.dcm");
    await writeDicom(path, 8, 8, {
      transferSyntax: "1.2.840.10008.1.2.4.50",
      pixels: [new Uint8Array(0), jpeg],
    });
    const slide = await openSlide(path);
    const whole = { x: 0, y: 0, width: 8, height: 8 };
    const raw = await slide.readRawTile(0, 0, 0);
    const plain = join(scratch, "tile.jpg");
    await writeFile(plain, raw!.data);
    const tile = await openSlide(plain);
    expect((await tile.readRegion(0, whole)).data).toEqual((await slide.readRegion(0, whole)).data);
    await tile.close();
    await slide.close();
  });
});

describe("frames are found", () => {
  const [one, two] = [rle(1, 1, 1), rle(2, 2, 2)];
  const expected = [1, 2].map(grey);
  const colors = (elements: readonly Element[], ...pixels: readonly Uint8Array[]) =>
    tileColors(16, 8, { transferSyntax: RLE, elements, pixels });
  const words = (...values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer);

  it("by the basic offset table, fragments put together", async () => {
    const half = [one.subarray(0, 66), one.subarray(66)];
    const starts = words(0, 8 + 66 + 8 + one.length - 66);
    expect(await colors([], starts, ...half, two)).toEqual(expected);
  });

  it("by the extended offset table", async () => {
    const big = (...values: readonly bigint[]) =>
      new Uint8Array(BigUint64Array.from(values).buffer);
    const tables: Element[] = [
      ["7fe00001", "OV", big(0n, BigInt(8 + one.length))],
      ["7fe00002", "OV", big(BigInt(one.length), BigInt(two.length))],
    ];
    expect(await colors(tables, new Uint8Array(0), one, two)).toEqual(expected);
  });

  it("fragment by fragment, where there is no table or a wrong one", async () => {
    expect(await colors([], new Uint8Array(0), one, two)).toEqual(expected);
    expect(await colors([], words(0, 0), one, two)).toEqual(expected);
    await expect(colors([], new Uint8Array(0), one, two, two)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("3 fragments"),
    });
  });
});

describe("sparse frames", () => {
  const sparse = (...positions: readonly (readonly Element[])[]): Element[] => [
    ["00209311", "CS", "TILED_SPARSE"],
    ["00280008", "IS", String(positions.length)],
    ["52009230", "SQ", positions],
  ];

  it("lie where they say, and what is missing is white", async () => {
    const elements = sparse(framePosition(8, 8), framePosition(0, 0));
    for (const transferSyntax of [undefined, IMPLICIT]) {
      const changes = {
        elements,
        pixels: frames(10, 20),
        ...(transferSyntax && { transferSyntax }),
      };
      expect(await tileColors(16, 16, changes)).toEqual([20, 255, 255, 10].map(grey));
    }
  });

  it("are refused off the grid or outside", async () => {
    const open = (x: number) =>
      tileColors(16, 8, { elements: sparse(framePosition(x, 0)), pixels: frames(1) });
    await expect(open(4)).rejects.toMatchObject({ code: "unsupported-slide" });
    await expect(open(16)).rejects.toMatchObject({ code: "corrupt-slide" });
    await expect(open(-8)).rejects.toMatchObject({ code: "corrupt-slide" });
  });

  it("belong to the optical path that they name", async () => {
    const paths: Element = [
      "00480105",
      "SQ",
      ["a", "b"].map((id): Element[] => [["00480106", "SH", id]]),
    ];
    const elements = [
      ...mono,
      paths,
      ...sparse(framePosition(0, 0, "b"), framePosition(0, 0, "a")),
    ];
    expect(await tileColors(8, 8, { elements, pixels: greyPixels(40, 2) })).toEqual([[2, 40, 0]]);
    const path = join(await newFolder(), "channels.dcm");
    await writeDicom(path, 8, 8, { elements, pixels: greyPixels(40, 2) });
    const slide = await openSlide(path, { channel: "b" });
    expect(slide.channels).toMatchObject({
      shown: 1,
      all: [{ name: "a", window: null }, { name: "b" }],
    });
    const { data } = await slide.readRegion(0, { x: 0, y: 0, width: 1, height: 1 });
    expect([...data]).toEqual(grey(40));
    await slide.close();
    await expect(openSlide(path, { channel: "c" })).rejects.toMatchObject({ code: "usage" });
  });
});

describe("a folder of one series", () => {
  const series = async () => {
    const folder = await newFolder();
    await writeDicom(join(folder, "b"), 16, 16, { pixels: frames(1, 2, 3, 4) });
    await writeDicom(join(folder, "a"), 8, 8, { pixels: frames(9) });
    await writeDicom(join(folder, "c"), 8, 8, {
      elements: [["00080008", "CS", "ORIGINAL\\PRIMARY\\LABEL\\NONE"]],
      pixels: frames(7),
    });
    await writeFile(join(folder, "notes.txt"), "no DICOM");
    return folder;
  };

  it("is one slide, opened by itself or by any of its files", async () => {
    const folder = await series();
    for (const path of [folder, ...["a", "b", "c"].map((name) => join(folder, name))]) {
      const slide = await openSlide(path);
      expect(slide.path).toBe(path);
      expect(slide.associated).toEqual(["label"]);
      await slide.close();
      expect(await colorsOf(path, 0)).toEqual([1, 2, 3, 4].map(grey));
      expect(await colorsOf(path, 1)).toEqual([grey(9)]);
      expect((await slideFiles(path)).map((file) => basename(file)).sort()).toEqual(["a", "b"]);
    }
  });

  it("is told apart from other series, which are named", async () => {
    const folder = await series();
    await writeDicom(join(folder, "other.dcm"), 8, 8, {
      elements: [["0020000e", "UI", "9.9"]],
      pixels: frames(5),
    });
    await expect(openSlide(folder)).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringMatching(/2 DICOM slides.*other\.dcm/),
    });
    expect(await colorsOf(join(folder, "other.dcm"))).toEqual([grey(5)]);
  });

  it("is listed as one slide, several as a file of each, and what is none by name", async () => {
    const folder = await series();
    const names = ["a", "b", "c", "notes.txt"];
    expect(await listDicomSlides(folder, names)).toMatchObject({ slides: [folder], others: [] });
    await writeDicom(join(folder, "seg.dcm"), 8, 8, {
      elements: [["00080016", "UI", "1.2.840.10008.5.1.4.1.1.66.4"]],
    });
    await writeDicom(join(folder, "z.dcm"), 8, 8, {
      elements: [["0020000e", "UI", "9.9"]],
      pixels: frames(5),
    });
    expect(await listDicomSlides(folder, [...names, "seg.dcm", "z.dcm"])).toMatchObject({
      slides: [join(folder, "a"), join(folder, "z.dcm")],
      others: ["seg.dcm"],
    });
  });

  it("holds a level in several files, all of which must be there", async () => {
    const folder = await newFolder();
    const part = (number: number, first: number, ...values: readonly number[]): DicomChanges => ({
      elements: [
        ["00080018", "UI", `1.2.3.${number}`],
        ["00209161", "UI", "1.2.9"],
        ["00209162", "US", number],
        ["00209163", "US", 2],
        ["00209228", "UL", first],
        ["00280008", "IS", String(values.length)],
      ],
      pixels: frames(...values),
    });
    await writeDicom(join(folder, "2"), 32, 8, part(2, 3, 4));
    await expect(openSlide(folder)).rejects.toMatchObject({ code: "corrupt-slide" });
    await writeDicom(join(folder, "1"), 32, 8, part(1, 0, 1, 2, 3));
    expect(await colorsOf(folder)).toEqual([1, 2, 3, 4].map(grey));
  });

  it("may hold an optical path or a focal plane in each file", async () => {
    const folder = await newFolder();
    const file = (id: string, z: string, value: number): DicomChanges => ({
      elements: [
        ...mono,
        ["00080018", "UI", `1.2.3.${value}`],
        ["00480008", "SQ", [[["0040074a", "DS", z]]]],
        ["00480105", "SQ", [[["00480106", "SH", id]]]],
      ],
      pixels: greyPixels(value),
    });
    await writeDicom(join(folder, "1"), 8, 8, file("red", "1", 50));
    await writeDicom(join(folder, "2"), 8, 8, file("red", "0", 20));
    await writeDicom(join(folder, "3"), 8, 8, file("green", "0", 3));
    const slide = await openSlide(folder);
    expect(slide.associated).toEqual(["focal plane 2"]);
    await slide.close();
    expect(await colorsOf(folder)).toEqual([[20, 3, 0]]);
  });

  it("is refused where two files claim one level, unless one of them is named", async () => {
    const folder = await series();
    await writeDicom(join(folder, "d"), 8, 8, {
      elements: [["00080018", "UI", "7.7"]],
      pixels: frames(77),
    });
    await expect(openSlide(folder)).rejects.toMatchObject({ code: "unsupported-slide" });
    expect(await colorsOf(join(folder, "d"), 1)).toEqual([grey(77)]);
  });
});

it("a whole file is damaged wherever it is cut", async () => {
  const folder = await newFolder();
  const path = join(folder, "cut.dcm");
  const elements: Element[] = [["52009230", "SQ", [framePosition(0, 0), framePosition(8, 0)]]];
  const whole = dicomBytes(16, 8, { elements, pixels: frames(1, 2) });
  await mkdir(folder, { recursive: true });
  for (let keep = 132; keep < whole.length; keep += 17) {
    await writeFile(path, whole.subarray(0, keep));
    await expect(colorsOf(path)).rejects.toMatchObject({
      code: expect.stringMatching(/^(corrupt|unsupported)-slide$/),
    });
  }
});
