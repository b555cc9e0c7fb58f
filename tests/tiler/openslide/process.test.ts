import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openWithOpenSlide } from "../../../src/tiler/openslide/open-openslide.ts";
import type { Slide } from "../../../src/tiler/slide.ts";

const script = new URL("../../cases/openslide/odd-child.mjs", import.meta.url);
const opened: Slide[] = [];
afterEach(async () => {
  for (const slide of opened.splice(0)) await slide.close();
});

async function openOdd(timeoutMs = 20_000): Promise<Slide> {
  const slide = await openWithOpenSlide("odd.svs", {}, { script, timeoutMs });
  opened.push(slide);
  return slide;
}

/** The first sample of 8 × 8 px at x. */
async function readAt(slide: Slide, x: number): Promise<number> {
  return (await slide.readRegion(0, { x, y: 0, width: 8, height: 8 })).data[0]!;
}

describe("a process that misbehaves is an error of the read, not of the program", () => {
  it("tells what the slide is", async () => {
    const slide = await openOdd();
    expect(slide).toMatchObject({
      backend: "openslide 9.9.9",
      vendor: "odd",
      mpp: { x: 0.25, y: 0.25, source: "vendor" },
      objectivePower: 40,
    });
    await expect(slide.readRawTile(0, 0, 0)).resolves.toBeNull();
    await expect(slide.readRawTile(1, 0, 0)).rejects.toMatchObject({ code: "usage" });
  });

  it("names a crash and what was said last; the next read has a new process", async () => {
    const slide = await openOdd();
    await expect(readAt(slide, 1000)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringMatching(
        /odd\.svs.*read level 0 at 1000,0 was ended by SIGSEGV.*a last word/,
      ),
    });
    expect(await readAt(slide, 77)).toBe(77);
  });

  it("cuts a hang off", async () => {
    const slide = await openOdd(2000);
    await expect(readAt(slide, 2000)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("did not answer within 2 s"),
    });
    expect(await readAt(slide, 77)).toBe(77);
  });

  it("loses only the region at fault where others are read beside it", async () => {
    const slide = await openOdd();
    const places = [5, 1000, 6, 3000, 7];
    const outcomes = await Promise.allSettled(places.map((x) => readAt(slide, x)));
    expect(
      outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "error")),
    ).toEqual([5, "error", 6, "error", 7]);
    expect((outcomes[3] as PromiseRejectedResult).reason.message).toContain("bad tile");
  });

  it("gives a slide up that has ended four processes", async () => {
    const slide = await openOdd();
    for (let i = 0; i < 4; i++) await expect(readAt(slide, 1000)).rejects.toThrow(/SIGSEGV/);
    await expect(readAt(slide, 5)).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("has ended 4 times"),
    });
  });

  it("refuses reads after it was closed, and closes twice", async () => {
    const slide = await openOdd();
    const [waiting] = await Promise.allSettled([readAt(slide, 2000), slide.close()]);
    expect(waiting).toMatchObject({ status: "rejected" });
    await expect(readAt(slide, 5)).rejects.toThrow(/was closed/);
    await slide.close();
  });

  it("stops between blocks when aborted", async () => {
    const slide = await openOdd();
    const stop = new AbortController();
    const reading = slide.readRegion(0, { x: 0, y: 0, width: 1 << 19, height: 64 }, stop.signal);
    stop.abort();
    await expect(reading).rejects.toThrow(/abort/i);
  });

  it("says that the file of the process cannot be run", async () => {
    const absent = new URL(`file://${join(import.meta.dirname, "absent.js")}`);
    await expect(openWithOpenSlide("odd.svs", {}, { script: absent })).rejects.toMatchObject({
      code: "corrupt-slide",
      message: expect.stringContaining("ended with status 1"),
    });
  });
});
