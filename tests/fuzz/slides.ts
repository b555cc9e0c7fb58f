import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { frame, framePosition, writeDicom } from "../tiler/write-dicom.ts";
import { writeNdpi } from "../tiler/write-ndpi.ts";
import { VENDOR_SLIDES } from "../tiler/write-vendors.ts";

/** Files beside the slides that are none: notes and licences. */
const NO_SLIDE = /\.(txt|md)$|COPYRIGHT$/;

/** Every slide file under a folder. */
export function slidesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return slidesUnder(path);
    return NO_SLIDE.test(name) ? [] : [path];
  });
}

/** Writes a small slide of each format that no real file is at hand of, and an NDPI; gives their paths. */
export async function writeSlides(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [file, write] of Object.entries(VENDOR_SLIDES)) {
    paths.push(join(folder, file));
    await write(join(folder, file));
  }
  const ndpi = join(folder, "intervals.ndpi");
  await writeNdpi(ndpi, [
    { size: { width: 192, height: 80 }, lens: 20, piece: { width: 64, height: 8 } },
    { size: { width: 96, height: 40 }, lens: 10 },
  ]);
  const dicom = join(folder, "sparse.dcm");
  await writeDicom(dicom, 24, 16, {
    elements: [
      ["00209311", "CS", "TILED_SPARSE"],
      ["00280008", "IS", "2"],
      ["52009230", "SQ", [framePosition(16, 8), framePosition(0, 0)]],
    ],
    pixels: Buffer.concat([frame(10), frame(20)]),
  });
  return [...paths, ndpi, dicom];
}
