import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";

const ROOT = join(import.meta.dirname, "../../..");

/** Builds dist/viewer where it is absent or older than its sources. */
export async function ensureViewer(): Promise<void> {
  const built = await stat(join(ROOT, "dist/viewer/index.html")).catch(() => null);
  if (built && built.mtimeMs > (await newest(join(ROOT, "src/viewer")))) return;
  await build({ configFile: join(ROOT, "vite.config.ts"), logLevel: "warn" });
}

/** Builds the viewer into a folder of its own: test files that run at once must not build over each other. */
export async function buildViewer(folder: string): Promise<void> {
  await build({
    configFile: join(ROOT, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
}

async function newest(folder: string): Promise<number> {
  const times = (await readdir(folder)).map(
    async (name) => (await stat(join(folder, name))).mtimeMs,
  );
  return Math.max(...(await Promise.all(times)));
}
