import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";

interface LockOwner {
  readonly pid: number;
  readonly host: string;
}

/** Folders that this process holds: a lock file of its own number would look like an old one. */
const held = new Set<string>();

/** Takes a run folder for this process. Throws `run-mismatch` where another run holds it. */
export async function lockFolder(folder: string): Promise<void> {
  if (held.has(folder)) {
    throw new MicrotomeError(
      "run-mismatch",
      `${folder} is in use by this very process; wait for its run to end, or choose another --out.`,
      { path: folder },
    );
  }
  held.add(folder);
  try {
    await writeLock(folder);
  } catch (error) {
    held.delete(folder);
    throw error;
  }
}

async function writeLock(folder: string): Promise<void> {
  const path = join(folder, "lock");
  const mine = JSON.stringify({ pid: process.pid, host: hostname() } satisfies LockOwner);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(path, mine, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = await readOwner(path);
      if (owner && (owner.host !== hostname() || isHeldByAnother(owner.pid))) {
        throw new MicrotomeError(
          "run-mismatch",
          `${folder} is in use by process ${owner.pid} on ${owner.host}; wait for it, or remove ${path} if that machine is gone.`,
          { path: folder, pid: owner.pid },
        );
      }
      // The owner was killed: its lock is stale.
      await rm(path, { force: true });
    }
  }
  throw new MicrotomeError(
    "run-mismatch",
    `${folder} is being taken by another process; try again, or choose another --out.`,
    { path: folder },
  );
}

/** Gives a run folder back. */
export async function unlockFolder(folder: string): Promise<void> {
  held.delete(folder);
  await rm(join(folder, "lock"), { force: true });
}

async function readOwner(path: string): Promise<LockOwner | null> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as LockOwner;
    return typeof owner.pid === "number" && typeof owner.host === "string" ? owner : null;
  } catch {
    return null;
  }
}

/** Our own number in the file means an earlier process that had the same one, as in containers. */
function isHeldByAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
