import { expect, it } from "vitest";
import type { Size } from "../../src/geometry.ts";
import type { LevelSource } from "../../src/tiler/level-source.ts";
import { RegionReader } from "../../src/tiler/region-reader.ts";

/** Reads over the corner where four blocks meet; the most that were decoded at once. */
async function mostAtOnce(block: Size): Promise<number> {
  let [now, most] = [0, 0];
  const level: LevelSource = {
    size: { width: block.width * 2, height: block.height * 2 },
    block,
    tileSize: block,
    async readBlock() {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return null;
    },
    readRawTile: async () => null,
  };
  const box = { x: block.width - 4, y: block.height - 4, width: 8, height: 8 };
  await new RegionReader([level], 2 ** 20).read(0, box, undefined);
  return most;
}

it("decodes blocks side by side, but no more pixels at once than one block may have", async () => {
  expect(await mostAtOnce({ width: 256, height: 256 })).toBe(4);
  expect(await mostAtOnce({ width: 2 ** 13, height: 2 ** 13 })).toBe(2);
  expect(await mostAtOnce({ width: 2 ** 14, height: 2 ** 13 })).toBe(1);
});
