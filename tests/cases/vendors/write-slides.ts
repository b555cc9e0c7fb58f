/** Writes the slides of tests/tiler/vendors.test.ts into a folder: npx tsx write-slides.ts FOLDER. */
import { join } from "node:path";
import { VENDOR_SLIDES } from "../../tiler/write-vendors.ts";

const folder = process.argv[2];
if (!folder) throw new Error("usage: npx tsx write-slides.ts FOLDER");
for (const [file, write] of Object.entries(VENDOR_SLIDES)) await write(join(folder, file));
