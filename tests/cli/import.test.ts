import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeRun } from "../pipeline/run-of-objects.ts";
import { runCli } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-import-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exports the run and gives the file's content and what was said. */
async function exported(...more: string[]) {
  const path = join(folder, "out.geojson");
  const args = ["export", folder, "--format", "qupath", "--out", path, ...more];
  const { status, stderr } = await runCli(args);
  expect(status).toBe(0);
  return { collection: JSON.parse(readFileSync(path, "utf8")), stderr };
}

it("microtome import takes corrections, and export shows them, or the run's own when asked", {
  timeout: 240_000,
}, async () => {
  await makeRun(folder);
  const { collection, stderr } = await exported();
  expect(collection.features).toHaveLength(12);
  expect(stderr).toBe("");
  collection.features.shift();
  const path = join(folder, "corrected.geojson");
  writeFileSync(path, JSON.stringify(collection));
  const { status, stdout } = await runCli(["import", folder, path]);
  expect(status).toBe(0);
  expect(stdout).toContain("12 objects in the run: 11 unchanged, 0 reshaped");
  expect(stdout).toContain("1 deleted");
  const after = await exported();
  expect(after.collection.features).toHaveLength(11);
  expect(after.collection.microtome.corrected).toBe(true);
  expect(after.stderr).toContain("--objects original");
  const original = await exported("--objects", "original");
  expect(original.collection.features).toHaveLength(12);
  expect(original.stderr).toBe("");
  // A feature twice cannot be taken twice.
  collection.features.push(collection.features[0]);
  writeFileSync(path, JSON.stringify(collection));
  const again = await runCli(["import", folder, path, "--json"]);
  expect(again.status).toBe(1);
  expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: 11, leftOut: 1 });
  expect(again.stderr).toContain("its id stands in the file twice");
});
