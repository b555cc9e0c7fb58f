import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nuclei, sideOf } from "../../bench/store/nuclei.ts";
import { writeQuPath } from "../../src/export/qupath.ts";
import { TASKS } from "../../src/scales/tasks.ts";
import { openMemoryOverlay } from "../../src/server/memory-overlay.ts";
import type { OverlaySource } from "../../src/server/overlay-source.ts";
import { readObjects } from "../../src/server/read-objects.ts";
import { openStoredOverlay } from "../../src/server/stored-overlay.ts";
import { ObjectsFile } from "../../src/store/objects/objects-file.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { decodeTile } from "../../src/viewer/decode-tile.ts";
import { streamOf } from "../export/objects.ts";
import { randomFrom } from "../merge/random.ts";
import { ABOUT } from "../store/objects/some-objects.ts";

// So many that a tile of zoom 3 has more than it may have outlines.
const COUNT = 20_000;
const instances = [...nuclei(COUNT, 3)];

let folder: string;
let memory: OverlaySource;
let stored: OverlaySource;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-stored-"));
  const [exported, kept] = [join(folder, "nuclei.geojson"), join(folder, "nuclei.objects")];
  await writeQuPath(streamOf(instances), { path: exported, task: TASKS.nuclei });
  await writeObjects(streamOf(instances), { path: kept, about: ABOUT });
  memory = openMemoryOverlay(await readObjects(exported), "v");
  stored = openStoredOverlay(await ObjectsFile.open(kept), "v");
}, 120_000);
afterAll(async () => {
  await stored?.close();
  await rm(folder, { recursive: true, force: true });
});

describe("objects that are read by place", () => {
  test("are described as they are from GeoJSON", () => {
    const { classes, measurements, ...facts } = stored.info;
    expect(memory.info).toMatchObject(facts);
    const byName = (info: typeof stored.info) =>
      [...info.classes].sort((a, b) => a.name.localeCompare(b.name));
    expect(byName(stored.info)).toEqual(byName(memory.info));
    for (const [i, { name, min, max, low, high }] of measurements.entries()) {
      const expected = memory.info.measurements[i]!;
      expect({ name, min, max }).toEqual({
        name: expected.name,
        min: expected.min,
        max: expected.max,
      });
      // Percentiles come from a sample.
      expect(Math.abs(low - expected.low)).toBeLessThan((max - min) / 50);
      expect(Math.abs(high - expected.high)).toBeLessThan((max - min) / 50);
    }
  });

  test("make the tiles that those in memory make, at every zoom", async () => {
    const { maxZoom } = stored.info;
    const namesOf = ({ info }: OverlaySource, codes: Uint32Array) =>
      [...codes].map((code) => info.classes[code]!.name).join();
    const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array) =>
      Buffer.from(buffer, byteOffset, byteLength);
    let outlines = 0;
    let dots = 0;
    for (let z = 0; z <= maxZoom; z++) {
      for (const [x, y] of [
        [0, 0],
        [1, 0],
      ] as const) {
        const [a, b] = await Promise.all(
          [memory, stored].map(async (source) =>
            decodeTile((await source.tile({ z, x, y })).buffer),
          ),
        );
        for (const part of ["objects", "ringsOf", "pointsOf", "xy", "dots", "dotXy"] as const) {
          expect(bytesOf(b![part]).equals(bytesOf(a![part])), `${part} of ${z} ${x} ${y}`).toBe(
            true,
          );
        }
        expect(b!.total).toBe(a!.total);
        for (const part of ["classes", "dotClasses"] as const) {
          expect(namesOf(stored, b![part])).toBe(namesOf(memory, a![part]));
        }
        outlines = Math.max(outlines, b!.classes.length);
        dots = Math.max(dots, b!.dotClasses.length);
      }
    }
    expect(outlines).toBe(12_000);
    expect(dots).toBeGreaterThan(4_000);
  }, 120_000);

  test("are found, counted and measured alike", async () => {
    const random = randomFrom(11);
    const side = sideOf(COUNT);
    let found = 0;
    for (let n = 0; n < 150; n++) {
      const [x, y, reach] = [random() * side, random() * side, n % 3 === 0 ? 0 : random() * 40];
      const [a, b] = await Promise.all([memory.at(x, y, reach), stored.at(x, y, reach)]);
      expect(b).toEqual(a);
      if (b) found++;
      const size = random() * 4000;
      const box = { x: x - size / 2, y: y - size / 3, width: size, height: size / 2 };
      expect(await stored.count(box)).toBe(await memory.count(box));
    }
    expect(found).toBeGreaterThan(30);
    const whole = { x: -100, y: -100, width: side + 200, height: side + 200 };
    expect(await stored.count(whole)).toBe(COUNT);
    for (const key of [0, 4711, COUNT - 1, COUNT, instances[12_345]!.id, "none"]) {
      expect(await stored.object(key)).toEqual(await memory.object(key));
    }
    for (let m = 0; m <= memory.info.measurements.length; m++) {
      expect(await stored.column(m)).toEqual(await memory.column(m));
    }
  }, 60_000);
});
