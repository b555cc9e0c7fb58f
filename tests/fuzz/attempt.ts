/**
 * The child of `run.ts`: takes jobs on stdin, one a line, and says on stdout what each ends in, a line
 * before and a line after, so that its parent knows what a crash or a hang belongs to.
 */
import { copyFile, mkdtemp, open, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { MicrotomeError } from "../../src/errors.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import type { Damage } from "./damage.ts";
import type { Job } from "./run.ts";

/** Side of the region read of each level. */
const SIDE = 96;

/** Opens a slide with our own formats and reads a region in the middle and at the far end of each level. */
async function attempt(path: string): Promise<string> {
  try {
    const slide = await openSlide(path, { backend: "native" });
    try {
      for (const { index, size } of slide.levels) {
        const [x, y] = [size.width >> 1, size.height >> 1];
        await slide.readRegion(index, { x, y, width: SIDE, height: SIDE });
        const far = { x: size.width - 8, y: size.height - 8 };
        await slide.readRegion(index, { ...far, width: 16, height: 16 });
      }
      return "pixels";
    } finally {
      await slide.close();
    }
  } catch (error) {
    if (error instanceof MicrotomeError) return error.code;
    return `foreign: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function attemptAll(job: Job, folder: string): Promise<void> {
  if (job.damages.length === 0) {
    await report(job, 0, () => attempt(job.path));
    return;
  }
  const copy = join(folder, basename(job.path));
  await copyFile(job.path, copy);
  for (let i = job.from; i < job.damages.length; i++) {
    const damage = job.damages[i]!;
    await report(job, i, () => withDamage(copy, damage));
  }
  await rm(copy);
}

async function report(job: Job, index: number, run: () => Promise<string>): Promise<void> {
  say({ id: job.id, index });
  const start = performance.now();
  const outcome = await run();
  const ms = Math.round(performance.now() - start);
  say({ id: job.id, index, outcome, ms, rss: process.resourceUsage().maxRSS });
}

/** Changed bytes are put back; a truncation stays, and the next is of a shorter copy. */
async function withDamage(copy: string, { keep, flips = [] }: Damage): Promise<string> {
  const file = await open(copy, "r+");
  const undo: [number, number][] = [];
  try {
    for (const [at, mask] of flips) {
      const byte = new Uint8Array(1);
      await file.read(byte, 0, 1, at);
      undo.push([at, byte[0]!]);
      await file.write(Uint8Array.of(byte[0]! ^ mask), 0, 1, at);
    }
    if (keep !== undefined) await truncate(copy, keep);
    return await attempt(copy);
  } finally {
    for (const [at, byte] of undo.reverse()) await file.write(Uint8Array.of(byte), 0, 1, at);
    await file.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), "microtome-fuzz-"));
try {
  for await (const line of createInterface({ input: process.stdin })) {
    await attemptAll(JSON.parse(line) as Job, folder);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
// Decoders keep threads of their own.
process.exit(0);
