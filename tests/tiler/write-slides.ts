import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export { busy, paint, rgb } from "./paint.ts";

/** A folder for the calling test file's slides, removed when it ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "microtome-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
