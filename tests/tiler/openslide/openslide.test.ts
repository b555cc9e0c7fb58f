import { readdirSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MicrotomeError } from "../../../src/errors.ts";
import type { Box } from "../../../src/geometry.ts";
import { openSlide } from "../../../src/tiler/open-slide.ts";
import type { Slide } from "../../../src/tiler/slide.ts";
import { DATA, hasData } from "../../shared-data.ts";
import { busy, paint, rgb, scratchFolder } from "../write-slides.ts";
import { testedLibraries } from "./libraries.ts";
import { writeMirax } from "./write-mirax.ts";

const CMU = "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs";
const folder = scratchFolder();
const setting = process.env.OPENSLIDE_PATH;

/** Sets OPENSLIDE_PATH, or takes it away. */
function setPath(path: string | undefined): void {
  if (path) process.env.OPENSLIDE_PATH = path;
  else delete process.env.OPENSLIDE_PATH;
}
afterEach(() => setPath(setting));

describe.each(await testedLibraries())("$name", ({ path, version }) => {
  const absent = version === null;
  const old = Number.parseInt(version ?? "0", 10) < 4;
  beforeEach(() => setPath(path));

  it.skipIf(absent || !hasData(CMU))("gives the pixels that we give", async () => {
    const file = join(DATA, CMU);
    const theirs = await openSlide(file, { backend: "openslide" });
    const ours = await openSlide(file, { backend: "native" });
    try {
      expect(theirs.backend).toBe(`openslide ${version}`);
      expect(theirs).toMatchObject({
        vendor: ours.vendor,
        size: ours.size,
        mpp: ours.mpp,
        objectivePower: ours.objectivePower,
        levels: ours.levels,
        associated: ours.associated,
      });
      const { width, height } = ours.size;
      const boxes: Box[] = [
        { x: 0, y: 0, width: 700, height: 300 },
        { x: 333, y: 1000, width: 1500, height: 1200 },
        { x: width - 100, y: height - 100, width: 200, height: 150 },
        { x: -30, y: -20, width: 100, height: 100 },
        { x: 0, y: height + 5, width: 10, height: 10 },
      ];
      for (const box of boxes) {
        const [a, b] = [await theirs.readRegion(0, box), await ours.readRegion(0, box)];
        expect(Buffer.compare(a.data, b.data), JSON.stringify(box)).toBe(0);
      }
    } finally {
      await Promise.all([theirs.close(), ours.close()]);
    }
  });

  it.skipIf(absent)("reads a MIRAX slide, which ours leaves to it", async () => {
    const file = join(folder, `${version}.mrxs`);
    const half = (x: number, y: number) => busy(x + 5, y + 9);
    await writeMirax(file, busy, half);
    await expect(openSlide(file, { backend: "native" })).rejects.toMatchObject({
      code: "unsupported-slide",
    });
    const slide = await openSlide(file);
    try {
      expect(slide).toMatchObject({
        vendor: "mirax",
        backend: `openslide ${version}`,
        size: { width: 192, height: 128 },
        mpp: { x: 0.46, y: 0.46, source: "vendor" },
        objectivePower: 20,
        bounds: { x: 0, y: 0, width: 128, height: 128 },
      });
      expect(slide.levels).toMatchObject([
        { downsample: 1, tileSize: { width: 64, height: 64 } },
        { downsample: 2, size: { width: 96, height: 64 } },
      ]);
      const whole = await slide.readRegion(0, { x: 0, y: 0, ...slide.size });
      // The column that is not stored is white.
      const shown = (x: number, y: number) => (x >= 128 ? ([255, 255, 255] as const) : busy(x, y));
      expect(Buffer.compare(whole.data, paint(192, 128, shown))).toBe(0);
      const small = await slide.readRegion(1, { x: 10, y: 3, width: 50, height: 40 });
      expect(
        Buffer.compare(
          small.data,
          paint(50, 40, (x, y) => half(x + 10, y + 3)),
        ),
      ).toBe(0);
    } finally {
      await slide.close();
    }
  });

  it.skipIf(absent)("is not asked for what ours reads, and not for a text", async () => {
    const file = join(folder, `${version}.png`);
    await rgb(paint(20, 20, busy), 20, 20).toFile(file);
    const slide = await openSlide(file);
    expect(slide.backend).toBe("native");
    await slide.close();
    const text = join(folder, `${version}.txt`);
    await writeFile(text, "not a slide");
    await expect(openSlide(text)).rejects.toThrow(/is a text file; expected a slide/);
    await expect(openSlide(text, { backend: "openslide" })).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringContaining(`no format that OpenSlide ${version} knows`),
    });
  });

  it.skipIf(absent)("says what a MIRAX slide without its folder lacks", async () => {
    const file = join(folder, `alone-${version}.mrxs`);
    await rgb(paint(8, 8, busy), 8, 8)
      .jpeg()
      .toFile(file);
    await expect(openSlide(file)).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringMatching(/MIRAX.*folder of the same name/),
    });
  });

  it.skipIf(absent || !hasData(CMU))("survives damaged slides", async () => {
    const whole = await readFile(join(DATA, CMU));
    for (const [index, damage] of DAMAGES.entries()) {
      const file = join(folder, `damaged-${version}-${index}.svs`);
      await writeFile(file, damage(whole));
      const outcome = await readAll(file).catch((error: unknown) => error);
      if (outcome !== null) {
        expect(outcome).toBeInstanceOf(MicrotomeError);
        expect((outcome as Error).message).toContain(file);
      }
    }
  });

  it.skipIf(absent || process.platform !== "linux")(
    "lives through the end of its process",
    async () => {
      const file = join(folder, `killed-${version}.mrxs`);
      await writeMirax(file, busy, busy);
      const before = childProcesses();
      const slide = await openSlide(file);
      try {
        const [child] = childProcesses().filter((id) => !before.includes(id));
        const box = { x: 3, y: 4, width: 30, height: 20 };
        const reading = slide.readRegion(0, box);
        process.kill(child!, "SIGKILL");
        await expect(reading).rejects.toMatchObject({
          code: "corrupt-slide",
          message: expect.stringContaining("SIGKILL"),
        });
        const again = await slide.readRegion(0, box);
        expect(
          Buffer.compare(
            again.data,
            paint(30, 20, (x, y) => busy(x + 3, y + 4)),
          ),
        ).toBe(0);
      } finally {
        await slide.close();
      }
      expect(childProcesses()).toEqual(before);
    },
  );

  it.skipIf(absent)("hands the ICC profile on where it knows of any, from 4.0 on", async () => {
    const file = join(folder, `p3-${version}.tif`);
    const picture = rgb(paint(64, 48, busy), 64, 48).withIccProfile("p3");
    await picture.tiff({ tile: true, tileWidth: 32, tileHeight: 32 }).toFile(file);
    const theirs = await openSlide(file, { backend: "openslide" });
    const ours = await openSlide(file, { backend: "native" });
    await Promise.all([theirs.close(), ours.close()]);
    expect(ours.iccProfile).not.toBeNull();
    expect(theirs.iccProfile && Buffer.from(theirs.iccProfile)).toEqual(
      old ? null : Buffer.from(ours.iccProfile!),
    );
  });
});

/** Cut in half, its directories overwritten, and a tile of noise. */
const DAMAGES: readonly ((whole: Buffer) => Buffer)[] = [
  (whole) => whole.subarray(0, whole.length / 2),
  (whole) => Buffer.concat([whole.subarray(0, -400), Buffer.alloc(400, 0xff)]),
  (whole) =>
    Buffer.concat([whole.subarray(0, 5000), Buffer.alloc(60_000, 7), whole.subarray(65_000)]),
];

async function readAll(file: string): Promise<null> {
  const slide: Slide = await openSlide(file, { backend: "openslide" });
  try {
    await slide.readRegion(0, { x: 0, y: 0, ...slide.size });
    return null;
  } finally {
    await slide.close();
  }
}

/** Of this process, on Linux; those of other threads' making included. */
function childProcesses(): readonly number[] {
  return readdirSync("/proc/self/task").flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}
