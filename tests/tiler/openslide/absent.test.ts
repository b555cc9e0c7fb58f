import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openSlide } from "../../../src/tiler/open-slide.ts";
import { libraryCandidates, OpenSlideLibrary } from "../../../src/tiler/openslide/library.ts";
import { busy, paint, rgb, scratchFolder } from "../write-slides.ts";

const folder = scratchFolder();
const setting = process.env.OPENSLIDE_PATH;
afterEach(() => {
  if (setting === undefined) delete process.env.OPENSLIDE_PATH;
  else process.env.OPENSLIDE_PATH = setting;
});

describe("where OpenSlide is not there", () => {
  it("a slide that needs it says how to install it, on each system", async () => {
    process.env.OPENSLIDE_PATH = join(folder, "libopenslide.so.1");
    const file = join(folder, "slide.mrxs");
    await rgb(paint(8, 8, busy), 8, 8)
      .jpeg()
      .toFile(file);
    // Twice: the second is from what the first found out.
    for (const backend of ["auto", "auto", "openslide"] as const) {
      await expect(openSlide(file, { backend })).rejects.toMatchObject({
        code: "unsupported-slide",
        message: expect.stringMatching(
          /slide\.mrxs.*libopenslide cannot be loaded.*apt install libopenslide0.*brew install openslide.*Windows.*OPENSLIDE_PATH/,
        ),
      });
    }
  });

  it("a text is told to be a text, and no more", async () => {
    process.env.OPENSLIDE_PATH = join(folder, "libopenslide.so.1");
    const file = join(folder, "notes.svs");
    await writeFile(file, "not a slide");
    await expect(openSlide(file)).rejects.toThrow(/is a text file; expected [^.]*\.$/);
  });

  it("the absence of koffi is told from that of the library", async () => {
    const missing = () => Promise.reject(new Error("Cannot find package 'koffi'"));
    await expect(OpenSlideLibrary.load([], missing)).rejects.toMatchObject({ fault: "no-koffi" });
    await expect(OpenSlideLibrary.load([])).rejects.toMatchObject({ fault: "no-library" });
  });
});

describe("libraryCandidates", () => {
  it("takes the usual names where OPENSLIDE_PATH is not set", () => {
    expect(libraryCandidates(undefined).length).toBeGreaterThan(1);
    expect(libraryCandidates("")).toEqual(libraryCandidates(undefined));
  });

  it("takes a file as it is, and what a folder holds, the newest first", async () => {
    expect(libraryCandidates("/opt/libopenslide.so.1")).toEqual(["/opt/libopenslide.so.1"]);
    const held = join(folder, "lib");
    await mkdir(held);
    for (const name of ["libopenslide.so.0", "libopenslide.so.1", "libother.so", "README"]) {
      await writeFile(join(held, name), "");
    }
    expect(libraryCandidates(held)).toEqual(
      ["libopenslide.so.1", "libopenslide.so.0"].map((name) => join(held, name)),
    );
  });
});
