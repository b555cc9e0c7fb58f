import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { writeJpeg2000 } from "./write-jpeg2000.ts";
import { busy, paint, scratchFolder } from "./write-slides.ts";

const folder = scratchFolder();

it("a JPEG 2000 picture is a slide of one level; one cut short is refused", async () => {
  const pixels = paint(75, 50, busy);
  const bytes = await writeJpeg2000(pixels, 75, 50);
  const path = join(folder, "picture.j2k");
  await writeFile(path, bytes);
  const slide = await openSlide(path, { backend: "native" });
  expect(slide).toMatchObject({ vendor: "plain", size: { width: 75, height: 50 }, mpp: null });
  const { data } = await slide.readRegion(0, { x: 0, y: 0, width: 75, height: 50 });
  expect(Buffer.compare(data, pixels)).toBe(0);
  await slide.close();
  const cut = join(folder, "cut.j2k");
  await writeFile(cut, bytes.subarray(0, 60));
  await expect(openSlide(cut, { backend: "native" })).rejects.toMatchObject({
    code: "unsupported-slide",
  });
});
