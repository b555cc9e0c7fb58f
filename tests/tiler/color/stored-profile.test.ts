import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSlide } from "../../../src/tiler/open-slide.ts";
import { busy, paint, rgb, scratchFolder } from "../write-slides.ts";

const folder = scratchFolder();

/** A picture of each kind with sharp's Display P3 profile inside. */
async function write(name: string): Promise<string> {
  const picture = rgb(paint(64, 48, busy), 64, 48).withIccProfile("p3");
  const path = join(folder, name);
  if (name.endsWith(".tif")) await picture.tiff({ tile: true, tileWidth: 32 }).toFile(path);
  else await picture.toFile(path);
  return path;
}

test.each(["p3.tif", "p3.png", "p3.jpg"])("%s: the profile is found, as stored", async (name) => {
  const path = await write(name);
  const slide = await openSlide(path);
  const profile = slide.iccProfile;
  await slide.close();
  // ICC.1:2010, 7.2: the profile's length first, "acsp" at byte 36.
  expect(profile).not.toBeNull();
  const view = new DataView(profile!.buffer, profile!.byteOffset, profile!.length);
  expect(view.getUint32(0)).toBe(profile!.length);
  expect(new TextDecoder().decode(profile!.subarray(36, 40))).toBe("acsp");
});

test("a slide without a profile has none", async () => {
  const path = join(folder, "none.tif");
  await rgb(paint(64, 48, busy), 64, 48)
    .tiff({ tile: true, tileWidth: 32 })
    .toFile(path);
  const slide = await openSlide(path);
  expect(slide.iccProfile).toBeNull();
  await slide.close();
});

test("a profile beyond the file's end, or absurdly long, does not stop the slide", async () => {
  const bytes = await readFile(await write("p3-damaged.tif"));
  // The entry of tag 34675 (0x8773): tag, type 7, then the count.
  const entry = bytes.indexOf(Uint8Array.of(0x73, 0x87, 7, 0));
  expect(entry).toBeGreaterThan(0);
  for (const [index, count] of [bytes.length, 0xfffffff0].entries()) {
    bytes.writeUInt32LE(count, entry + 4);
    const path = join(folder, `claims-${index}.tif`);
    await writeFile(path, bytes);
    const slide = await openSlide(path);
    expect(slide.iccProfile).toEqual(new Uint8Array(0));
    expect((await slide.readRegion(0, { x: 0, y: 0, width: 8, height: 8 })).width).toBe(8);
    await slide.close();
  }
});
