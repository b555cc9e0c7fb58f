import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { DATA, hasData } from "../shared-data.ts";

const CASES = join(import.meta.dirname, "../cases/slides");

interface Golden {
  readonly file: string;
  readonly oracle: string;
  readonly channel?: number | string;
  readonly levels: readonly { width: number; height: number; downsample: number }[];
  readonly regions: readonly {
    level: number;
    box: [number, number, number, number];
    /** Of the pixels; or the pixels, and by how much a sample may differ. */
    sha256?: string;
    deflated?: string;
    within?: number;
  }[];
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("pixels equal the oracle's: byte for byte, but where a golden says how near", () => {
  for (const name of readdirSync(CASES).filter((file) => file.endsWith(".json"))) {
    const golden = JSON.parse(readFileSync(join(CASES, name), "utf8")) as Golden;
    it.skipIf(!hasData(join("slides", golden.file)))(
      `${golden.file} (${golden.oracle})`,
      async () => {
        const slide = await openSlide(join(DATA, "slides", golden.file), {
          backend: "native",
          ...(golden.channel === undefined ? {} : { channel: golden.channel }),
        });
        try {
          expect(slide.levels.map((level) => level.size)).toEqual(
            golden.levels.map(({ width, height }) => ({ width, height })),
          );
          slide.levels.forEach((level, i) => {
            expect(level.downsample).toBeCloseTo(golden.levels[i]!.downsample, 9);
          });
          for (const { level, box, sha256, deflated, within } of golden.regions) {
            const [x, y, width, height] = box;
            const region = await slide.readRegion(level, { x, y, width, height });
            if (deflated !== undefined) {
              const expected = inflateSync(Buffer.from(deflated, "base64"));
              expect(expected).toHaveLength(region.data.length);
              expect(largestDifference(region.data, expected)).toBeLessThanOrEqual(within!);
              continue;
            }
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
