import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { scratchFolder } from "./write-slides.ts";
import { VENDOR_SLIDES, writeLeica, writePhilips } from "./write-vendors.ts";

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
  const slide = await openSlide(path);
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
