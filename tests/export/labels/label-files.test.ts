import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { get, open } from "zarrita";
import type { ExportSubject } from "../../../src/export/format.ts";
import { LABEL_TIFF, OME_ZARR } from "../../../src/export/labels/formats.ts";
import type { Size } from "../../../src/geometry.ts";
import type { InstanceSource } from "../../../src/store/instance-source.ts";
import { openFileSource } from "../../../src/tiler/byte-source.ts";
import { Tiff } from "../../../src/tiler/tiff/structure.ts";
import { memorySource } from "../memory-source.ts";
import { NUCLEI, squareInstance } from "../objects.ts";
import { golden, goldenLabels, goldenMpp, goldenSource, halved, pictureKey } from "./goldens.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-labels-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function subject(objects: InstanceSource, size: Size = golden.slide): ExportSubject {
  return {
    objects,
    task: NUCLEI,
    slide: { name: "a.svs", ...size, mpp: 0.25, gridMpp: goldenMpp, bounds: null },
    model: "a < b",
    provenance: { runKey: "k" },
  };
}

/** By libvips; it repeats the one channel. */
async function readLevel(path: string, level: number) {
  const options = { limitInputPixels: false, ...(level === 0 ? {} : { subifd: level - 1 }) };
  const { data, info } = await sharp(path, options)
    .raw({ depth: "uint" })
    .toBuffer({ resolveWithObject: true });
  const all = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  const labels = all.filter((_, i) => i % info.channels === 0);
  return { labels, size: { width: info.width, height: info.height } };
}

/** Two objects far apart: most tiles are empty. */
const far = { width: 1600, height: 700 };
const sparse = memorySource(
  [0, 1500].map((x, n) =>
    squareInstance(n, {
      polygon: { outer: [x, 500, x + 40, 500, x + 40, 530, x, 530], holes: [] },
    }),
  ),
);
const goldenKey = pictureKey({ labels: goldenLabels(), size: golden.size });
const sparseLabels = new Uint32Array(1600 * 700);
for (let y = 500; y < 530; y++) {
  sparseLabels.fill(1, y * 1600, y * 1600 + 40);
  sparseLabels.fill(2, y * 1600 + 1500, y * 1600 + 1540);
}

describe("label-tiff", () => {
  it("is read by libvips pixel for pixel", async () => {
    const path = join(folder, "a.ome.tif");
    const files = await LABEL_TIFF.write(subject(goldenSource), { path });
    expect(pictureKey(await readLevel(path, 0))).toBe(goldenKey);
    expect(files).toEqual([
      { path, objects: 40, bytes: readFileSync(path).length },
      {
        path: `${path}.csv`,
        objects: 0,
        beside: true,
        bytes: readFileSync(`${path}.csv`).length,
      },
    ]);
    const lines = readFileSync(`${path}.csv`, "utf8").split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "label,id,class",
      "1,00000000-0000-5000-8000-000000000000,lymphocyte",
      "2,00000000-0000-5000-8000-000000000001,Nucleus",
    ]);
    expect(lines).toHaveLength(42);
  });

  it("keeps coarser levels in SubIFDs, and all empty tiles in one block", async () => {
    const path = join(folder, "a.ome.tif");
    await LABEL_TIFF.write(subject(sparse, far), { path, mpp: "slide" });
    const finest = await readLevel(path, 0);
    expect(pictureKey(finest)).toBe(pictureKey({ labels: sparseLabels, size: far }));
    const second = await readLevel(path, 1);
    expect(pictureKey(second)).toBe(pictureKey(halved(finest.labels, finest.size)));
    const third = await readLevel(path, 2);
    expect(pictureKey(third)).toBe(pictureKey(halved(second.labels, second.size)));
    const source = await openFileSource(path);
    const tiff = await Tiff.read(source);
    const [main] = tiff.directories;
    const offsets = await tiff.numbers(main!, 324);
    const counts = await tiff.numbers(main!, 325);
    const xml = await tiff.text(main!, 270);
    await source.close();
    expect(tiff.big).toBe(true);
    expect(tiff.directories).toHaveLength(1);
    expect(main!.subDirectories).toHaveLength(2);
    expect([offsets!.length, new Set(offsets).size]).toEqual([8, 7]);
    expect(Math.min(...counts!)).toBeGreaterThan(0);
    expect(xml).toContain('Type="uint32" SizeX="1600" SizeY="700"');
    expect(xml).toContain('PhysicalSizeX="0.25" PhysicalSizeXUnit="µm"');
    expect(xml).toContain('<M K="model">a &lt; b</M>');
  });

  it("gives the same bytes again, and leaves nothing where it fails", async () => {
    const [first, second] = [join(folder, "a.ome.tif"), join(folder, "b", "a.ome.tif")];
    await LABEL_TIFF.write(subject(goldenSource), { path: first });
    await expect(LABEL_TIFF.write(subject(goldenSource), { path: second })).rejects.toMatchObject({
      code: "output-unwritable",
    });
    const bytes = readFileSync(first);
    await LABEL_TIFF.write(subject(goldenSource), { path: first });
    expect(readFileSync(first).equals(bytes)).toBe(true);
    const broken: InstanceSource = {
      ...goldenSource,
      async *within() {
        yield* goldenSource.within({ x: 0, y: 0, width: 99, height: 99 });
        throw new Error("the disk is gone");
      },
    };
    const path = join(folder, "c.ome.tif");
    await expect(LABEL_TIFF.write(subject(broken), { path })).rejects.toThrow("the disk is gone");
    expect(readdirSync(folder).filter((name) => /part|^c\.ome\.tif$/.test(name))).toEqual([]);
  });

  it("writes an empty mask for a run without objects", async () => {
    const path = join(folder, "a.ome.tif");
    await LABEL_TIFF.write(subject(memorySource([])), { path });
    const { labels, size } = await readLevel(path, 0);
    expect([size, labels.some((label) => label !== 0)]).toEqual([golden.size, false]);
  });
});

/** A folder as a Zarr store. */
function storeOf(path: string) {
  return {
    async get(key: `/${string}`): Promise<Uint8Array | undefined> {
      return existsSync(path + key) ? new Uint8Array(await readFile(path + key)) : undefined;
    },
  };
}

async function readChunked(path: string, level: number) {
  const root = await open.v2(storeOf(path), { kind: "group" });
  const array = await open.v2(root.resolve(String(level)), { kind: "array" });
  const { data, shape } = await get(array);
  if (!(data instanceof Uint32Array)) throw new Error("the labels are not 32 bits");
  const size = { width: shape[1]!, height: shape[0]! };
  return { attrs: root.attrs, labels: data, size };
}

describe("ome-zarr", () => {
  it("is read by zarrita pixel for pixel, with what each label is", async () => {
    const path = join(folder, "a.ome.zarr");
    await OME_ZARR.write(subject(goldenSource), { path });
    const { attrs, ...picture } = await readChunked(path, 0);
    expect(pictureKey(picture)).toBe(goldenKey);
    expect(attrs).toMatchObject({
      multiscales: [
        {
          version: "0.4",
          axes: [{ name: "y", unit: "micrometer" }, { name: "x" }],
          datasets: [{ path: "0", coordinateTransformations: [{ scale: [goldenMpp, goldenMpp] }] }],
        },
      ],
      "image-label": { version: "0.4" },
      microtome: { notice: "for research use only", runKey: "k" },
    });
    const { properties } = attrs["image-label"] as { properties: object[] };
    expect(properties).toHaveLength(40);
    expect(properties[3]).toEqual({
      "label-value": 4,
      id: "00000000-0000-5000-8000-000000000003",
      class: "lymphocyte",
    });
    expect(existsSync(`${path}.csv`)).toBe(true);
  });

  it("leaves empty chunks out, and keeps every level", async () => {
    const path = join(folder, "a.zarr");
    await OME_ZARR.write(subject(sparse, far), { path, mpp: "slide" });
    const names = readdirSync(join(path, "0"), { recursive: true, encoding: "utf8" });
    const chunks = names.filter((name) => /\d[/\\]\d/.test(name));
    expect(chunks.sort()).toEqual(["0/0", "0/2", "0/3", "1/0", "1/2", "1/3"]);
    const finest = { labels: sparseLabels, size: far };
    expect(pictureKey(await readChunked(path, 0))).toBe(pictureKey(finest));
    const second = halved(sparseLabels, far);
    expect(pictureKey(await readChunked(path, 1))).toBe(pictureKey(second));
  });

  it("refuses to overwrite, and a folder that is not there", async () => {
    const path = join(folder, "a.zarr");
    writeFileSync(path, "mine");
    await expect(OME_ZARR.write(subject(goldenSource), { path })).rejects.toMatchObject({
      code: "output-unwritable",
      message: expect.stringContaining("exists already"),
    });
    expect(readFileSync(path, "utf8")).toBe("mine");
    await expect(
      OME_ZARR.write(subject(goldenSource), { path: join(folder, "b", "a.zarr") }),
    ).rejects.toMatchObject({ code: "output-unwritable" });
    expect(readdirSync(folder)).toEqual(["a.zarr"]);
  });
});
