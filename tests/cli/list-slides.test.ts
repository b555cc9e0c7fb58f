import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { listSlides } from "../../src/cli/list-slides.ts";
import { writeDicom } from "../tiler/write-dicom.ts";
import { scratchFolder } from "../tiler/write-slides.ts";

const root = scratchFolder();

async function list(path: string) {
  const stderr = new PassThrough();
  const items = await listSlides(path, { stderr });
  return { slides: items.map(({ slide }) => slide), said: String(stderr.read() ?? "") };
}

test("a folder of one DICOM series counts as one slide, itself or within", async () => {
  const series = join(root, "1.2.3");
  await mkdir(series);
  await mkdir(join(root, "empty"));
  for (const [name, side] of [
    ["1", 16],
    ["2", 8],
  ] as const) {
    await writeDicom(join(series, name), side, side, { pixels: Buffer.alloc(side * side * 3) });
  }
  expect(await list(series)).toEqual({ slides: [series], said: "" });
  await writeFile(join(root, "a.tif"), "");
  const { slides, said } = await list(root);
  expect(slides).toEqual([series, join(root, "a.tif")]);
  expect(said).toMatch(/^note: 1 entries .*: empty\n$/);
});

test("DICOM files of other kinds are named as passed over", async () => {
  const folder = join(root, "mixed");
  await mkdir(folder);
  await writeDicom(join(folder, "seg.dcm"), 8, 8, {
    elements: [["00080016", "UI", "1.2.840.10008.5.1.4.1.1.66.4"]],
  });
  await writeFile(join(folder, "a.png"), "");
  expect(await list(folder)).toEqual({
    slides: [join(folder, "a.png")],
    said: expect.stringContaining("seg.dcm"),
  });
});
