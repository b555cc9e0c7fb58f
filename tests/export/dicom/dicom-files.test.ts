import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import dicomParser, { type DataSet } from "dicom-parser";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportCommand } from "../../../src/cli/export.ts";
import { writeDicomAnn, writeDicomSeg } from "../../../src/export/dicom/formats.ts";
import type { ExportSubject } from "../../../src/export/format.ts";
import type { Instance } from "../../../src/merge/instance.ts";
import { type DicomOrigin, readDicomOrigin } from "../../../src/tiler/dicom/origin.ts";
import { madeFeatures, writeRun, writeSlide } from "../../server/support/made-run.ts";
import { type Element, writeDicom } from "../../tiler/write-dicom.ts";
import { memorySource } from "../memory-source.ts";
import { NUCLEI, squareInstance } from "../objects.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-dicom-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SIZE = { width: 1200, height: 700 };
const IDENTITY: readonly Element[] = [
  ["00080005", "CS", "ISO_IR 100"],
  ["00080020", "DA", "20240229"],
  ["00080050", "SH", "accession-A-17"],
  ["00100010", "PN", "M\xfcller^Jane"],
  ["00100020", "LO", "patient-4711"],
  ["00100030", "DA", "19500101"],
];

/** Two levels, 0.25 and 0.5 µm/px; nobody looks at their pixels. */
async function writeSource(): Promise<string> {
  const source = join(folder, "slide");
  mkdirSync(source);
  for (const shrink of [1, 2]) {
    const spacing = String((0.25 * shrink) / 1000);
    const elements: Element[] = [
      ...IDENTITY,
      ["0020000d", "UI", "1.2.9"],
      ["00200052", "UI", "1.2.7"],
      ["00201040", "LO", "SLIDE_CORNER"],
      [
        "00480008",
        "SQ",
        [
          [
            ["0040072a", "DS", "20.5"],
            ["0040073a", "DS", "40"],
          ],
        ],
      ],
      ["00480102", "DS", "0\\-1\\0\\-1\\0\\0"],
      ["52009229", "SQ", [[["00289110", "SQ", [[["00280030", "DS", `${spacing}\\${spacing}`]]]]]]],
    ];
    const pixels = new Uint8Array(8);
    const path = join(source, `${shrink}.dcm`);
    await writeDicom(path, SIZE.width / shrink, SIZE.height / shrink, { elements, pixels });
  }
  return source;
}

/** A rectangle of whole pixels. */
function rectangle(n: number, x: number, y: number, w: number, h: number, more = {}): Instance {
  return squareInstance(n, {
    polygon: { outer: [x, y, x + w, y, x + w, y + h, x, y + h], holes: [] },
    ...more,
  });
}

/** The third crosses a corner of four frames, the last lies under it. */
const OBJECTS = [
  rectangle(0, 10, 20, 30.25, 15.75, { areaUm2: 1.5 }),
  rectangle(1, 1100, 600, 100, 100, { areaUm2: 2.5, hematoxylinOd: Number.NaN }),
  rectangle(2, 500, 506, 20, 10, { classification: "lymphocyte" }),
  rectangle(3, 500, 500, 40, 20),
];

function subject(origin: DicomOrigin, objects: readonly Instance[] = OBJECTS): ExportSubject {
  return {
    objects: memorySource(objects),
    task: NUCLEI,
    slide: { name: "slide", ...SIZE, mpp: 0.25, gridMpp: 0.25, bounds: null },
    model: "made-for-tests",
    provenance: {},
    origin,
  };
}

function parse(path: string): DataSet {
  return dicomParser.parseDicom(new Uint8Array(readFileSync(path)));
}

function itemsOf(data: DataSet, tag: string): DataSet[] {
  return data.elements[tag]!.items!.map((item) => item.dataSet!);
}

function bytesOf(data: DataSet, tag: string): ArrayBuffer {
  const { dataOffset, length } = data.elements[tag]!;
  return new Uint8Array(data.byteArray.slice(dataOffset, dataOffset + length)).buffer;
}

/** Segment numbers on the whole level, put together of the frames. */
function paintFrames(data: DataSet): { width: number; at(x: number, y: number): number } {
  const [width, height] = [data.uint32("x00480006")!, data.uint32("x00480007")!];
  const [rows, columns] = [data.uint16("x00280010")!, data.uint16("x00280011")!];
  const pixels = new Uint8Array(width * height);
  const bits = new Uint8Array(bytesOf(data, "x7fe00010"));
  itemsOf(data, "x52009230").forEach((frame, f) => {
    const [place] = itemsOf(frame, "x0048021a");
    const [segment] = itemsOf(frame, "x0062000a");
    const left = place!.int32("x0048021e")! - 1;
    const top = place!.int32("x0048021f")! - 1;
    for (let i = 0; i < rows * columns; i++) {
      const at = f * rows * columns + i;
      if (((bits[at >> 3]! >> (at & 7)) & 1) === 0) continue;
      const [x, y] = [left + (i % columns), top + Math.floor(i / columns)];
      expect([x < width, y < height, pixels[y * width + x]]).toEqual([true, true, 0]);
      pixels[y * width + x] = segment!.uint16("x0062000b")!;
    }
  });
  return { width, at: (x, y) => pixels[y * width + x]! };
}

describe("dicom-seg", () => {
  it("marks the pixels of each class on the level that is asked for", async () => {
    const origin = await readDicomOrigin(await writeSource(), false);
    const path = join(folder, "seg.dcm");
    await writeDicomSeg(subject(origin), { path });
    const data = parse(path);
    expect(data.string("x00080016")).toBe("1.2.840.10008.5.1.4.1.1.66.4");
    expect(data.string("x00620001")).toBe("BINARY");
    expect(data.string("x0020000d")).toBe("1.2.9");
    expect(data.string("x00200052")).toBe("1.2.7");
    expect(data.string("x00280008")).toBe("9");
    const labels = itemsOf(data, "x00620002").map((segment) => segment.string("x00620005"));
    expect(labels).toEqual(["Nucleus", "lymphocyte"]);
    const { at } = paintFrames(data);
    expect([at(10, 20), at(39, 34), at(40, 34), at(39, 35), at(9, 20)]).toEqual([1, 1, 0, 1, 0]);
    expect([at(1199, 699), at(1100, 600), at(1099, 600)]).toEqual([1, 1, 0]);
    expect([at(500, 506), at(519, 515), at(520, 515), at(500, 505)]).toEqual([2, 2, 1, 1]);
    expect([at(511, 511), at(512, 512), at(539, 519), at(540, 519)]).toEqual([2, 2, 1, 0]);
    const last = itemsOf(data, "x52009230").at(-1)!;
    const [place] = itemsOf(last, "x0048021a");
    // 1024 px of 0.25 µm along −y, 512 px along −x.
    expect(Number(place!.string("x0040072a"))).toBeCloseTo(20.5 - 0.128, 9);
    expect(Number(place!.string("x0040073a"))).toBeCloseTo(40 - 0.256, 9);

    await writeDicomSeg(subject(origin), { path, mpp: 0.5 });
    const half = parse(path);
    expect([half.uint32("x00480006"), half.uint32("x00480007")]).toEqual([600, 350]);
    const [reference] = itemsOf(half, "x00082112");
    expect(reference!.string("x00081155")).toBe("1.2.3.600.350");
    const coarse = paintFrames(half);
    expect([coarse.at(250, 253), coarse.at(259, 252), coarse.at(599, 349)]).toEqual([2, 1, 1]);
    expect(readdirSync(folder).sort()).toEqual(["seg.dcm", "slide"]);
  });
});

describe("dicom-ann", () => {
  it("gives outlines and measurements back, a group a class", async () => {
    const origin = await readDicomOrigin(await writeSource(), false);
    const path = join(folder, "ann.dcm");
    const [file] = await writeDicomAnn(subject(origin), { path });
    expect(file).toEqual({ path, objects: 4, bytes: readFileSync(path).length });
    const data = parse(path);
    expect(data.string("x006a0001")).toBe("2D");
    const [nuclei, lymphocytes] = itemsOf(data, "x006a0002");
    expect(nuclei!.string("x006a0005")).toBe("Nucleus");
    expect(lymphocytes!.string("x006a0005")).toBe("lymphocyte");
    expect(nuclei!.uint32("x006a000c")).toBe(3);
    expect([...new Uint32Array(bytesOf(nuclei!, "x00660040"))]).toEqual([1, 9, 17]);
    expect([...new Float32Array(bytesOf(nuclei!, "x00660016"))]).toEqual(
      [0, 1, 3].flatMap((i) => [...OBJECTS[i]!.polygon.outer]),
    );
    const measured = itemsOf(nuclei!, "x00660121").map((one) => {
      const [values] = itemsOf(one, "x00660132");
      return {
        name: itemsOf(one, "x0040a043")[0]!.string("x00080104"),
        unit: itemsOf(one, "x004008ea")[0]!.string("x00080100"),
        values: [...new Float32Array(bytesOf(values!, "x00660125"))],
        of: values!.elements.x006a0011 ? [...new Uint32Array(bytesOf(values!, "x006a0011"))] : null,
      };
    });
    expect(measured[0]).toEqual({ name: "Area", unit: "um2", values: [1.5, 2.5, 6], of: null });
    expect(measured[5]).toMatchObject({ unit: "1", of: [1, 3] });
    expect(measured[5]!.values).toHaveLength(2);
  });

  it("keeps hundredths on wide slides, stays inside the slide and tells of holes", async () => {
    const origin = await readDicomOrigin(await writeSource(), false);
    const path = join(folder, "ann.dcm");
    const wide = { ...subject(origin).slide, width: 300_000 };
    const outline = [299_990.37, 0, 300_000.4, 0, 299_995.01, 10];
    const hole = [299_994, 1, 299_995, 2, 299_996, 1];
    const object = squareInstance(0, { polygon: { outer: outline, holes: [hole] } });
    const [file] = await writeDicomAnn({ ...subject(origin, [object]), slide: wide }, { path });
    expect(file!.note).toMatch(/^1 of the objects have holes/);
    const [group] = itemsOf(parse(path), "x006a0002");
    expect([...new Float64Array(bytesOf(group!, "x00660022"))]).toEqual(
      outline.map((value) => Math.min(value, 300_000)),
    );
  });
});

describe("whose slide it is", () => {
  it.each([
    ["stays out", false],
    ["goes along where asked for", true],
  ])("%s", async (_, keep) => {
    const origin = await readDicomOrigin(await writeSource(), keep);
    for (const write of [writeDicomSeg, writeDicomAnn]) {
      const path = join(folder, "out.dcm");
      await write(subject(origin), { path });
      const bytes = readFileSync(path);
      // Long enough that no digits of a random UID spell one.
      for (const secret of [
        "patient-4711",
        "20240229",
        "19500101",
        "accession-A-17",
        "Müller^Jane",
      ]) {
        expect([secret, bytes.includes(secret)]).toEqual([secret, keep]);
      }
      expect(parse(path).elements.x00100010!.length).toBe(keep ? 12 : 0);
    }
  });
});

const sink = { write: () => true } as unknown as NodeJS.WritableStream;
const terminal = { stdout: sink, stderr: sink, signal: new AbortController().signal };

it("is written from the run's slide, wherever it is now, but from no other", async () => {
  const slide = await writeSource();
  const run = join(folder, "runs", "slide.nuclei");
  await writeRun(run, slide, madeFeatures(3));
  const record = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
  record.slide = { ...record.slide, ...SIZE, vendor: "dicom" };
  writeFileSync(join(run, "run.json"), JSON.stringify(record));
  const out = join(folder, "out.dcm");
  const args = [run, "--format", "dicom-ann", "--out", out];
  expect(await exportCommand.run(args, terminal)).toBe(0);
  expect(itemsOf(parse(out), "x006a0002")).toHaveLength(2);
  rmSync(out);
  const moved = join(folder, "moved");
  renameSync(slide, moved);
  await expect(exportCommand.run(args, terminal)).rejects.toMatchObject({
    code: "input-not-found",
    message: expect.stringContaining("--slide PATH"),
  });
  expect(await exportCommand.run([...args, "--slide", join(moved, "2.dcm")], terminal)).toBe(0);
  expect(parse(out).string("x0020000d")).toBe("1.2.9");
  await writeDicom(join(moved, "1.dcm"), 1200, 700, { pixels: new Uint8Array(16) });
  await expect(exportCommand.run([...args, "--slide", moved], terminal)).rejects.toMatchObject({
    code: "input-not-found",
  });
});

describe("what cannot be written", () => {
  it("is a run without objects", async () => {
    const origin = await readDicomOrigin(await writeSource(), false);
    const path = join(folder, "out.dcm");
    for (const write of [writeDicomSeg, writeDicomAnn]) {
      await expect(write(subject(origin, []), { path })).rejects.toMatchObject({
        code: "fell-short",
      });
    }
    const speck = rectangle(0, 5.6, 5.6, 0.3, 0.3);
    await expect(writeDicomSeg(subject(origin, [speck]), { path })).rejects.toThrow(
      "no object covers the centre of a pixel",
    );
    expect(readdirSync(folder)).toEqual(["slide"]);
  });

  it("is a slide of another format, or with an option of another", async () => {
    const slide = join(folder, "a.tif");
    const run = join(folder, "a.nuclei");
    await writeSlide(slide, []);
    await writeRun(run, slide, madeFeatures(3));
    const args = [run, "--format", "dicom-seg", "--out", join(folder, "out.dcm")];
    await expect(exportCommand.run(args, terminal)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("is not DICOM"),
    });
    const mask = [run, "--format", "label-tiff", "--out", join(folder, "out.ome.tif")];
    await expect(exportCommand.run([...mask, "--keep-identity"], terminal)).rejects.toMatchObject({
      code: "usage",
    });
    expect(await exportCommand.run([...mask, "--mpp", "0.5"], terminal)).toBe(0);
    expect(readFileSync(join(folder, "out.ome.tif.csv"), "utf8").split("\n")).toHaveLength(5);
  });
});
