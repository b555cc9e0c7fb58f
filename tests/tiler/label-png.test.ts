import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLabelPng } from "../../src/tiler/label-png.ts";

const CASES = new URL("../cases/evaluate/", import.meta.url).pathname;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-label-png-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("16-bit numbers above 255 and 32767 survive (PNG written by Pillow)", async () => {
  const image = await readLabelPng(join(CASES, "labels-16bit.png"));
  expect([image.width, image.height]).toEqual([4, 3]);
  expect([...image.data]).toEqual([0, 1, 2, 254, 255, 256, 300, 32767, 32768, 40000, 65534, 65535]);
});

test("8-bit numbers are not stretched to 16 bits (PNG written by Pillow)", async () => {
  const image = await readLabelPng(join(CASES, "labels-8bit.png"));
  expect([...image.data]).toEqual([0, 1, 2, 3, 127, 128, 200, 255]);
});

test("what is not a grey PNG is refused by name", async () => {
  const colour = join(folder, "colour.png");
  await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
    .png()
    .toFile(colour);
  const text = join(folder, "text.png");
  await writeFile(text, "not a picture");
  const cut = join(folder, "cut.png");
  const whole = await readFile(join(CASES, "labels-16bit.png"));
  await writeFile(cut, whole.subarray(0, 50));
  for (const file of [colour, text, cut]) {
    await expect(readLabelPng(file)).rejects.toMatchObject({
      code: "corrupt-file",
      message: expect.stringContaining(file),
    });
  }
  await expect(readLabelPng(join(folder, "absent.png"))).rejects.toMatchObject({
    code: "input-not-found",
  });
});
