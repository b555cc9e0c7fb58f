import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { DATA, hasData } from "../shared-data.ts";

const CASES = join(import.meta.dirname, "../cases/slides");

interface Golden {
  readonly file: string;
  readonly oracle: string;
  readonly levels: readonly { width: number; height: number; downsample: number }[];
  readonly regions: readonly {
    level: number;
    box: [number, number, number, number];
    sha256: string;
  }[];
}

describe("pixels equal the oracle's, byte for byte", () => {
  for (const name of readdirSync(CASES).filter((file) => file.endsWith(".json"))) {
    const golden = JSON.parse(readFileSync(join(CASES, name), "utf8")) as Golden;
    it.skipIf(!hasData(join("slides", golden.file)))(
      `${golden.file} (${golden.oracle})`,
      async () => {
        const slide = await openSlide(join(DATA, "slides", golden.file));
        try {
          expect(slide.levels.map((level) => level.size)).toEqual(
            golden.levels.map(({ width, height }) => ({ width, height })),
          );
          slide.levels.forEach((level, i) => {
            expect(level.downsample).toBeCloseTo(golden.levels[i]!.downsample, 9);
          });
          for (const { level, box, sha256 } of golden.regions) {
            const [x, y, width, height] = box;
            const region = await slide.readRegion(level, { x, y, width, height });
            const found = createHash("sha256").update(region.data).digest("hex");
            expect({ level, box, sha256: found }).toEqual({ level, box, sha256 });
          }
        } finally {
          await slide.close();
        }
      },
    );
  }
});
