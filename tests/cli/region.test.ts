import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { profiledTiff } from "../../src/tiler/color/profiled-tiff.ts";
import { COLOURS, PROFILES } from "../tiler/color/profiles.ts";
import { busy, paint, rgb } from "../tiler/write-slides.ts";
import { runCli } from "./run-cli.ts";

let dir: string;
let pyramid: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "microtome-region-"));
  pyramid = join(dir, "pyramid.tif");
  const picture = rgb(paint(256, 192, busy), 256, 192);
  const tiles = { tile: true, tileWidth: 64, tileHeight: 64, pyramid: true } as const;
  await picture.tiff({ ...tiles, compression: "deflate", xres: 2000, yres: 2000 }).toFile(pyramid);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs `microtome region` and gives the picture's RGB bytes and its one object on stdout. */
async function region(slide: string, name: string, ...more: string[]) {
  const out = join(dir, name);
  const ended = await runCli(["region", slide, "--out", out, "--json", ...more]);
  expect(ended.stderr).toBe("");
  expect(ended.status).toBe(0);
  const { data, info } = await sharp(await readFile(out))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, info, summary: JSON.parse(ended.stdout) as Record<string, unknown> };
}

test("level 0 as a PNG, white outside", { timeout: 120_000 }, async () => {
  const { data, summary } = await region(pyramid, "a.png", "--box", "-3,10,20,8");
  const white = [255, 255, 255] as const;
  const expected = paint(20, 8, (x, y) => (x < 3 ? white : busy(x - 3, y + 10)));
  expect(Buffer.compare(data, expected)).toBe(0);
  expect(summary).toMatchObject({ width: 20, height: 8, level: 0, mpp: { x: 0.5, y: 0.5 } });
});

test("the whole slide where no box is given", { timeout: 120_000 }, async () => {
  const [whole, boxed] = [
    await region(pyramid, "whole.png", "--mpp", "2"),
    await region(pyramid, "boxed.png", "--mpp", "2", "--box", "0,0,256,192"),
  ];
  expect(whole.summary).toMatchObject({
    width: 64,
    height: 48,
    box: { x: 0, y: 0, width: 256, height: 192 },
  });
  expect(Buffer.compare(whole.data, boxed.data)).toBe(0);
});

test("a level's own pixels, as a JPEG", { timeout: 120_000 }, async () => {
  const { info, summary } = await region(pyramid, "b.jpg", "--box", "0,0,256,192", "--level", "1");
  expect(summary).toMatchObject({ width: 128, height: 96, level: 1, mpp: { x: 1, y: 1 } });
  expect(info).toMatchObject({ width: 128, height: 96, channels: 3 });
  const bytes = await readFile(join(dir, "b.jpg"));
  expect([...bytes.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
});

test("colours by the ICC profile, with --icc alone", { timeout: 120_000 }, async () => {
  const slide = join(dir, "colours.tif");
  const { icc, srgb } = PROFILES.matrix!;
  const width = COLOURS.length / 3;
  await writeFile(slide, profiledTiff({ data: COLOURS, width, height: 1 }, icc));
  const box = ["--box", `0,0,${width},1`];
  const [stored, converted] = [
    await region(slide, "stored.png", ...box),
    await region(slide, "converted.png", ...box, "--icc"),
  ];
  expect(Buffer.compare(stored.data, COLOURS)).toBe(0);
  const differences = converted.data.map((value, i) => Math.abs(value - srgb[i]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  const noted = await runCli([
    "region",
    pyramid,
    "--box",
    "0,0,9,9",
    "--icc",
    "--out",
    join(dir, "n.png"),
  ]);
  expect(noted.stderr).toMatch(/^note: .*pyramid\.tif has no ICC profile/);
  expect(noted.status).toBe(0);
});
