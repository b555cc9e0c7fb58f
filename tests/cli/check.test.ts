import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-check-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bowTie = {
  type: "Feature",
  id: null,
  geometry: {
    type: "Polygon",
    coordinates: [
      [
        [0, 0],
        [6, 5],
        [4, 0],
        [0, 4],
        [0, 0],
      ],
    ],
  },
  properties: {},
};
const hopeless = { type: "Feature", geometry: null, properties: {} };

function written(name: string, features: unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ type: "FeatureCollection", features }));
  return path;
}

describe("microtome check", { timeout: 120_000 }, () => {
  it("says where there is nothing in a file, which is no fault", async () => {
    expect(await runCli(["check", written("empty.geojson", [])])).toMatchObject({
      status: 0,
      stdout: "ok: QuPath imports this file, but there is nothing in it: 0 objects\n",
    });
  });

  it.each([
    // Both halves are as large: the area is 0.
    [
      "an even bow-tie",
      [
        [0, 0],
        [4, 4],
        [4, 0],
        [0, 4],
        [0, 0],
      ],
      "polygon-valid",
    ],
    [
      "three positions that are not closed",
      [
        [0, 0],
        [4, 0],
        [4, 4],
      ],
      "ring-closed",
    ],
    [
      "two positions",
      [
        [0, 0],
        [4, 0],
      ],
      "ring-points",
    ],
    [
      "a ring that rounding makes a point",
      [
        [0, 0],
        [0.001, 0],
        [0, 0.001],
        [0, 0],
      ],
      "polygon-area",
    ],
  ])("names %s by the same rule with --fix and without", async (_, ring, rule) => {
    const geometry = { type: "Polygon", coordinates: [ring] };
    const path = written("ring.geojson", [{ ...bowTie, id: undefined, geometry }]);
    const { ok, findings } = JSON.parse((await runCli(["check", path, "--json"])).stdout);
    expect(ok).toBe(false);
    expect(findings.map((finding: { rule: string }) => finding.rule)).toEqual([rule]);
    const fixed = await runCli([
      "check",
      path,
      "--fix",
      join(folder, "ring-fixed.geojson"),
      "--json",
    ]);
    const { done, left } = JSON.parse(fixed.stdout);
    const named = [...done, ...left].map((said: { rule: string }) => said.rule);
    expect([...new Set(named)]).toEqual([rule]);
  });

  it("--fix ends with 0 where all was mended, and its result passes", async () => {
    const path = written("bow-tie.geojson", [bowTie]);
    const out = join(folder, "fixed.geojson");
    expect((await runCli(["check", path])).status).toBe(1);
    const { status, stdout } = await runCli(["check", path, "--fix", out]);
    expect(status).toBe(0);
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      "mended id: feature 0: left out its id null",
      "mended polygon-valid: feature 0: put 2 valid polygons for what was not valid (self-intersection)",
    ]);
    expect(await runCli(["check", out])).toMatchObject({
      status: 0,
      stdout: "ok: QuPath imports this file\n",
    });
  });

  it("--fix --json ends with 1 where something was left out, and names it", async () => {
    const path = written("hopeless.geojson", [bowTie, hopeless]);
    const out = join(folder, "rest.geojson");
    const { status, stdout } = await runCli(["check", path, "--fix", out, "--json"]);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ ok: false, features: 2, written: 1, mended: 1, leftOut: 1 });
    expect(report.left).toMatchObject([{ rule: "geometry", feature: 1 }]);
    expect(JSON.parse(readFileSync(out, "utf8")).features).toHaveLength(1);
  });
});
