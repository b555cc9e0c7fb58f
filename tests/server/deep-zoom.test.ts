import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiError, ItemList } from "../../src/server/api.ts";
import { deepZoomGrid, deepZoomLevels, deepZoomTile } from "../../src/server/deep-zoom.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { DATA, hasData } from "../shared-data.ts";
import { getJson, json, send } from "./support/http.ts";

interface GoldenTile {
  readonly level: number;
  readonly column: number;
  readonly row: number;
  readonly size: readonly [number, number];
  readonly sha256?: string;
  readonly png?: string;
}

interface Goldens {
  readonly oracle: string;
  readonly pyramids: readonly {
    readonly size: readonly [number, number];
    readonly levels: readonly {
      readonly size: readonly [number, number];
      readonly grid: readonly [number, number];
      /** Column, row, x and y in level-0 px, width and height in the tile's own. */
      readonly tiles: readonly (readonly [number, number, number, number, number, number])[];
    }[];
  }[];
  readonly slides: Readonly<
    Record<string, { readonly file: string; readonly tiles: readonly GoldenTile[] }>
  >;
}

const CASES = join(import.meta.dirname, "../cases/server");
const goldens = JSON.parse(readFileSync(join(CASES, "deep-zoom.json"), "utf8")) as Goldens;

describe(`tiles lie where ${goldens.oracle} has them`, () => {
  test.each(goldens.pyramids)("$size", ({ size: [width, height], levels }) => {
    const full = { width, height };
    const sizes = deepZoomLevels(full);
    expect(sizes.map((size) => [size.width, size.height])).toEqual(levels.map(({ size }) => size));
    for (const [level, { grid, tiles }] of levels.entries()) {
      const { columns, rows } = deepZoomGrid(sizes[level]!);
      expect([columns, rows]).toEqual(grid);
      for (const [column, row, ...expected] of tiles) {
        const { box, size } = deepZoomTile(full, level, column, row)!;
        expect([box.x, box.y, size.width, size.height]).toEqual(expected);
        expect(box.x + box.width <= width && box.y + box.height <= height).toBe(true);
      }
      expect(deepZoomTile(full, level, columns, 0)).toBeNull();
      expect(deepZoomTile(full, level, 0, rows)).toBeNull();
    }
    expect(deepZoomTile(full, levels.length, 0, 0)).toBeNull();
  });
});

describe.each(Object.entries(goldens.slides))("Deep Zoom of %s", (name, { file, tiles }) => {
  const path =
    name === "sample" ? join(import.meta.dirname, "../..", file) : join(DATA, "slides", file);
  const here = name === "sample" ? existsSync(path) : hasData(`slides/${file}`);

  describe.skipIf(!here)("over HTTP", () => {
    let server: RunningServer;
    let base: string;

    beforeAll(async () => {
      server = await startServer({ target: path, port: 0 });
      const { slides } = await getJson<ItemList>(server.port, "/api/items");
      base = `/slides/${slides[0]!.id}`;
    });

    afterAll(async () => {
      await server?.close();
    });

    test("own levels are byte for byte the oracle's, resampled ones near it", async () => {
      for (const { level, column, row, size, sha256, png } of tiles) {
        const answer = await send(server.port, `${base}_files/${level}/${column}_${row}.png`);
        expect(answer.headers["content-type"]).toBe("image/png");
        const { data, info } = await sharp(answer.body).raw().toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([...size, 3]);
        if (sha256) {
          const digest = createHash("sha256").update(data).digest("hex");
          expect([level, column, row, digest]).toEqual([level, column, row, sha256]);
        } else {
          const golden = await sharp(join(CASES, png!)).removeAlpha().raw().toBuffer();
          const differences = data.map((value, i) => Math.abs(value - golden[i]!));
          const mean = differences.reduce((sum, value) => sum + value, 0) / data.length;
          // Lanczos there, a triangle here: a few grey levels, and no shift, which would be many.
          expect([level, column, row, mean < 4.5]).toEqual([level, column, row, true]);
          expect(differences.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(64);
        }
      }
    });

    test("the descriptor says what a client needs", async () => {
      const answer = await send(server.port, `${base}.dzi`);
      expect(answer.headers["content-type"]).toBe("application/xml; charset=utf-8");
      const text = answer.body.toString();
      const { size } = goldens.slides[name]!.tiles.at(-1)!;
      expect(size).toHaveLength(2);
      expect(text).toMatch(/xmlns="http:\/\/schemas\.microsoft\.com\/deepzoom\/2008"/);
      expect(text).toMatch(
        /Format="jpg" Overlap="1" TileSize="254"><Size Width="\d+" Height="\d+"/,
      );
      const png = await send(server.port, `${base}.dzi?format=png`);
      expect(png.body.toString()).toContain('Format="png"');
    });
  });
});

describe("refusals", () => {
  let server: RunningServer;
  let base: string;

  beforeAll(async () => {
    const target = join(import.meta.dirname, "../../samples/sample.tif");
    server = await startServer({ target, port: 0 });
    const { slides } = await getJson<ItemList>(server.port, "/api/items");
    base = `/slides/${slides[0]!.id}`;
  });

  afterAll(async () => {
    await server?.close();
  });

  test.each([
    ["BASE.dzi?format=tif", 400],
    ["BASE", 404],
    ["/slides/nothing.dzi", 404],
    ["/slides/nothing_files/0/0_0.jpg", 404],
    ["BASE_files/13/0_0.jpg", 404],
    ["BASE_files/12/17_0.jpg", 404],
    ["BASE_files/12/0_13.jpg", 404],
    ["BASE_files/12/-1_0.jpg", 400],
    ["BASE_files/12/0_0.webp", 400],
    ["BASE_files/a/0_0.jpg", 400],
    ["BASE/12/0_0.jpg", 404],
  ])("%s is %i", async (path, status) => {
    const answer = await send(server.port, path.replace("BASE", base));
    expect(answer.status).toBe(status);
    expect(json<ApiError>(answer).error.message.length).toBeGreaterThan(10);
  });

  test("JPEG tiles are the same picture under either ending", async () => {
    const jpg = await send(server.port, `${base}_files/12/16_12.jpg`);
    const jpeg = await send(server.port, `${base}_files/12/16_12.jpeg`);
    expect(jpg.headers["content-type"]).toBe("image/jpeg");
    expect(jpg.body.equals(jpeg.body)).toBe(true);
    expect((await sharp(jpg.body).metadata()).width).toBe(4096 - 16 * 254 + 1);
  });
});
