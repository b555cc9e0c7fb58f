import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");

/**
 * Builds the command line before the tests unless it is newer than its sources: tests that start it as a
 * process of its own run what a user runs, and do not compile it anew each time.
 */
export default function buildOnce(): void {
  const sources = join(ROOT, "src");
  const newest = Math.max(
    ...readdirSync(sources, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => statSync(join(sources, name)).mtimeMs),
  );
  const built = statSync(join(ROOT, "dist/cli/main.js"), { throwIfNoEntry: false });
  if (built && built.mtimeMs > newest) return;
  const { status } = spawnSync("npm", ["run", "--silent", "build:node"], {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("npm run build:node failed: see above");
}
