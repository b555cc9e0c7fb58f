import { join } from "node:path";
import { expect, test } from "vitest";
import { slideFiles } from "../../../src/tiler/slide-files.ts";
import { busy, scratchFolder } from "../write-slides.ts";
import { writeMirax } from "./write-mirax.ts";

const folder = scratchFolder();

test("a MIRAX slide is known by the files of its folder, too", async () => {
  const path = join(folder, "slide.mrxs");
  await writeMirax(path, busy, busy);
  const inside = ["Data0000.dat", "Index.dat", "Slidedat.ini"];
  expect(await slideFiles(path)).toEqual([
    path,
    ...inside.map((name) => join(folder, "slide", name)),
  ]);
});
