import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { DATA, hasData } from "../shared-data.ts";

interface Row {
  readonly file: string;
  readonly refused?: string;
  readonly box?: readonly [number, number, number, number];
  readonly sha256?: string;
}

const FOLDER = "slides/tiff-conformance";
const table = JSON.parse(
  readFileSync(join(import.meta.dirname, "../cases/tiff-conformance/table.json"), "utf8"),
) as Row[];

/** A row as it turns out. */
async function outcome({ file, refused, box }: Row): Promise<Pick<Row, "refused" | "sha256">> {
  try {
    const slide = await openSlide(join(DATA, FOLDER, file), { backend: "native" });
    try {
      const [x, y, width, height] = box ?? [0, 0, 1, 1];
      const { data } = await slide.readRegion(0, { x, y, width, height });
      return { sha256: createHash("sha256").update(data).digest("hex") };
    } finally {
      await slide.close();
    }
  } catch (error) {
    const { message } = error as Error;
    return { refused: refused && message.includes(refused) ? refused : message };
  }
}

it.skipIf(!hasData(FOLDER))(
  "the odd layouts of TIFF: those that open equal libvips or tifffile, the others say why not",
  async () => {
    for (const row of table) {
      const { refused, sha256 } = row;
      const expected = refused === undefined ? { sha256 } : { refused };
      expect({ file: row.file, ...(await outcome(row)) }).toEqual({ file: row.file, ...expected });
    }
  },
);
