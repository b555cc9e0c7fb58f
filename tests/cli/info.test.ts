import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { profiledTiff } from "../../src/tiler/color/profiled-tiff.ts";
import { PROFILES } from "../tiler/color/profiles.ts";
import { busy, paint } from "../tiler/write-slides.ts";
import { runCli } from "./run-cli.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "microtome-info-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("info says what a slide is, its profile included", { timeout: 120_000 }, async () => {
  const image = { data: paint(70, 50, busy), width: 70, height: 50 };
  const { icc } = PROFILES.scanner!;
  const [sound, damaged] = [join(dir, "sound.tif"), join(dir, "damaged.tif")];
  await writeFile(sound, profiledTiff(image, icc));
  await writeFile(damaged, profiledTiff(image, icc.slice(0, 800)));

  const { status, stdout, stderr } = await runCli(["info", sound, "--json", "--mpp", "0.5"]);
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({
    path: sound,
    vendor: "generic-tiff",
    backend: "native",
    width: 70,
    height: 50,
    mpp: { x: 0.5, y: 0.5, source: "override" },
    objectivePower: null,
    levels: [{ index: 0, size: { width: 70, height: 50 }, downsample: 1 }],
    bounds: null,
    iccProfile: {
      bytes: icc.length,
      description: "Made-up scanner (test)",
      space: "RGB",
      damage: null,
    },
    associated: [],
    tissue: { fraction: expect.any(Number), areaMm2: expect.any(Number) },
  });
  expect((await runCli(["info", sound])).stdout).toMatch(/ICC +Made-up scanner \(test\) \(RGB/);
  const told = await runCli(["info", damaged]);
  expect(told.status).toBe(0);
  expect(told.stdout).toMatch(/ICC +damaged: it says \d+ bytes and has 800/);
});
