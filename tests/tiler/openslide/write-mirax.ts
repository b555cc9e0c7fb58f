import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { paint, rgb } from "../write-slides.ts";

/** Side of a tile, px. */
const TILE = 64;

/** What the slide shows: its colour at a level-0 px, or at a px of the level of half its size. */
type Painter = (x: number, y: number) => readonly [number, number, number];

/**
 * Writes a MIRAX slide of 3 × 2 tiles on two levels, PNG inside, without overlaps: `path` (.mrxs) and
 * the folder of its name. The tiles of column 2 are not stored.
 *
 * By OpenSlide's notes on the format (openslide.org/formats/mirax) and its reader.
 */
export async function writeMirax(path: string, level0: Painter, level1: Painter): Promise<void> {
  const id = "0123456789ABCDEF0123456789ABCDEF";
  const folder = join(dirname(path), basename(path, ".mrxs"));
  await mkdir(folder);
  const tile = (column: number, row: number, at: Painter) =>
    rgb(
      paint(TILE, TILE, (x, y) => at(column * TILE + x, row * TILE + y)),
      TILE,
      TILE,
    )
      .png()
      .toBuffer();
  const across = 3;
  const stored: { readonly index: number; readonly png: Buffer }[][] = [[], []];
  for (const row of [0, 1]) {
    for (const column of [0, 1]) {
      stored[0]!.push({ index: row * across + column, png: await tile(column, row, level0) });
    }
  }
  // An image of level 1 covers 2 × 2 of level 0's, and has the number of the first of them.
  stored[1]!.push({ index: 0, png: await tile(0, 0, level1) });

  const data: Buffer[] = [];
  let length = 0;
  const int32 = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) bytes.writeInt32LE(value, i * 4);
    return bytes;
  };
  // Version, slide id, the roots of the two trees; then the levels' records and their pages.
  const head = Buffer.from(`01.02${id}`, "latin1");
  const roots = head.length + 8;
  const records = roots + 8;
  const pages = stored.map((tiles) => {
    const items = tiles.flatMap(({ index, png }) => {
      const at = length;
      data.push(png);
      length += png.length;
      return [index, at, png.length, 0];
    });
    return int32(tiles.length, 0, ...items);
  });
  const firstPage = records + 16;
  const secondPage = firstPage + pages[0]!.length;
  await writeFile(
    join(folder, "Index.dat"),
    Buffer.concat([
      head,
      int32(roots, 0),
      int32(records, records + 8),
      int32(0, firstPage),
      int32(0, secondPage),
      ...pages,
    ]),
  );
  await writeFile(join(folder, "Data0000.dat"), Buffer.concat(data));
  await writeFile(join(folder, "Slidedat.ini"), slidedat(id, across));
  await writeFile(
    path,
    await rgb(paint(8, 8, level0), 8, 8)
      .jpeg()
      .toBuffer(),
  );
}

function slidedat(id: string, across: number): string {
  const level = (name: string, concat: number, mpp: number) => `[${name}]
IMAGE_CONCAT_FACTOR = ${concat}
OVERLAP_X = 0
OVERLAP_Y = 0
MICROMETER_PER_PIXEL_X = ${mpp}
MICROMETER_PER_PIXEL_Y = ${mpp}
IMAGE_FILL_COLOR_BGR = 16777215
DIGITIZER_WIDTH = ${TILE}
DIGITIZER_HEIGHT = ${TILE}
IMAGE_FORMAT = PNG
`;
  return `[GENERAL]
SLIDE_VERSION = 01.02
SLIDE_ID = ${id}
IMAGENUMBER_X = ${across}
IMAGENUMBER_Y = 2
OBJECTIVE_MAGNIFICATION = 20
CameraImageDivisionsPerSide = 1
[HIERARCHICAL]
HIER_COUNT = 1
NONHIER_COUNT = 0
INDEXFILE = Index.dat
HIER_0_NAME = Slide zoom level
HIER_0_COUNT = 2
HIER_0_VAL_0_SECTION = LAYER_0_LEVEL_0_SECTION
HIER_0_VAL_1_SECTION = LAYER_0_LEVEL_1_SECTION
[DATAFILE]
FILE_COUNT = 1
FILE_0 = Data0000.dat
${level("LAYER_0_LEVEL_0_SECTION", 0, 0.46)}${level("LAYER_0_LEVEL_1_SECTION", 1, 0.92)}`;
}
