/**
 * Damages every slide in 220 ways and opens each copy in a child process of limited memory:
 *
 *     npm run fuzz -- [--seed 1] [--cuts 20] [--flips 200] [--only PART-OF-A-PATH]
 *
 * Reports what is neither pixels nor a clear error, what took more than 5 s, and the most memory held.
 * Exits 1 if there is any of the first.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DATA, hasData } from "../shared-data.ts";
import { damagesOf } from "./damage.ts";
import { isSound, MEMORY_CAP, type Result, runJobs } from "./run.ts";
import { slidesUnder, writeSlides } from "./slides.ts";

const SLOW_MS = 5000;
/** A hang ends here; what merely takes longer than SLOW_MS is reported, for the machine may be busy. */
const PATIENCE_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    cuts: { type: "string", default: "20" },
    flips: { type: "string", default: "200" },
    only: { type: "string", default: "" },
  },
});
const [seed, cuts, flips] = [values.seed, values.cuts, values.flips].map(Number) as [
  number,
  number,
  number,
];

const folder = await mkdtemp(join(tmpdir(), "microtome-fuzz-slides-"));
try {
  const written = await writeSlides(folder);
  const real = hasData("slides") ? slidesUnder(join(DATA, "slides")) : [];
  const paths = [...written, ...real].filter((path) => path.includes(values.only));
  const files = [];
  for (const path of paths) {
    files.push({ path, damages: damagesOf((await stat(path)).size, seed, cuts, flips) });
  }
  const counts = new Map<string, number>();
  const slow: Result[] = [];
  const unsound: Result[] = [];
  let attempts = 0;
  const { peak } = await runJobs(files, PATIENCE_MS, (result) => {
    const kind = result.outcome.split(":")[0]!;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (result.ms > SLOW_MS) slow.push(result);
    if (!isSound(result.outcome)) {
      unsound.push(result);
      console.error(`${result.path} ${JSON.stringify(result.damage)}\n  ${result.outcome}`);
    }
    if (++attempts % 1000 === 0) console.error(`${attempts} attempts`);
  });
  console.log(`seed ${seed}: ${files.length} slides, ${attempts} damaged copies`);
  for (const [outcome, count] of [...counts].sort()) console.log(`  ${outcome}: ${count}`);
  console.log(`  slower than ${SLOW_MS / 1000} s: ${slow.length}`);
  for (const { path, damage, ms } of slow)
    console.log(`    ${ms} ms ${path} ${JSON.stringify(damage)}`);
  console.log(`  most memory held: ${Math.round(peak / 2 ** 20)} MiB of ${MEMORY_CAP / 2 ** 20}`);
  process.exitCode = unsound.length > 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}
