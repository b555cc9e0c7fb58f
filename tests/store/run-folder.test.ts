import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunFolder, readRunRecord, runFolderName, runKey } from "../../src/store/run-folder.ts";
import type { RunRecord, RunState } from "../../src/store/run-record.ts";

let out: string;
let folder: string;

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), "microtome-run-"));
  folder = join(out, "slide.nuclei");
});
afterEach(() => rm(out, { recursive: true, force: true }));

const FRESH = { resume: false, overwrite: false, fingerprint: "f1" };

/** The parts of a record that the folder itself looks at. */
function record(state: RunState, key: string, fingerprint = "f1"): RunRecord {
  return {
    format: 1,
    state,
    key,
    task: "nuclei",
    slide: { name: "slide.svs", path: "slide.svs", fingerprint },
    patches: { planned: 9, skipped: 0, done: 4, failed: 0 },
    files: [],
  } as unknown as RunRecord;
}

async function leave(state: RunState, key = "k1", fingerprint = "f1"): Promise<void> {
  const run = await RunFolder.open(folder, key, FRESH);
  await run.ledger.append({ patch: 0, ok: true, masks: [], prompts: 1 });
  await run.writeRecord(record(state, key, fingerprint));
  await run.close();
}

describe("RunFolder", () => {
  it("goes on with an unfinished run when asked to, and refuses to lose it when not", async () => {
    await leave("interrupted");
    await expect(RunFolder.open(folder, "k1", FRESH)).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining("--resume"),
    });
    const resumed = await RunFolder.open(folder, "k1", { ...FRESH, resume: true });
    expect(resumed.ledger.has(0)).toBe(true);
    await resumed.close();
    const anew = await RunFolder.open(folder, "k1", { ...FRESH, overwrite: true });
    expect(anew.ledger.has(0)).toBe(false);
    await anew.close();
  });

  it("does not go on with other parameters", async () => {
    await leave("interrupted");
    await expect(RunFolder.open(folder, "k2", { ...FRESH, resume: true })).rejects.toMatchObject({
      code: "run-mismatch",
    });
  });

  it("replaces a finished run of its own kind, and no other unasked", async () => {
    await leave("done");
    await (await RunFolder.open(folder, "k1", FRESH)).close();
    await leave("done");
    await expect(RunFolder.open(folder, "k2", FRESH)).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining("finished run"),
    });
    await (await RunFolder.open(folder, "k2", { ...FRESH, overwrite: true })).close();
    await leave("done", "k2", "f2");
    await expect(RunFolder.open(folder, "k2", FRESH)).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining("another slide"),
    });
  });

  it("takes away the objects of the run it replaces", async () => {
    const run = await RunFolder.open(folder, "k1", FRESH);
    await run.ledger.append({ patch: 0, ok: true, masks: [], prompts: 1 });
    await writeFile(run.file("nuclei.geojson.gz"), "old");
    await run.writeRecord({ ...record("done", "k1"), files: ["nuclei.geojson.gz"] });
    await run.close();
    await (await RunFolder.open(folder, "k2", { ...FRESH, overwrite: true })).close();
    await expect(readFile(join(folder, "nuclei.geojson.gz"))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  it("is held once within a process too", async () => {
    const first = await RunFolder.open(folder, "k1", FRESH);
    await expect(RunFolder.open(folder, "k1", FRESH)).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining("this very process"),
    });
    await first.close();
    await (await RunFolder.open(folder, "k1", FRESH)).close();
  });

  it("is held by one process at a time", async () => {
    const other = JSON.stringify({ pid: process.ppid, host: hostname() });
    await (await RunFolder.open(folder, "k1", FRESH)).close();
    await writeFile(join(folder, "lock"), other);
    await expect(RunFolder.open(folder, "k1", FRESH)).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining(String(process.ppid)),
    });
    // Nothing of the other process's is touched by the refusal.
    expect(await readFile(join(folder, "lock"), "utf8")).toBe(other);
  });

  it("takes over the lock of a process that is gone", async () => {
    await (await RunFolder.open(folder, "k1", FRESH)).close();
    await writeFile(join(folder, "lock"), JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    await (await RunFolder.open(folder, "k1", FRESH)).close();
  });

  it.runIf(process.platform === "linux")("does not hang where no folder can be made", async () => {
    await expect(RunFolder.open("/proc/microtome/slide.nuclei", "k1", FRESH)).rejects.toMatchObject(
      {
        code: "output-unwritable",
      },
    );
  });

  it("says where it cannot write", async () => {
    await writeFile(join(out, "file"), "");
    await expect(
      RunFolder.open(join(out, "file", "slide.nuclei"), "k1", FRESH),
    ).rejects.toMatchObject({
      code: "output-unwritable",
      message: expect.stringContaining("file"),
    });
  });

  it("names a run.json that is something else", async () => {
    await leave("done");
    for (const text of ["{}", "", "null", '{"format":1,"task":"nuclei"}']) {
      await writeFile(join(folder, "run.json"), text);
      await expect(readRunRecord(folder)).rejects.toMatchObject({
        code: "corrupt-file",
        message: expect.stringContaining("run.json"),
      });
    }
    expect(await readRunRecord(join(out, "nowhere"))).toBeNull();
  });
});

describe("runFolderName", () => {
  it.each([
    ["/a/b/CMU-1.svs", "CMU-1.nuclei"],
    ["HE_example.ome.tif", "HE_example.nuclei"],
    ["patient.1.2.tiff", "patient.1.2.nuclei"],
    [".svs", ".svs.nuclei"],
    ["/a/1.2.840.10", "1.2.840.10.nuclei"],
    ["/a/b/", "b.nuclei"],
  ])("%s → %s", (path, expected) => {
    expect(runFolderName(path, "nuclei")).toBe(expected);
  });
});

describe("runKey", () => {
  it("differs as soon as one parameter does", () => {
    const base = { model: "a", parameters: { iou: 0.5, region: null } };
    expect(runKey(base)).toBe(runKey(structuredClone(base)));
    expect(runKey(base)).not.toBe(runKey({ ...base, parameters: { iou: 0.51, region: null } }));
  });
});
