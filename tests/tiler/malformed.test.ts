import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isSound, MEMORY_CAP, runJobs } from "../fuzz/run.ts";
import { DATA, hasData } from "../shared-data.ts";

const MALFORMED = join(DATA, "malformed");

/** Long enough for a slow machine: a hang has no end. */
const PATIENCE_MS = 90_000;

function* filesUnder(path: string): Generator<string> {
  for (const name of readdirSync(path)) {
    const child = join(path, name);
    if (statSync(child).isDirectory()) yield* filesUnder(child);
    else if (!name.startsWith("LICENSE")) yield child;
  }
}

describe.skipIf(!hasData("malformed"))("other projects' crash files", () => {
  it("give pixels or a clear error, within the memory cap", { timeout: 600_000 }, async () => {
    const files = [...filesUnder(MALFORMED)].map((path) => ({ path, damages: [] }));
    const { results, peak } = await runJobs(files, PATIENCE_MS);
    expect(results.filter(({ outcome }) => !isSound(outcome))).toEqual([]);
    expect(results.length).toBe(files.length);
    expect(files.length).toBeGreaterThan(100);
    expect(peak).toBeLessThan(MEMORY_CAP);
  });
});
