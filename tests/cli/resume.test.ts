import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunRecord } from "../../src/store/run-folder.ts";
import { runCli, startCli } from "./run-cli.ts";

const SAMPLE = resolve(import.meta.dirname, "../../samples/sample.tif");
// Many small patches, so that a kill finds the run in its middle.
const SMALL = ["--region", "600,400,1400,1100", "--patch-size", "256", "--overlap", "64"];

let out: string;
let reference: Buffer;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "microtome-resume-"));
  const result = await runCli(segment("whole"));
  expect(result.stderr).not.toContain("error[");
  expect(result.status).toBe(0);
  reference = await readFile(geojson("whole"));
}, 180_000);
afterAll(() => rm(out, { recursive: true, force: true }));

function segment(folder: string, ...more: string[]): string[] {
  return ["segment", SAMPLE, "--task", "nuclei", "--out", join(out, folder), ...SMALL, ...more];
}

function runFolder(folder: string): string {
  return join(out, folder, "sample.nuclei");
}

function geojson(folder: string): string {
  return join(runFolder(folder), "nuclei.geojson.gz");
}

/** Starts a run and sends it a signal once its ledger holds `patches` patches. */
async function stopAfter(folder: string, patches: number, signal: NodeJS.Signals) {
  const { child, ended } = startCli(segment(folder));
  const ledger = join(runFolder(folder), "ledger.ndjson");
  for (let waited = 0; waited < 60_000; waited += 20) {
    const text = await readFile(ledger, "utf8").catch(() => "");
    if (text.split("\n").length - 2 >= patches) break;
    await new Promise((next) => setTimeout(next, 20));
  }
  child.kill(signal);
  return ended;
}

describe("a run that is killed", () => {
  it("goes on with --resume and ends with the same bytes", async () => {
    const killed = await stopAfter("killed", 4, "SIGKILL");
    expect(killed.status).toBeNull();
    const before = await readRunRecord(runFolder("killed"));
    expect(before?.state).toBe("running");

    const resumed = await runCli(segment("killed", "--resume", "--json"));
    expect(resumed.status).toBe(0);
    expect((await readFile(geojson("killed"))).equals(reference)).toBe(true);
    const [kept, whole] = await Promise.all(
      ["killed", "whole"].map((name) => readFile(join(runFolder(name), "nuclei.objects"))),
    );
    expect(kept!.equals(whole!)).toBe(true);
    const summary = JSON.parse(resumed.stdout);
    expect(summary.patches.done).toBe(summary.patches.planned - summary.patches.skipped);
    expect(summary.objects).toBeGreaterThan(20);

    const lines = (await readFile(join(runFolder("killed"), "ledger.ndjson"), "utf8")).split("\n");
    const recorded = lines.map((line) => line.match(/"patch":(\d+)/)?.[1]).filter(Boolean);
    expect(new Set(recorded).size, "no patch was segmented twice").toBe(recorded.length);
  }, 180_000);

  it("ends in order on Ctrl-C, says how to go on, and exits 130", async () => {
    const stopped = await stopAfter("stopped", 3, "SIGINT");
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/error\[interrupted\]: .*--resume/);
    expect(stopped.stdout).toBe("");
    const record = await readRunRecord(runFolder("stopped"));
    expect(record?.state).toBe("interrupted");
    expect(record?.patches.done).toBeGreaterThanOrEqual(3);

    const refused = await runCli(segment("stopped"));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/error\[run-mismatch\]: .*--resume/);

    const resumed = await runCli(segment("stopped", "--resume"));
    expect(resumed.status).toBe(0);
    expect((await readFile(geojson("stopped"))).equals(reference)).toBe(true);
  }, 180_000);

  it("has nothing left to do once it is done", async () => {
    const before = await readFile(join(runFolder("whole"), "run.json"));
    const again = await runCli(segment("whole", "--resume"));
    expect(again.status).toBe(0);
    expect(again.stdout).toContain("already done");
    const plain = await runCli(segment("whole", "--json"));
    expect(plain.status).toBe(0);
    const { seconds, patches } = JSON.parse(before.toString());
    expect(JSON.parse(plain.stdout)).toMatchObject({
      run: runFolder("whole"),
      seconds: seconds.total,
      patches,
    });
    expect((await readFile(join(runFolder("whole"), "run.json"))).equals(before)).toBe(true);
  }, 60_000);

  it("is computed anew with --overwrite", async () => {
    const small = [...segment("anew"), "--region", "600,400,300,300"];
    expect((await runCli(small)).status).toBe(0);
    const record = join(runFolder("anew"), "run.json");
    const { seconds } = JSON.parse(await readFile(record, "utf8"));
    const again = await runCli([...small, "--overwrite"]);
    expect(again.status).toBe(0);
    expect(again.stdout).not.toContain("already done");
    expect(JSON.parse(await readFile(record, "utf8")).seconds).not.toEqual(seconds);
  }, 60_000);

  it("is the same run with another number of workers", async () => {
    const one = await runCli(segment("one-worker", "--workers", "1"));
    expect(one.status).toBe(0);
    expect((await readFile(geojson("one-worker"))).equals(reference)).toBe(true);
  }, 120_000);
});

describe("export", () => {
  it("gives a run's objects, compressed or not, and refuses a damaged run with exit 3", async () => {
    const target = (name: string) => join(out, name);
    const run = (folder: string, name: string) =>
      runCli(["export", folder, "--format", "qupath", "--out", target(name)]);
    expect((await run(runFolder("whole"), "a.geojson.gz")).status).toBe(0);
    expect((await run(runFolder("whole"), "a.geojson")).status).toBe(0);
    const text = gunzipSync(reference);
    expect(gunzipSync(await readFile(target("a.geojson.gz"))).equals(text)).toBe(true);
    expect((await readFile(target("a.geojson"))).equals(text)).toBe(true);

    const hurt = target("hurt.nuclei");
    await cp(runFolder("whole"), hurt, { recursive: true });
    const kept = await readFile(join(hurt, "nuclei.objects"));
    await writeFile(join(hurt, "nuclei.objects"), kept.subarray(0, kept.length / 2));
    const refused = await run(hurt, "b.geojson");
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain("error[corrupt-file]");
    await expect(readFile(target("b.geojson"))).rejects.toMatchObject({ code: "ENOENT" });
  }, 60_000);
});

describe("a batch", () => {
  it("refuses two slides that would share a run folder", async () => {
    const slides = await mkdtemp(join(tmpdir(), "microtome-batch-"));
    try {
      for (const name of ["a.tif", "a.svs"]) await copyFile(SAMPLE, join(slides, name));
      const args = ["batch", slides, "--task", "nuclei", "--out", join(out, "shared")];
      const { status, stderr } = await runCli([...args, "--overwrite"]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/error\[usage\]: .*a\.svs and .*a\.tif .*a\.nuclei/);
    } finally {
      await rm(slides, { recursive: true, force: true });
    }
  }, 60_000);

  it("skips what is done, names what failed, and exits 1", async () => {
    const slides = await mkdtemp(join(tmpdir(), "microtome-batch-"));
    try {
      await copyFile(SAMPLE, join(slides, "sample.tif"));
      const whole = await readFile(SAMPLE);
      await writeFile(join(slides, "cut.svs"), whole.subarray(0, whole.length / 3));
      await writeFile(join(slides, "text.svs"), "not a slide\n");
      const args = ["batch", slides, "--task", "nuclei", "--out", join(out, "batch"), ...SMALL];

      const first = await runCli(args);
      expect(first.status).toBe(1);
      expect(first.stdout).toMatch(/sample\.tif +done/);
      expect(first.stdout).toMatch(/cut\.svs +failed .*error\[(corrupt|unsupported)-slide\]/);
      expect(first.stdout).toMatch(/text\.svs +failed .*error\[unsupported-slide\]/);
      expect(first.stdout).toContain("3 slides, 1 done, 2 with something missing");
      const bytes = await readFile(join(out, "batch", "sample.nuclei", "nuclei.geojson.gz"));
      expect(bytes.equals(reference)).toBe(true);

      const second = await runCli([...args, "--resume", "--json"]);
      expect(second.status).toBe(1);
      const outcomes = JSON.parse(second.stdout).slides.map(
        (row: { outcome: string }) => row.outcome,
      );
      expect(outcomes).toEqual(["failed", "already done", "failed"]);
    } finally {
      await rm(slides, { recursive: true, force: true });
    }
  }, 240_000);
});
