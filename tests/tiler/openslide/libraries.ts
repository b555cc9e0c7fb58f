import { existsSync } from "node:fs";
import { libraryCandidates, OpenSlideLibrary } from "../../../src/tiler/openslide/library.ts";

/** A libopenslide that tests are run with. */
export interface TestedLibrary {
  readonly name: string;
  /** What OPENSLIDE_PATH is set to; "" for the system's own. */
  readonly path: string;
  /** null where it cannot be loaded: what needs it skips. */
  readonly version: string | null;
}

/**
 * The system's libopenslide, and those that MICROTOME_TEST_OPENSLIDE names (libraries or folders, with
 * colons between).
 */
export async function testedLibraries(): Promise<readonly TestedLibrary[]> {
  const more = (process.env.MICROTOME_TEST_OPENSLIDE ?? "").split(":").filter(existsSync);
  const found: TestedLibrary[] = [];
  for (const path of ["", ...more]) {
    const library = await OpenSlideLibrary.load(libraryCandidates(path)).catch(() => null);
    const name = path === "" ? "the system's OpenSlide" : "another OpenSlide";
    const version = library?.version ?? null;
    if (version === null) {
      console.warn(
        `skipped: ${name} is absent; install libopenslide, e.g. apt install libopenslide0.`,
      );
    }
    found.push({ name: `${name} ${version ?? "(absent)"}`, path, version });
  }
  return found;
}
