import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paintSlide } from "../../samples/paint-slide.ts";
import { paintRegion } from "../../samples/painter/paint-region.ts";
import { makeSlideWorld } from "../../samples/painter/slide-world.ts";
import { PyramidWriter } from "../../samples/pyramid-writer.ts";
import { polygonArea } from "../../src/geometry.ts";
import { polygonFault } from "../../src/polygon-validity.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { drawTruth, polygonOf, readTruth } from "./truth.ts";

// Odd sides: levels do not halve evenly and border tiles are not full.
const [WIDTH, HEIGHT, MPP, SEED] = [1301, 777, 0.5, 6] as const;

describe("a painted slide", () => {
  let folder = "";
  let file = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "painted-"));
    file = join(folder, "small.tif");
    await paintSlide(
      { file, width: WIDTH, height: HEIGHT, mpp: MPP, seed: SEED, quality: 90 },
      () => {},
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("opens as a pyramid with its µm/px", async () => {
    const slide = await openSlide(file);
    expect(slide.size).toEqual({ width: WIDTH, height: HEIGHT });
    expect(slide.mpp?.x).toBeCloseTo(MPP, 6);
    expect(slide.levels.map((level) => level.size)).toEqual([
      { width: 1301, height: 777 },
      { width: 651, height: 389 },
      { width: 326, height: 195 },
    ]);
    await slide.close();
  });

  it("is read alike by libvips", async () => {
    const meta = await sharp(file).metadata();
    expect([meta.width, meta.height, meta.pages]).toEqual([WIDTH, HEIGHT, 3]);
    // sharp gives pixels an inch: 25,400 µm.
    expect(25_400 / meta.density!).toBeCloseTo(MPP, 2);
  });

  it("holds the world's pixels, up to what JPEG loses", async () => {
    const world = makeSlideWorld(SEED, WIDTH * MPP, HEIGHT * MPP);
    const box = { x: 470, y: 460, width: 220, height: 120 };
    const { rgb } = paintRegion(world, box, MPP);
    const slide = await openSlide(file);
    const stored = await slide.readRegion(0, box);
    await slide.close();
    let sum = 0;
    for (let i = 0; i < rgb.length; i++) sum += Math.abs(rgb[i]! - stored.data[i]!);
    expect(sum / rgb.length).toBeLessThan(5);
  });

  it("has truth that is valid, disjoint and equal to the painted labels to the last pixel", () => {
    const records = readTruth(join(folder, "small.nuclei.geojson.gz"));
    const whole = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
    // Throws where two outlines share a pixel.
    const drawn = drawTruth(records, whole);
    const areas = new Uint32Array(records.length + 1);
    for (const label of drawn) areas[label]!++;
    records.forEach((record, i) => {
      expect(polygonFault(polygonOf(record))).toBeNull();
      expect(polygonArea(polygonOf(record))).toBe(areas[i + 1]);
    });
    const world = makeSlideWorld(SEED, WIDTH * MPP, HEIGHT * MPP);
    const { labels } = paintRegion(world, whole, MPP);
    let wrong = 0;
    // Only where the slide's border cuts a nucleus in two may the lesser part be left out.
    for (let i = 0; i < labels.length; i++) if ((labels[i] === 0) !== (drawn[i] === 0)) wrong++;
    expect(wrong).toBeLessThan(20);
    expect(records.length).toBeGreaterThan(300);
  });
});

describe("PyramidWriter", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "pyramid-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const [width, height] = [600, 530];
  const rows = new Uint8Array(width * height * 3);
  for (let i = 0; i < rows.length; i++) rows[i] = (i % 3) * 60 + Math.floor(i / 9000) + 20;

  async function write(name: string, big: boolean, at: readonly number[]): Promise<string> {
    const path = join(folder, name);
    const spec = { width, height, tile: 256, quality: 90, mpp: 0.25, description: "test", big };
    const writer = await PyramidWriter.create(path, spec);
    let from = 0;
    for (const to of [...at, height]) {
      await writer.writeRows(rows.subarray(from * width * 3, to * width * 3), to - from);
      from = to;
    }
    await writer.close();
    return path;
  }

  it("writes the same file however the rows come", async () => {
    const once = readFileSync(await write("once.tif", false, []));
    const parts = readFileSync(await write("parts.tif", false, [1, 255, 256, 300, 529]));
    expect(parts.equals(once)).toBe(true);
  });

  it("writes BigTIFF with the same pixels as classic TIFF", async () => {
    const classic = await write("classic.tif", false, []);
    const big = await write("big.tif", true, []);
    expect(readFileSync(big).subarray(0, 4)).toEqual(Buffer.from([0x49, 0x49, 43, 0]));
    for (const page of [0, 1]) {
      const [a, b] = await Promise.all(
        [classic, big].map((path) => sharp(path, { page }).raw().toBuffer()),
      );
      expect(b!.equals(a!)).toBe(true);
    }
    const slide = await openSlide(big);
    expect(slide.mpp?.x).toBeCloseTo(0.25, 6);
    await slide.close();
  });

  it("refuses to close with rows missing", async () => {
    const path = join(folder, "short.tif");
    const spec = { width, height, tile: 256, quality: 90, mpp: 0.25, description: "", big: false };
    const writer = await PyramidWriter.create(path, spec);
    await writer.writeRows(rows, 100);
    await expect(writer.close()).rejects.toThrow("100 of 530 rows");
  });
});

describe("the paint command", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "paint-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const root = join(import.meta.dirname, "../..");
  function paint(...args: string[]): string {
    const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
    return execFileSync(process.execPath, [tsx, join(root, "samples/paint.ts"), ...args], {
      encoding: "utf8",
      stdio: "pipe",
    });
  }

  it("writes a training set whose parts are the same as the whole", async () => {
    const whole = join(folder, "whole");
    const part = join(folder, "part");
    paint("--out", whole, "--count", "2", "--size", "96", "--seed", "3");
    paint("--out", part, "--count", "1", "--first", "1", "--size", "96", "--seed", "3");
    for (const kind of ["images", "labels"]) {
      const name = join(kind, "000001.png");
      expect(readFileSync(join(part, name)).equals(readFileSync(join(whole, name)))).toBe(true);
    }
    const [head, ...lines] = readFileSync(join(whole, "index.tsv"), "utf8").trim().split("\n");
    expect(head!.split("\t")).toEqual([
      "image",
      "label",
      "width",
      "height",
      "instances",
      "mpp",
      "note",
    ]);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const [image, label, width, height, instances, mpp] = line.split("\t");
      expect([width, height, mpp]).toEqual(["96", "96", "0.25"]);
      const meta = await sharp(join(whole, label!)).metadata();
      expect([meta.width, meta.height, meta.depth, meta.channels]).toEqual([96, 96, "ushort", 1]);
      const raw = await sharp(join(whole, label!))
        .toColourspace("grey16")
        .raw({ depth: "ushort" })
        .toBuffer();
      const values = new Set(new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2));
      values.delete(0);
      expect(values.size).toBe(Number(instances));
      expect((await sharp(join(whole, image!)).metadata()).channels).toBe(3);
    }
  });

  it.each([
    { args: ["--out", "x", "--layer", "dots"], says: "nuclei or regions" },
    { args: ["--colour", "blue"], says: "--colour" },
  ])("refuses $args with status 2 and one clear line", ({ args, says }) => {
    let status = 0;
    let stderr = "";
    try {
      paint(...args);
    } catch (error) {
      ({ status, stderr } = error as { status: number; stderr: string });
    }
    expect(status).toBe(2);
    expect(stderr).toContain("error[usage]");
    expect(stderr).toContain(says);
  });
});
