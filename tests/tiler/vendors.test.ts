import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serpentine } from "../../src/tiler/formats/ventana-xml.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { scratchFolder } from "./write-slides.ts";
import {
  BIF_AREAS,
  BIF_TILE,
  type BifArea,
  bifShade,
  shaded,
  VENDOR_SLIDES,
  writeLeica,
  writePhilips,
  writeVentana,
} from "./write-vendors.ts";

interface Golden {
  readonly vendor: string;
  readonly mpp: readonly [number, number];
  readonly objectivePower: number | null;
  readonly bounds: readonly number[] | null;
  readonly associated: readonly string[];
  readonly levels: readonly { width: number; height: number; downsample: number }[];
  readonly regions: readonly {
    level: number;
    box: [number, number, number, number];
    sha256: string;
  }[];
}

const folder = scratchFolder();
const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, "../cases/vendors/goldens.json"), "utf8"),
) as Record<string, Golden>;

async function withSlide<T>(path: string, use: (slide: Slide) => Promise<T>): Promise<T> {
  const slide = await openSlide(path, { backend: "native" });
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

describe("files laid out as the scanners do, against OpenSlide, byte for byte", () => {
  for (const [file, write] of Object.entries(VENDOR_SLIDES)) {
    it(file, async () => {
      const golden = goldens[file]!;
      const path = join(folder, file);
      await write(path);
      await withSlide(path, async (slide) => {
        const { bounds } = slide;
        expect({
          vendor: slide.vendor,
          mpp: [slide.mpp?.x, slide.mpp?.y],
          objectivePower: slide.objectivePower,
          bounds: bounds && [bounds.x, bounds.y, bounds.width, bounds.height],
          associated: slide.associated,
          levels: slide.levels.map(({ size, downsample }) => ({ ...size, downsample })),
        }).toEqual({
          vendor: golden.vendor,
          mpp: golden.mpp.map((value) => expect.closeTo(value, 9)),
          objectivePower: golden.objectivePower,
          bounds: golden.bounds,
          associated: golden.associated,
          levels: golden.levels,
        });
        for (const { level, box, sha256 } of golden.regions) {
          const [x, y, width, height] = box;
          const { data } = await slide.readRegion(level, { x, y, width, height });
          const found = createHash("sha256").update(data).digest("hex");
          expect({ level, box, sha256: found }).toEqual({ level, box, sha256 });
        }
      });
    });
  }
});

describe("Leica SCN", () => {
  const changes: Record<string, [from: RegExp, to: string, code: string, says: string]> = {
    fluorescence: [/brightfield/g, "fluorescence", "unsupported-slide", "fluorescence"],
    "two objectives": [/<objective>20</, "<objective>40<", "unsupported-slide", "objectives"],
    "two resolutions": [/sizeX="24000"/, 'sizeX="48000"', "unsupported-slide", "resolutions"],
    "a directory that is not there": [/ifd="3"/, 'ifd="99"', "corrupt-slide", "directory 99"],
    "no directory at all": [/ifd="3"/, "", "corrupt-slide", "names no directory"],
    "no area": [/offsetX="\d+"/g, 'offsetX="0"', "corrupt-slide", "no scanned area"],
    "a slide of kilometres": [
      /sizeX="120000"/g,
      'sizeX="1e15"',
      "corrupt-slide",
      "claims a slide of",
    ],
    "no collection": [/collection/g, "heap", "corrupt-slide", "no collection"],
  };
  for (const [name, [from, to, code, says]] of Object.entries(changes)) {
    it(`${name}: ${code}`, async () => {
      const path = join(folder, `${name}.scn`);
      await writeLeica(path, (xml) => {
        const changed = name === "no area" ? wholeSlide(xml) : xml.replace(from, to);
        expect(changed).not.toBe(xml);
        return changed;
      });
      await expect(openSlide(path, { backend: "native" })).rejects.toMatchObject({
        code,
        message: expect.stringContaining(says),
      });
    });
  }

  it("takes decimal commas, and keeps neither barcode nor date", async () => {
    const path = join(folder, "comma.scn");
    await writeLeica(path, (xml) => xml.replace(/<objective>20</g, "<objective>20,0<"));
    await withSlide(path, async (slide) => {
      expect(slide.objectivePower).toBe(20);
      expect(JSON.stringify(slide)).not.toMatch(/SECRET|U0VDUkVU|2012/);
    });
  });
});

/** Every view as large as the slide: each image a macro. */
function wholeSlide(xml: string): string {
  return xml.replace(
    /<view [^>]*>/g,
    '<view sizeX="120000" sizeY="90000" offsetX="0" offsetY="0"/>',
  );
}

describe("Philips TIFF", () => {
  it("without spacings, takes levels for powers of two and µm/px for unknown", async () => {
    const path = join(folder, "no-spacing.tiff");
    await writePhilips(path, () => "");
    await withSlide(path, async (slide) => {
      expect(slide.mpp).toBeNull();
      expect(slide.levels.map(({ size }) => size)).toEqual([
        { width: 320, height: 192 },
        { width: 160, height: 96 },
        { width: 80, height: 48 },
      ]);
    });
  });

  it("takes decimal commas", async () => {
    const path = join(folder, "comma.tiff");
    await writePhilips(path, (level) => {
      const spacing = String(0.00025 * 2 ** level).replace(".", ",");
      return `"${spacing}" "${spacing}"`;
    });
    await withSlide(path, async (slide) => expect(slide.mpp?.x).toBeCloseTo(0.25, 9));
  });

  it("is damaged where a level is no smaller than the one before", async () => {
    const path = join(folder, "flat.tiff");
    await writePhilips(path, () => "0.00025 0.00025");
    await expect(openSlide(path, { backend: "native" })).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("no smaller"),
    });
  });
});

describe("Ventana BIF", () => {
  it("counts joined tiles from the lower left, to and fro", () => {
    const places = [1, 3, 4, 6, 7].map((tile) => serpentine(tile, 3, 3));
    expect(places).toEqual([
      { column: 0, row: 2 },
      { column: 2, row: 2 },
      { column: 2, row: 1 },
      { column: 0, row: 1 },
      { column: 0, row: 0 },
    ]);
  });

  it("of the DP series: gaps by their own joints, areas by their origins, coarser levels abutting", async () => {
    const area: BifArea = {
      columns: 3,
      rows: 2,
      first: { column: 1, row: 1 },
      x: 900,
      y: 900,
      overlap: { width: 8, height: 0 },
    };
    const path = join(folder, "dp.bif");
    await writeVentana(path, [area], "VENTANA DP 200", (xml) =>
      xml
        // The first gap of columns as the way back sees it, the second not joined.
        .replace(/'RIGHT' Tile1='1' Tile2='2'/, "'LEFT' Tile1='2' Tile2='1'")
        .replace(
          /FlagJoined='1'( \w+='98' \w+='RIGHT' Tile1='(?:2' Tile2='3|5' Tile2='4)')/g,
          "FlagJoined='0'$1",
        ),
    );
    await withSlide(path, async (slide) => {
      const [left, top] = [BIF_TILE.width, BIF_TILE.height];
      expect(slide.levels.map(({ size }) => size)).toEqual([
        { width: left + 64 * 3 - 8, height: top + 128 },
        { width: (left + 184) / 2, height: (top + 128) / 2 },
        { width: (left + 184) / 4, height: (top + 128) / 4 },
      ]);
      const at = async (level: number, x: number, y: number) => [
        ...(await slide.readRegion(level, { x, y, width: 1, height: 1 })).data,
      ];
      const stored = shaded(bifShade(0));
      expect(await at(0, left - 1, top)).toEqual([255, 255, 255]);
      expect(await at(0, left + 55, top)).toEqual([...stored(64 + 55, 64)]);
      expect(await at(0, left + 56, top + 5)).toEqual([...stored(128, 64 + 5)]);
      expect(await at(0, left + 120, top + 64)).toEqual([...stored(192, 128)]);
      expect(await at(1, 50, 40)).toEqual([...shaded(bifShade(1))(50, 40)]);
    });
  });

  const refusals: Record<string, [from: RegExp, to: string, says: string]> = {
    "an old version": [/Ver='2'/, "Ver='1'", "version 1"],
    "a direction of its own": [/RIGHT/, "SIDEWAYS", 'direction "SIDEWAYS"'],
    "tiles that are no neighbours": [/Tile2='2'/, "Tile2='9'", "no neighbours"],
    "a tile that is not there": [/Tile2='2'/, "Tile2='99'", "joins tiles 1 and 99"],
    "no joints": [/<TileJointInfo[^>]*>/g, "", "no joints"],
    "tiles of another size": [/Width='64'/, "Width='65'", "tiles of 65×64 px"],
    "an area outside of what is stored": [
      /OriginX='192'/,
      "OriginX='640'",
      "outside of the 5×3 tiles",
    ],
    "an area without origin": [/<AOI1 [^>]*>/, "", "no origin for area 1"],
    "an area in another galaxy": [/Pos-X='240'/, "Pos-X='1e300'", "places tiles on"],
    "nothing scanned": [/AOIScanned='1'/g, "AOIScanned='0'", "names no scanned area"],
    "overlap beyond the tile": [/OverlapX='8'/g, "OverlapX='80'", "no joints"],
  };
  for (const [name, [from, to, says]] of Object.entries(refusals)) {
    it(`${name} is refused by name`, async () => {
      const path = join(folder, `${name}.bif`);
      await writeVentana(path, BIF_AREAS, "", (xml) => {
        const changed = xml.replace(from, to);
        expect(changed).not.toBe(xml);
        return changed;
      });
      await expect(openSlide(path, { backend: "native" })).rejects.toMatchObject({
        code: "unsupported-slide",
        message: expect.stringContaining(says),
      });
    });
  }
});
