import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PatchMask } from "../../src/segment/mask.ts";
import { Ledger } from "../../src/store/ledger.ts";
import type { LedgerEntry } from "../../src/store/ledger-line.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-ledger-"));
  path = join(folder, "ledger.ndjson");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function mask(seed: number): PatchMask {
  return {
    rle: { width: 4, height: 3, runs: [seed % 5, 12 - (seed % 5)] },
    box: { x: seed, y: 2 * seed, width: 4, height: 3 },
    area: 12 - (seed % 5),
    predictedIou: 0.1 + seed / 977,
    stabilityScore: 1 / (seed + 1),
    point: { x: seed + 0.5, y: 2 * seed + 0.25 },
    hematoxylinOd: Math.sqrt(seed),
    ...(seed % 2 === 0 ? { classification: "Stromal" } : {}),
  };
}

function done(patch: number, masks: number): Extract<LedgerEntry, { ok: true }> {
  return {
    patch,
    ok: true,
    prompts: masks + 1,
    masks: Array.from({ length: masks }, (_, i) => mask(patch * 31 + i)),
  };
}

describe("Ledger", () => {
  it("gives back exactly what was recorded, after being opened again", async () => {
    const first = await Ledger.create(path, "key");
    await first.append(done(3, 2));
    await first.append(done(0, 0));
    await first.close();

    const again = await Ledger.resume(path, "key");
    expect(again?.counts).toEqual({ done: 2, failed: 0, masks: 2, prompts: 4 });
    expect(await again?.masksOf(3)).toEqual(done(3, 2).masks);
    expect(await again?.masksOf(0)).toEqual([]);
    expect(await again?.masksOf(7)).toEqual([]);
    await again?.close();
  });

  it("loses only the torn line, wherever a kill cuts the file", async () => {
    const ledger = await Ledger.create(path, "key");
    const ends: number[] = [(await readFile(path)).length];
    for (let patch = 0; patch < 6; patch++) {
      await ledger.append(done(patch, patch % 3));
      ends.push((await readFile(path)).length);
    }
    await ledger.close();
    const whole = await readFile(path);

    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
        await writeFile(path, whole.subarray(0, cut));
        const resumed = await Ledger.resume(path, "key");
        const lines = ends.filter((end) => end <= cut).length;
        if (lines === 0) {
          expect(resumed).toBeNull();
          return;
        }
        expect(resumed?.counts.done).toBe(lines - 1);
        // What follows the tear is written over it and can be read again.
        await resumed?.append(done(5, 2));
        await resumed?.close();
        const third = await Ledger.resume(path, "key");
        expect(third?.has(5)).toBe(true);
        expect(await third?.masksOf(5)).toEqual(done(5, 2).masks);
        await third?.close();
      }),
      { numRuns: 60 },
    );
  });

  it("stops at a line whose bytes were changed", async () => {
    const ledger = await Ledger.create(path, "key");
    for (let patch = 0; patch < 3; patch++) await ledger.append(done(patch, 1));
    await ledger.close();
    const bytes = await readFile(path);
    const second = bytes.indexOf('"patch":1');
    bytes[second + 8] = 0x39;
    await writeFile(path, bytes);

    const resumed = await Ledger.resume(path, "key");
    expect(resumed?.has(0)).toBe(true);
    expect(resumed?.has(1)).toBe(false);
    expect(resumed?.has(2)).toBe(false);
    await resumed?.close();
  });

  it("is not taken for another run's, nor is a file that is no ledger", async () => {
    const ledger = await Ledger.create(path, "key");
    await ledger.close();
    expect(await Ledger.resume(path, "other key")).toBeNull();
    await truncate(path, 5);
    expect(await Ledger.resume(path, "key")).toBeNull();
    await writeFile(path, "hello\nworld\n");
    expect(await Ledger.resume(path, "key")).toBeNull();
    expect(await Ledger.resume(join(folder, "absent"), "key")).toBeNull();
  });

  it("counts a failed patch until it succeeds", async () => {
    const ledger = await Ledger.create(path, "key");
    const error = {
      code: "corrupt-slide" as const,
      message: "tile cut short",
      fields: { tile: 4 },
    };
    await ledger.append({ patch: 2, ok: false, error });
    expect(ledger.has(2)).toBe(false);
    expect(await ledger.failures()).toEqual([{ patch: 2, error }]);
    await ledger.append(done(2, 1));
    expect(ledger.has(2)).toBe(true);
    expect(await ledger.failures()).toEqual([]);
    await ledger.close();
  });

  it("names the file when the disk changes under it", async () => {
    const ledger = await Ledger.create(path, "key");
    await ledger.append(done(1, 3));
    const bytes = await readFile(path);
    bytes[bytes.length - 20] = 0;
    await writeFile(path, bytes);
    await expect(ledger.masksOf(1)).rejects.toMatchObject({
      code: "corrupt-file",
      message: expect.stringContaining(path),
    });
    await ledger.close();
  });

  it("keeps records whole when many are appended at once", async () => {
    const ledger = await Ledger.create(path, "key");
    await Promise.all(Array.from({ length: 50 }, (_, patch) => ledger.append(done(patch, 3))));
    await ledger.close();
    await appendFile(path, "torn");
    const again = await Ledger.resume(path, "key");
    expect(again?.counts).toMatchObject({ done: 50, masks: 150 });
    for (let patch = 0; patch < 50; patch++) {
      expect(await again?.masksOf(patch)).toEqual(done(patch, 3).masks);
    }
    await again?.close();
  });
});
