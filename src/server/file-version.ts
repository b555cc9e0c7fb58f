import { createHmac, randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A word for a slide's state, that of the files it is made of included. Keyed, as the time of a scan is not to be had from it. */
export async function fileVersion(path: string): Promise<string> {
  const hash = createHmac("sha256", VERSION_KEY);
  for (const file of [path, ...(await filesWithin(path))]) {
    const { size, mtimeMs, ino } = await stat(file);
    hash.update(`${file}\n${size}\n${mtimeMs}\n${ino}\n`);
  }
  return hash.digest("base64url").slice(0, 16);
}

/** What lies in a slide that is a folder (DICOM), or in the folder that belongs to a file (MIRAX). */
async function filesWithin(path: string): Promise<string[]> {
  const folder = /\.mrxs$/i.test(path) ? path.slice(0, -".mrxs".length) : path;
  // A slide that is a file has no entries to read.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  return files.sort();
}

const VERSION_KEY = randomBytes(32);
