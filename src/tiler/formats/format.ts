import type { ByteSource } from "../byte-source.ts";
import type { OpenOptions, Slide } from "../slide.ts";
import type { Tiff } from "../tiff/structure.ts";

/** What every format may look at to tell whether a file is its own. */
export interface Probe {
  readonly source: ByteSource;
  /** The first bytes, 4096 at most. */
  readonly head: Uint8Array;
  /** The file's directories where it is a TIFF, else null. */
  readonly tiff: Tiff | null;
  /** ImageDescription of the first directory; "" where there is none. */
  readonly description: string;
  /** XMP of the first directory that has any; "" where there is none. */
  readonly xmp: string;
}

/** A slide format: one entry of the table in `table.ts`. */
export interface SlideFormat {
  /** For people, e.g. "Aperio SVS". */
  readonly name: string;
  /** `Slide.vendor` of what it opens. */
  readonly vendor: string;
  /** Whether the file is this format's, by what is in it: an extension proves nothing. */
  detect(probe: Probe): boolean;
  /** Opens it. Throws UnsupportedSlideError, CorruptSlideError. */
  open(probe: Probe, options: OpenOptions): Promise<Slide>;
}
