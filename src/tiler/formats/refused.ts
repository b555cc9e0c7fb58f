import { UnsupportedSlideError } from "../../errors.ts";
import type { Probe, SlideFormat } from "./format.ts";

/** Formats that are recognised but left to OpenSlide, so that a refusal can say what the file is. */
export const refusedFormats: readonly SlideFormat[] = [
  refused("Zeiss CZI", "zeiss", (probe) => ascii(probe.head, 0, 10) === "ZISRAWFILE"),
  refused("MIRAX (3DHISTECH)", "mirax", (probe) =>
    probe.source.path.toLowerCase().endsWith(".mrxs"),
  ),
  refused("Hamamatsu VMS or VMU", "hamamatsu", (probe) =>
    /^(\xef\xbb\xbf)?\[(Uncompressed )?Virtual Microscope Specimen\]/.test(
      ascii(probe.head, 0, 48),
    ),
  ),
  refused("Sakura", "sakura", (probe) => ascii(probe.head, 0, 15) === "SQLite format 3"),
];

function refused(name: string, vendor: string, detect: (probe: Probe) => boolean): SlideFormat {
  return {
    name,
    vendor,
    detect,
    async open({ source }) {
      throw new UnsupportedSlideError(
        `${source.path} is ${name}, which microtome does not read by itself; convert it to a pyramidal TIFF where you have a tool that reads it, e.g. \`vips tiffsave IN out.tif --tile --pyramid --compression jpeg --bigtiff\` (with OpenSlide) or bfconvert.`,
        { path: source.path, format: name },
      );
    },
  };
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
