import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writePart } from "../../src/export/part-file.ts";
import { writeWhole } from "../../src/export/write-whole.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { streamOf } from "../export/objects.ts";
import { ABOUT } from "../store/objects/some-objects.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "microtome-unwritable-"));
  await writeFile(join(dir, "file"), "");
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function* bytes() {
  yield Buffer.from("x");
}

it.each([
  ["a whole file", (path: string) => writeWhole(path, bytes())],
  ["a mended file", (path: string) => writePart(path, (file) => file.append(Buffer.from("x")))],
  ["an objects file", (path: string) => writeObjects(streamOf([]), { path, about: ABOUT })],
])("of %s names the folder that does not exist, and what else is wrong", async (_, write) => {
  const folder = join(dir, "no");
  await expect(write(join(folder, "out.bin"))).rejects.toMatchObject({
    code: "output-unwritable",
    message: expect.stringContaining(`the folder ${folder} does not exist. Make it`),
  });
  await expect(write(join(dir, "file/out.bin"))).rejects.toMatchObject({
    code: "output-unwritable",
    message: expect.stringContaining("a part of the path is a file, not a folder: ENOTDIR"),
  });
});
