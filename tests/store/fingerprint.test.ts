import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fingerprintFile, fingerprintFiles } from "../../src/store/fingerprint.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-fingerprint-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function fingerprint(bytes: Buffer) {
  const path = join(folder, "slide");
  await writeFile(path, bytes);
  return fingerprintFile(path);
}

describe("fingerprintFile", () => {
  it("sees every byte of a small file", async () => {
    const bytes = Buffer.alloc(200_000, 7);
    const before = await fingerprint(bytes);
    expect(before.bytes).toBe(200_000);
    for (const at of [0, 65_536, 131_071, 199_999]) {
      const changed = Buffer.from(bytes);
      changed[at] = 8;
      expect((await fingerprint(changed)).sha256).not.toBe(before.sha256);
    }
    expect(await fingerprint(bytes)).toEqual(before);
  });

  it("sees both ends and the size of a large file", async () => {
    const bytes = Buffer.alloc(5_000_000, 7);
    const before = await fingerprint(bytes);
    for (const at of [0, 4_999_999]) {
      const changed = Buffer.from(bytes);
      changed[at] = 8;
      expect((await fingerprint(changed)).sha256).not.toBe(before.sha256);
    }
    expect((await fingerprint(Buffer.alloc(5_000_001, 7))).sha256).not.toBe(before.sha256);
  });

  it("bears an empty file", async () => {
    expect((await fingerprint(Buffer.alloc(0))).bytes).toBe(0);
  });
});

describe("fingerprintFiles", () => {
  it("is the file's own for one, and for several neither their order's nor their names'", async () => {
    const paths: string[] = [];
    for (const name of ["b", "a", "c"]) {
      const path = join(folder, name);
      await writeFile(path, `level ${name === "c" ? "b" : name}`);
      paths.push(path);
    }
    const [b, a, alsoB] = paths as [string, string, string];
    expect(await fingerprintFiles([a])).toEqual(await fingerprintFile(a));
    const both = await fingerprintFiles([a, b]);
    expect(both.bytes).toBe(14);
    expect(await fingerprintFiles([b, a])).toEqual(both);
    expect(await fingerprintFiles([alsoB, a])).toEqual(both);
    expect(await fingerprintFiles([a, a])).not.toEqual(both);
  });
});
