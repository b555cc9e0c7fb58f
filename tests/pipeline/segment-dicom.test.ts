import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { type Element, writeDicom } from "../tiler/write-dicom.ts";
import { rgb } from "../tiler/write-slides.ts";

const SAMPLE = resolve(import.meta.dirname, "../../samples/sample.tif");
const TILE = 128;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "microtome-dicom-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Writes a picture whose sides are whole tiles as a level of 0.25 µm/px times `downsample`. */
async function writeLevel(path: string, image: RgbImage, downsample: number): Promise<void> {
  const frames: Buffer[] = [];
  for (let y = 0; y < image.height; y += TILE) {
    for (let x = 0; x < image.width; x += TILE) {
      for (let row = y; row < y + TILE; row++) {
        const start = (row * image.width + x) * 3;
        frames.push(Buffer.from(image.data.subarray(start, start + TILE * 3)));
      }
    }
  }
  const spacing = String((0.25 * downsample) / 1000);
  const elements: Element[] = [
    ["00280008", "IS", String((image.width / TILE) * (image.height / TILE))],
    ["00280010", "US", TILE],
    ["00280011", "US", TILE],
    ["52009229", "SQ", [[["00289110", "SQ", [[["00280030", "DS", `${spacing}\\${spacing}`]]]]]]],
  ];
  await writeDicom(path, image.width, image.height, { elements, pixels: Buffer.concat(frames) });
}

it("a DICOM folder gives the objects of the same pixels in one file", async () => {
  const sample = await openSlide(SAMPLE);
  const image = await sample.readRegion(0, { x: 300, y: 300, width: 384, height: 384 });
  await sample.close();
  const png = join(root, "picture.png");
  await rgb(image.data, 384, 384).png().toFile(png);
  const folder = join(root, "1.2.840");
  await mkdir(folder);
  const small = await rgb(image.data, 384, 384).resize(128, 128).raw().toBuffer();
  await writeLevel(join(folder, "1"), image, 1);
  await writeLevel(join(folder, "2"), { data: small, width: 128, height: 128 }, 3);

  const options = { task: "nuclei", out: join(root, "runs"), workers: 1 } as const;
  const plain = await segmentSlide({ ...options, slide: png, mpp: 0.25 });
  const found = await segmentSlide({ ...options, slide: folder });
  expect(found.record.state).toBe("done");
  expect(found.record.slide).toMatchObject({ name: "1.2.840", vendor: "dicom", width: 384 });
  expect(found.record.mpp).toMatchObject({ slide: 0.25, source: "vendor" });
  expect(found.folder).toBe(join(root, "runs", "1.2.840.nuclei"));
  const polygons = async (run: string) =>
    (await readGeoJsonPolygons(join(run, "nuclei.geojson.gz"))).map((object) => object.polygons);
  const expected = await polygons(plain.folder);
  expect(expected.length).toBeGreaterThan(5);
  expect(await polygons(found.folder)).toEqual(expected);
  // The same slide by one of its files is known by the same fingerprint.
  const byFile = await segmentSlide({ ...options, slide: join(folder, "2") });
  expect(byFile.record.slide.fingerprint).toBe(found.record.slide.fingerprint);
}, 300_000);
