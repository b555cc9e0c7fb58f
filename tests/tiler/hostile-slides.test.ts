import { readFileSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MicrotomeError } from "../../src/errors.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Slide } from "../../src/tiler/slide.ts";
import { busy, paint, rgb, scratchFolder } from "./write-slides.ts";

interface Case {
  readonly name: string;
  readonly when: "open" | "read";
  readonly code: string;
  readonly says: string;
  readonly bytes?: string;
  readonly deflated?: string;
}

const folder = scratchFolder();
/** Our own formats are tried here; OpenSlide has tests of its own. */
const OURS = { backend: "native" } as const;
const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, "../cases/hostile-slides/cases.json"), "utf8"),
) as Case[];

/** Reads a corner and the far end of every level. */
async function readSome(slide: Slide): Promise<void> {
  for (const { index, size } of slide.levels) {
    await slide.readRegion(index, { x: 0, y: 0, width: 40, height: 40 });
    await slide.readRegion(index, { x: size.width - 8, y: size.height - 8, width: 16, height: 16 });
  }
}

/** What opening and reading ends in: null, or the error. */
async function outcome(path: string): Promise<unknown> {
  try {
    const slide = await openSlide(path, OURS);
    try {
      await readSome(slide);
    } finally {
      await slide.close();
    }
    return null;
  } catch (error) {
    return error;
  }
}

describe("damaged and hostile files end in an error that names the file", () => {
  for (const { name, when, code, says, bytes, deflated } of cases) {
    it(`${name}: ${code} on ${when}`, async () => {
      const path = join(folder, name);
      const raw = Buffer.from(bytes ?? deflated ?? "", "base64");
      await writeFile(path, deflated ? inflateSync(raw) : raw);
      const step =
        when === "open"
          ? openSlide(path, OURS)
          : openSlide(path, OURS).then((slide) => readSome(slide).finally(() => slide.close()));
      await expect(step).rejects.toMatchObject({ code });
      await expect(outcome(path)).resolves.toSatisfy((error: Error) => {
        return error.message.includes(says) && error.message.includes(path);
      });
    });
  }

  it("a file that is not there, and a folder", async () => {
    await expect(openSlide(join(folder, "none.svs"))).rejects.toMatchObject({
      code: "input-not-found",
    });
    const empty = await mkdtemp(join(folder, "empty-"));
    await expect(openSlide(empty)).rejects.toMatchObject({
      code: "unsupported-slide",
      message: expect.stringContaining("is a folder"),
    });
  });

  it("an override of µm/px that is no length", async () => {
    const path = join(folder, "plain.png");
    await rgb(paint(8, 8, busy), 8, 8)
      .png()
      .toFile(path);
    for (const mpp of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(openSlide(path, { mpp })).rejects.toMatchObject({ code: "usage" });
    }
  });
});

describe("random damage", () => {
  it("to a JPEG pyramid is either read or refused, never anything else", async () => {
    const scratch = await mkdtemp(join(folder, "fuzz-"));
    const whole = join(scratch, "whole.tif");
    await rgb(paint(200, 150, busy), 200, 150)
      .tiff({ tile: true, tileWidth: 64, tileHeight: 64, pyramid: true, compression: "jpeg" })
      .toFile(whole);
    const sound = await readFile(whole);
    const path = join(scratch, "damaged.tif");
    const change = fc.record({
      at: fc.nat({ max: sound.length - 1 }),
      value: fc.nat({ max: 255 }),
    });
    const damage = fc.record({
      changes: fc.array(change, { minLength: 1, maxLength: 12 }),
      keep: fc.oneof(
        { weight: 3, arbitrary: fc.constant(sound.length) },
        { weight: 1, arbitrary: fc.nat({ max: sound.length }) },
      ),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ changes, keep }) => {
        const bytes = Buffer.from(sound);
        for (const { at, value } of changes) bytes[at] = value;
        await writeFile(path, bytes.subarray(0, keep));
        const error = await outcome(path);
        if (error === null) return;
        expect(error).toBeInstanceOf(MicrotomeError);
        expect((error as MicrotomeError).code).toMatch(/^(corrupt|unsupported)-slide$/);
      }),
      { numRuns: 300 },
    );
  });
});
