import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";

const SAMPLE = resolve(import.meta.dirname, "../../samples/sample.tif");
let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "microtome-stain-"));
});
afterAll(() => rm(out, { recursive: true, force: true }));

const options = (folder: string) => ({
  slide: SAMPLE,
  task: "nuclei",
  out: join(out, folder),
  region: { x: 1500, y: 500, width: 500, height: 400 },
  patchSize: 256,
  workers: 1,
  stainNormalise: "macenko" as const,
});

it("keeps the estimate in run.json and in the key, and resumes by it to the same bytes", async () => {
  const whole = await segmentSlide(options("whole"));
  expect(whole.record.stain).toMatchObject({ method: "macenko", skipped: null });
  expect(whole.record.parameters.stainNormalise).toBe("macenko");
  expect(whole.record.seconds.stain).toBeGreaterThan(0);

  const stop = new AbortController();
  const stopped = segmentSlide({
    ...options("stopped"),
    signal: stop.signal,
    onProgress: ({ stage, done }) => {
      if (stage === "segment" && done === 2) stop.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  const resumed = await segmentSlide({ ...options("stopped"), resume: true });
  expect(resumed.record.key).toBe(whole.record.key);
  expect(resumed.record.stain).toEqual(whole.record.stain);
  expect(resumed.record.seconds.stain, "taken over, not made again").toBeUndefined();
  const objects = (run: typeof whole) => readFile(join(run.folder, run.record.files[0]!));
  expect((await objects(resumed)).equals(await objects(whole))).toBe(true);

  const again = await segmentSlide({ ...options("whole"), resume: true });
  expect(again.unchanged).toBe(true);

  // Another look is another run, and so is another estimate.
  const none = segmentSlide({ ...options("whole"), stainNormalise: "none", resume: true });
  await expect(none).rejects.toMatchObject({ code: "run-mismatch" });
  const path = join(whole.folder, "run.json");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/("eosin":\s*\[\s*)0\.\d+/, "$10.5"));
  expect(await readFile(path, "utf8")).not.toBe(text);
  const changed = await segmentSlide({ ...options("whole"), resume: true });
  expect(changed.record.stain).toEqual(whole.record.stain);
}, 240_000);

it("segments a slide of too little tissue as it is, and says so", async () => {
  const slide = join(out, "glass.png");
  await sharp({ create: { width: 300, height: 300, channels: 3, background: "#f0f0f0" } })
    .png()
    .toFile(slide);
  const notices: string[] = [];
  const { record } = await segmentSlide({
    slide,
    task: "nuclei",
    out,
    mpp: 0.25,
    stainNormalise: "reinhard",
    onNotice: (text) => notices.push(text),
  });
  expect(record.stain).toMatchObject({ method: "reinhard", estimate: null });
  expect(record.stain?.skipped).toContain("tissue pixels");
  expect(notices.join()).toContain("stains cannot be estimated");
}, 60_000);
