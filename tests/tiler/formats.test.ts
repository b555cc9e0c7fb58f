import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CorruptSlideError } from "../../src/errors.ts";
import { parseAperioDescription } from "../../src/tiler/formats/aperio.ts";
import { parseOmeXml } from "../../src/tiler/formats/ome-xml.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { parseDecimal } from "../../src/tiler/resolution.ts";
import { DATA, hasData } from "../shared-data.ts";

describe("Aperio's description", () => {
  it("gives µm/px and objective, with a point or a comma", () => {
    const text =
      "Aperio Image Library v11.2.1\r\n46000x32914 (240x240) JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990|Left = 25.6";
    expect(parseAperioDescription(text)).toEqual({ mpp: 0.499, objectivePower: 20 });
    const commas = "Aperio Image\r\n1x1|AppMag = 40|MPP = 0,2525|Left = 25,6";
    expect(parseAperioDescription(commas)).toEqual({ mpp: 0.2525, objectivePower: 40 });
  });

  it("gives null for what is absent or no number", () => {
    const text =
      "Aperio Image Library\r\n4443x3567 J2K|ICC Profile = sRGB|MPP = unknown|User = AppMag";
    expect(parseAperioDescription(text)).toEqual({ mpp: null, objectivePower: null });
  });

  it("keeps nothing that points to a person", () => {
    const text = "Aperio\r\n1x1|MPP = 0.5|User = j.doe|Barcode = 12345|Date = 12/29/09";
    expect(Object.keys(parseAperioDescription(text))).toEqual(["mpp", "objectivePower"]);
  });
});

const anyTiff = { corrupt: (what: string) => new CorruptSlideError(what) };

describe("OME-XML", () => {
  const xml = (pixels: string) =>
    `<?xml version="1.0"?><OME><Instrument><Objective ID="o" NominalMagnification="20.0"/></Instrument><Image><Pixels SizeC="3" ${pixels}><TiffData/></Pixels></Image></OME>`;

  it("gives the pixel size in any unit of length", () => {
    for (const [size, unit, microns] of [
      ["0.5", "", 0.5],
      ["500", 'PhysicalSizeXUnit="nm" PhysicalSizeYUnit="nm"', 0.5],
      ["0.0005", 'PhysicalSizeXUnit="mm" PhysicalSizeYUnit="mm"', 0.5],
      ["0.25", 'PhysicalSizeXUnit="&#181;m" PhysicalSizeYUnit="&#xB5;m"', 0.25],
    ] as const) {
      const found = parseOmeXml(
        anyTiff,
        xml(`PhysicalSizeX="${size}" PhysicalSizeY="${size}" ${unit}`),
      );
      expect(found.mpp?.x).toBeCloseTo(microns, 12);
      expect(found.mpp?.y).toBeCloseTo(microns, 12);
      expect(found.objectivePower).toBe(20);
    }
  });

  it("gives null where it is in pixels, on one axis alone, or absent", () => {
    for (const pixels of [
      'PhysicalSizeX="1" PhysicalSizeY="1" PhysicalSizeXUnit="pixel" PhysicalSizeYUnit="pixel"',
      'PhysicalSizeX="0.5"',
      "",
    ]) {
      expect(parseOmeXml(anyTiff, xml(pixels)).mpp).toBeNull();
    }
  });
});

it("parseDecimal takes numbers alone", () => {
  expect(parseDecimal(" 0,499 ")).toBe(0.499);
  expect(parseDecimal("2e-1")).toBe(0.2);
  for (const text of ["", "0.25 µm", "1.2.3", "0x10", "NaN", undefined]) {
    expect(parseDecimal(text)).toBeNull();
  }
});

const CMU = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";

it.skipIf(!hasData(CMU))("CMU-1-Small-Region: what it says of itself", async () => {
  const slide = await openSlide(join(DATA, CMU));
  expect(slide).toMatchObject({
    vendor: "aperio",
    size: { width: 2220, height: 2967 },
    mpp: { x: 0.499, y: 0.499, source: "vendor" },
    objectivePower: 20,
    associated: ["label", "macro", "thumbnail"],
  });
  expect(slide.levels).toHaveLength(1);
  expect(slide.levels[0]!.tileSize).toEqual({ width: 240, height: 240 });
  await slide.close();
});
