import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { scoreGeoJson } from "../../src/evaluate/score.ts";
import { readGeoJsonPolygons } from "../../src/export/geojson-read.ts";
import { statedOrigin } from "../../src/export/microtome-member.ts";
import { isValidPolygon } from "../../src/polygon-validity.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { scratchFolder } from "../tiler/write-slides.ts";
import { writeLeica } from "../tiler/write-vendors.ts";
import { runCli } from "./run-cli.ts";

const SAMPLES = resolve(import.meta.dirname, "../../samples");
const SLIDE = join(SAMPLES, "sample.tif");
const folder = scratchFolder();

describe("microtome tissue", () => {
  it("outlines the painted slide's tissue as its truth does, in a file QuPath imports", async () => {
    const out = join(folder, "tissue.geojson");
    const { status, stdout } = await runCli(["tissue", SLIDE, "--out", out, "--json"]);
    expect(status).toBe(0);
    const summary = JSON.parse(stdout);
    const found = await readGeoJsonPolygons(out);
    expect(summary).toMatchObject({ pieces: found.length, inkFraction: 0, file: out });
    const truth = await readGeoJsonPolygons(join(SAMPLES, "sample.tissue.geojson.gz"));
    const outlines = (objects: typeof found) => objects.map((object) => object.polygons);
    expect(scoreGeoJson(outlines(found), outlines(truth)).iou).toBeGreaterThan(0.94);
    expect(found.every((object) => object.polygons.every(isValidPolygon))).toBe(true);
    const { features } = JSON.parse(await readFile(out, "utf8"));
    expect(features[0].properties.objectType).toBe("annotation");
    expect(features[0].properties.classification.name).toBe("Tissue");
    // The outlines' area is the cells' own, to a percent.
    const um2 = features.reduce(
      (sum: number, feature: { properties: { measurements: Record<string, number> } }) =>
        sum + feature.properties.measurements["Area µm^2"]!,
      0,
    );
    expect(um2 / 1e6 / summary.areaMm2).toBeCloseTo(1, 2);
    expect((await runCli(["check", out])).status).toBe(0);
  });

  it("counts from the corner of a slide's bounds, as QuPath does, and says so", async () => {
    const [slide, out] = [join(folder, "areas.scn"), join(folder, "bounds.geojson")];
    await writeLeica(slide);
    expect((await runCli(["tissue", slide, "--out", out])).status).toBe(0);
    const opened = await openSlide(slide);
    const { x, y } = opened.bounds!;
    await opened.close();
    expect(await statedOrigin(out)).toEqual({ x, y });
    expect(x + y).toBeGreaterThan(0);
  });

  it("paints the slide with everything else dimmed", async () => {
    const out = join(folder, "tissue.png");
    expect((await runCli(["tissue", SLIDE, "--out", out])).status).toBe(0);
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    expect(info.width / info.height).toBeCloseTo(4096 / 3072, 2);
    const at = (x: number, y: number) => data[(y * info.width + x) * info.channels]!;
    expect(at(5, info.height - 5)).toBeLessThan(140);
    expect(at(info.width >> 1, info.height >> 1)).toBeGreaterThan(140);
  });

  it("refuses another ending", async () => {
    const { status, stderr } = await runCli(["tissue", SLIDE, "--out", join(folder, "t.svg")]);
    expect(status).toBe(2);
    expect(stderr).toContain("error[usage]");
  });
});
