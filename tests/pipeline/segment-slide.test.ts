import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scoreGeoJson } from "../../src/evaluate/score.ts";
import { checkGeoJson } from "../../src/export/check.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { polygonArea, ringBox } from "../../src/geometry.ts";
import { planSlide, segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { hasShapely, judgeWithShapely } from "../shapely.ts";
import { DATA, hasData } from "../shared-data.ts";

const SAMPLES = resolve(import.meta.dirname, "../../samples");
const SAMPLE = join(SAMPLES, "sample.tif");
const CMU = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";
const OME = "slides/ome-tiff-he-instanseg/HE_example.tif";

let out: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "microtome-pipeline-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

describe("the painted sample", () => {
  it("gives nuclei that match its ground truth: F1 ≥ 0.85 at IoU 0.5", async () => {
    const { record, folder } = await segmentSlide({ slide: SAMPLE, task: "nuclei", out });
    expect(record.state).toBe("done");
    expect(record.patches.failed).toBe(0);
    expect(record.patches.skipped, "blank glass is left out").toBeGreaterThan(0);
    expect(record.mpp).toMatchObject({ slide: 0.25, used: 0.25, upsampled: false });

    const file = join(folder, "nuclei.geojson.gz");
    const found = await readGeoJsonPolygons(file);
    const truth = await readGeoJsonPolygons(join(SAMPLES, "sample.nuclei.geojson.gz"));
    expect(found.length).toBe(record.counts.objects);
    const score = scoreGeoJson(
      found.map((object) => object.polygons),
      truth.map((object) => object.polygons),
    );
    console.log(
      `sample: F1 ${score.f1.toFixed(3)}, PQ ${score.pq.toFixed(3)}, AJI ${score.aji.toFixed(3)}, Dice ${score.dice.toFixed(3)}`,
    );
    expect(score.f1).toBeGreaterThanOrEqual(0.85);
    expect(await checkGeoJson(file)).toEqual([]);
    expect(new Set(found.map((object) => object.id)).size).toBe(found.length);
  }, 300_000);

  it("has no outline cut at a seam: objects on seams are as many and as large as elsewhere", async () => {
    const file = join(out, "sample.nuclei", "nuclei.geojson.gz");
    const found = await readGeoJsonPolygons(file);
    const { plan } = await planSlide({ slide: SAMPLE, task: "nuclei", out });
    const edges = [...new Set(plan.patches.patches.map((p) => p.gridCore.x + p.gridCore.width))];
    const boxes = found.map((object) => ringBox(object.polygons[0]!.outer));
    // A cut leaves a straight side on the seam itself; whole nuclei cross it.
    const crossing = boxes.filter((box) =>
      edges.some((x) => box.x < x - 2 && box.x + box.width > x + 2),
    ).length;
    const ending = boxes.filter((box) =>
      edges.some((x) => Math.abs(box.x + box.width - x) <= 0.75 || Math.abs(box.x - x) <= 0.75),
    ).length;
    expect(crossing).toBeGreaterThan(10);
    expect(ending).toBeLessThan(crossing);
  }, 60_000);

  it.each(["tumor", "tissue"] as const)(
    "gives %s regions",
    async (task) => {
      const { record, folder } = await segmentSlide({ slide: SAMPLE, task, out });
      expect(record.state).toBe("done");
      expect(record.counts.objects).toBeGreaterThan(0);
      const file = join(folder, `${task}.geojson.gz`);
      expect(await checkGeoJson(file)).toEqual([]);
      // What lies mostly on glass is left out by a rule that is part of the run, and counted.
      expect(record.parameters.minTissueShare).toBe(0.5);
      const { objects, droppedOnGlass, droppedOutside } = record.seams as Record<string, number>;
      expect(objects! - droppedOnGlass! - droppedOutside!).toBe(record.counts.objects);
      const { width, height } = record.slide;
      for (const { polygons } of await readGeoJsonPolygons(file)) {
        const box = ringBox(polygons[0]!.outer);
        expect(box.x).toBeGreaterThanOrEqual(-1);
        expect(box.y).toBeGreaterThanOrEqual(-1);
        expect(box.x + box.width).toBeLessThanOrEqual(width + 1);
        expect(box.y + box.height).toBeLessThanOrEqual(height + 1);
      }
    },
    120_000,
  );

  it("tells where everything came from in run.json", async () => {
    const record = JSON.parse(await readFile(join(out, "sample.nuclei", "run.json"), "utf8"));
    expect(record).toMatchObject({
      format: 1,
      researchUseOnly: "for research use only",
      software: { name: "microtome", version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      slide: { name: "sample.tif", fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
      mpp: { slide: 0.25, source: "tiff-resolution" },
      model: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), licence: "Apache-2.0" },
      parameters: { patchSize: 1024, overlap: 128 },
      failures: [],
    });
    for (const stage of ["open", "tissue", "read", "encode", "decode", "merge", "total"]) {
      expect(record.seconds[stage]).toBeGreaterThanOrEqual(0);
    }
    expect(record.slide.path).not.toMatch(/^\//);
  });

  it("knows a finished run again without reading the slide's pixels", async () => {
    const stages = new Set<string>();
    const again = await segmentSlide({
      slide: SAMPLE,
      task: "nuclei",
      out,
      resume: true,
      onProgress: ({ stage }) => stages.add(stage),
    });
    expect(again.unchanged).toBe(true);
    expect([...stages]).toEqual(["model", "open"]);
  });

  it("keeps to a region", async () => {
    const region = { x: 1000, y: 500, width: 700, height: 600 };
    const { record, folder } = await segmentSlide({
      slide: SAMPLE,
      task: "nuclei",
      out: join(out, "region"),
      region,
    });
    expect(record.areaMm2).toBeLessThanOrEqual((700 * 600 * 0.25 ** 2) / 1e6 + 1e-6);
    const found = await readGeoJsonPolygons(join(folder, record.files[0]!));
    expect(found.length).toBeGreaterThan(10);
    for (const { polygons } of found) {
      const box = ringBox(polygons[0]!.outer);
      // A nucleus on the region's edge is whole and may reach out of it, with less than half of it.
      expect(box.x + box.width).toBeGreaterThan(region.x);
      expect(box.x).toBeLessThan(region.x + region.width);
    }
  }, 120_000);
});

describe("a slide that is damaged in one place", () => {
  it("ends with that patch named, everything else done, and is mended by --resume", async () => {
    const whole = await readFile(SAMPLE);
    const slide = join(out, "hurt.tif");
    const at = await offsetOfSomeTile(whole);
    const hurt = Buffer.from(whole);
    hurt.fill(0, at, at + 64);
    await writeFile(slide, hurt);
    const first = await segmentSlide({ slide, task: "nuclei", out });
    expect(first.record.state).toBe("incomplete");
    expect(first.record.patches.failed).toBeGreaterThan(0);
    expect(first.record.patches.failed).toBeLessThan(first.record.patches.done);
    expect(first.record.failures[0]?.error).toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("hurt.tif"),
    });
    expect(first.record.counts.objects).toBeGreaterThan(100);
    expect(await checkGeoJson(join(first.folder, "nuclei.geojson.gz"))).toEqual([]);

    const again = await segmentSlide({ slide, task: "nuclei", out, resume: true });
    expect(again.record.patches.failed).toBe(first.record.patches.failed);
  }, 300_000);
});

/** Where a JPEG tile in the tissue of the sample begins in its file, from its start-of-image marker. */
async function offsetOfSomeTile(file: Buffer): Promise<number> {
  const slide = await openSlide(SAMPLE);
  try {
    const raw = await slide.readRawTile(0, 5, 4);
    // The tables are spliced in front of the stored bytes: the tail is the stored one.
    const tail = Buffer.from(raw!.data.subarray(raw!.data.length - 300));
    const end = file.indexOf(tail);
    expect(end).toBeGreaterThan(0);
    return file.lastIndexOf(Buffer.from([0xff, 0xd8, 0xff]), end);
  } finally {
    await slide.close();
  }
}

describe("a slide without µm/px", () => {
  it("is refused with the flag to give, and taken with it", async () => {
    const slide = join(out, "plain.png");
    const region = await sharp(SAMPLE).extract({ left: 600, top: 400, width: 512, height: 512 });
    await region.png().withMetadata({ density: 72 }).toFile(slide);
    await expect(segmentSlide({ slide, task: "nuclei", out })).rejects.toMatchObject({
      code: "missing-mpp",
      message: expect.stringMatching(/plain\.png.*--mpp/),
    });
    const { record } = await segmentSlide({ slide, task: "nuclei", out, mpp: 0.25 });
    expect(record.mpp).toMatchObject({ slide: 0.25, source: "override" });
    expect(record.counts.objects).toBeGreaterThan(5);
  }, 120_000);
});

describe("real slides", () => {
  it.skipIf(!hasData(CMU))(
    "CMU-1-Small-Region: skin at 20x, RGB JPEG",
    async () => {
      const slide = join(DATA, CMU);
      const { record, folder } = await segmentSlide({ slide, task: "nuclei", out });
      expect(record.state).toBe("done");
      expect(record.patches.failed).toBe(0);
      expect(record.mpp).toMatchObject({ slide: 0.499, source: "vendor", upsampled: true });
      expect(record.counts.objects).toBeGreaterThan(1000);
      const file = join(folder, record.files[0]!);
      expect(await checkGeoJson(file)).toEqual([]);
      expect(await darknessRatio(file, slide)).toBeLessThan(0.85);
    },
    300_000,
  );

  it.skipIf(!hasData(CMU) || !hasShapely())(
    "CMU: GEOS finds every polygon valid",
    () => {
      const file = join(out, "CMU-1-Small-Region.nuclei", "nuclei.geojson.gz");
      const verdict = judgeWithShapely(file);
      expect(verdict.polygons).toBeGreaterThan(1000);
      expect(verdict.invalid).toEqual([]);
      expect(verdict.invalidAfterRounding).toEqual([]);
    },
    120_000,
  );

  it.skipIf(!hasData(OME))(
    "HE_example: OME-TIFF, YCbCr JPEG",
    async () => {
      const { record, folder } = await segmentSlide({
        slide: join(DATA, OME),
        task: "nuclei",
        out,
      });
      expect(record.state).toBe("done");
      expect(record.counts.objects).toBeGreaterThan(50);
      expect(await checkGeoJson(join(folder, record.files[0]!))).toEqual([]);
      expect(await darknessRatio(join(folder, record.files[0]!), join(DATA, OME))).toBeLessThan(
        0.85,
      );
    },
    300_000,
  );
});

/**
 * Mean red inside the outlines over mean red of the tissue round them: nuclei take up red light, so
 * outlines that sit beside nuclei, or are shifted, do not get below 1 by much.
 */
async function darknessRatio(geojson: string, path: string): Promise<number> {
  const objects = await readGeoJsonPolygons(geojson);
  const slide = await openSlide(path);
  try {
    let [inside, outside, count] = [0, 0, 0];
    for (const { polygons } of objects.filter((_, i) => i % 20 === 0)) {
      const box = ringBox(polygons[0]!.outer);
      const side = Math.ceil(Math.sqrt(polygonArea(polygons[0]!)) / 2);
      const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
      const inner = await meanRed(slide, cx - side / 2, cy - side / 2, side, side);
      const outer = await meanRed(slide, cx - 2 * side, cy - 2 * side, 4 * side, 4 * side);
      inside += inner;
      outside += outer;
      count++;
    }
    expect(count).toBeGreaterThan(2);
    return inside / outside;
  } finally {
    await slide.close();
  }
}

async function meanRed(
  slide: Awaited<ReturnType<typeof openSlide>>,
  x: number,
  y: number,
  width: number,
  height: number,
): Promise<number> {
  const box = { x: Math.round(x), y: Math.round(y), width, height };
  const { data } = await slide.readRegion(0, box);
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += data[i]!;
  return sum / (data.length / 3);
}
