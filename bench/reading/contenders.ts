import { join } from "node:path";
import { Contender, type ContenderCommand } from "../harness/contender.ts";

/** A reader that the bench knows. */
export interface Reader extends ContenderCommand {
  readonly name: ReaderName;
  /** What the tables call it. */
  readonly title: string;
  /** How it is used, in a sentence. */
  readonly how: string;
  /** Share of a full pass that it is asked for: the slowest would hold up the others for many minutes. */
  readonly passShare: number;
}

export const READER_NAMES = ["microtome", "openslide", "libvips", "geotiff"] as const;

export type ReaderName = (typeof READER_NAMES)[number];

const here = (file: string) => join(import.meta.dirname, file);

/** The readers; those in Python need openslide-python with openslide-bin, pyvips with pyvips-binary, NumPy and Pillow. */
export function readers(python: string): readonly Reader[] {
  const node = (file: string) => ({
    command: process.execPath,
    args: ["--import", "tsx", here(file)],
  });
  return [
    {
      name: "microtome",
      title: "microtome",
      how: "readRegion, readScaled and readPatches",
      passShare: 1,
      ...node("microtome.ts"),
    },
    {
      name: "openslide",
      title: "OpenSlide",
      how: "openslide_read_region into a reused buffer (premultiplied ARGB), called from Python, nothing converted; 10x is level 0 shrunk by Pillow's BILINEAR",
      passShare: 1,
      command: python,
      args: [here("openslide_c.py")],
    },
    {
      name: "libvips",
      title: "libvips",
      how: "pyvips Region.fetch on tiffload, random access; 10x is crop and resize (linear)",
      passShare: 1,
      command: python,
      args: [here("libvips.py")],
    },
    {
      name: "geotiff",
      title: "geotiff.js",
      how: "readRGB without a worker pool; its 10x is point-sampled, not low-passed",
      passShare: 0.05,
      ...node("geotiff.ts"),
    },
  ];
}

/** Starts a reader; null, and a line on stderr, where it is not installed. */
export async function startReader(reader: Reader): Promise<Contender | null> {
  try {
    return await Contender.start(reader);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`left out: ${reader.title} cannot be started (${why})\n`);
    return null;
  }
}
