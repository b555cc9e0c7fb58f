import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type KeptPatch, keepPatch } from "../../../src/segment/clicks/kept-patch.ts";
import { PatchFolder } from "../../../src/segment/clicks/patch-folder.ts";

const keyOf = (i: number) => String(i).padStart(64, "0");
const IMAGE = { data: new Uint8Array(12), width: 2, height: 2 };

function patch(i: number): KeptPatch {
  const data = new Float32Array(1000).fill(i);
  return keepPatch(keyOf(i), IMAGE, { scale: 1, tensors: { embedding: { dims: [1000], data } } });
}

const SIZE = patch(1).data.length;
let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "microtome-patches-")), "clicks");
});

afterEach(async () => {
  await rm(join(folder, ".."), { recursive: true, force: true });
});

/** Sets when a file was last used, so that the order does not hang on the clock. */
const used = (i: number, seconds: number) =>
  utimes(join(folder, `${keyOf(i)}.mtpatch`), seconds, seconds);

it("gives back what was put, to its owner alone", async () => {
  const patches = new PatchFolder(folder, 10 * SIZE);
  expect(await patches.get(keyOf(1))).toBeNull();
  await patches.put(keyOf(1), patch(1));
  expect((await patches.get(keyOf(1)))?.embedding).toEqual(patch(1).embedding);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, `${keyOf(1)}.mtpatch`))).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual([`${keyOf(1)}.mtpatch`]);
  await patches.drop(keyOf(1));
  expect(await patches.get(keyOf(1))).toBeNull();
});

it("stays within its limit, the least recently used going first", async () => {
  const patches = new PatchFolder(folder, 3 * SIZE);
  for (const i of [1, 2, 3]) {
    await patches.put(keyOf(i), patch(i));
    await used(i, i);
  }
  // Reading makes it the most recently used.
  expect(await patches.get(keyOf(1))).not.toBeNull();
  await patches.put(keyOf(4), patch(4));
  expect((await readdir(folder)).map((name) => Number(name.slice(0, 64))).sort()).toEqual([
    1, 3, 4,
  ]);
});

it("takes nothing that is larger than all of it", async () => {
  const patches = new PatchFolder(folder, SIZE - 1);
  await patches.put(keyOf(1), patch(1));
  expect(await readdir(folder).catch(() => [])).toEqual([]);
});

it("takes damaged, foreign and half-written files for nothing, and touches no one else's", async () => {
  const patches = new PatchFolder(folder, 3 * SIZE);
  await patches.put(keyOf(1), patch(1));
  const path = join(folder, `${keyOf(1)}.mtpatch`);
  const bytes = await readFile(path);
  bytes[SIZE / 2]! ^= 1;
  await writeFile(path, bytes);
  expect(await patches.get(keyOf(1))).toBeNull();
  await expect(stat(path)).rejects.toThrow("ENOENT");

  // One patch under another's name.
  await writeFile(path, patch(2).data);
  expect(await patches.get(keyOf(1))).toBeNull();

  await mkdir(path);
  expect(await patches.get(keyOf(1))).toBeNull();
  const part = join(folder, `${keyOf(9)}.0123456789abcdef.part`);
  await writeFile(part, "half");
  await utimes(part, 1, 1);
  await writeFile(join(folder, "slide.tif"), "x".repeat(4 * SIZE));
  await utimes(join(folder, "slide.tif"), 1, 1);
  await patches.put(keyOf(3), patch(3));
  expect((await readdir(folder)).sort()).toEqual([
    `${keyOf(1)}.mtpatch`,
    `${keyOf(3)}.mtpatch`,
    "slide.tif",
  ]);
});

it("a file larger than the limit is not read", async () => {
  const patches = new PatchFolder(folder, SIZE);
  await mkdir(folder);
  await writeFile(join(folder, `${keyOf(1)}.mtpatch`), Buffer.alloc(SIZE + 1));
  expect(await patches.get(keyOf(1))).toBeNull();
});

it("a folder that cannot be written is as if it were not there", async () => {
  await mkdir(join(folder, ".."), { recursive: true });
  await writeFile(folder, "a file");
  const patches = new PatchFolder(folder, SIZE);
  await patches.put(keyOf(1), patch(1));
  expect(await patches.get(keyOf(1))).toBeNull();
});
