import { basename } from "node:path";
import type { Size } from "../../geometry.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import { encodeDirectory, encodeHeader, type TiffField, TYPE } from "../../tiff-directory.ts";
import { VERSION } from "../../version.ts";
import { type PartFile, writePart } from "../part-file.ts";
import { deflateLabels, deflateTiles } from "./deflate-tiles.ts";
import { type GridSlide, labelGrid, requireLabels } from "./label-grid.ts";
import { labelTiles, levelSizes } from "./label-pyramid.ts";
import { type LabelFacts, omeXml } from "./ome-xml.ts";

/** How to write a label image. */
export interface LabelTiffOptions {
  /** Usually `.ome.tif`. */
  readonly path: string;
  readonly slide: GridSlide;
  /** µm per label px. */
  readonly mpp: number;
  readonly facts: LabelFacts;
}

const SIDE = 512;
const DEFLATE = 8;
const MIN_IS_BLACK = 1;
const UNSIGNED = 1;
const CENTIMETRE = 3;

/**
 * Writes objects as a label image: tiled BigTIFF with OME-XML, 32-bit labels (an object's place in
 * the source + 1; 0 is background), deflate, coarser levels in SubIFDs.
 *
 * All empty tiles share one block: libtiff takes a tile of no bytes for damage. Constant memory.
 * Throws MicrotomeError `output-unwritable`, and `usage` for an image or a number of objects that is
 * too large. Sources: TIFF 6.0; BigTIFF; OME-TIFF 6.0 (pyramids in SubIFDs).
 */
export async function writeLabelTiff(
  source: InstanceSource,
  { path, slide, mpp, facts }: LabelTiffOptions,
): Promise<{ readonly bytes: number; readonly size: Size; readonly levels: number }> {
  requireLabels(source.count);
  const grid = labelGrid(slide, mpp, SIDE);
  const sizes = levelSizes(grid, SIDE);
  const { bytes } = await writePart(path, async (file) => {
    await file.append(encodeHeader(true, 0));
    const tables = sizes.map((size) => new TileTable(size));
    for await (const tile of deflateTiles(labelTiles(source, grid, SIDE))) {
      const at = await file.append(tile.bytes);
      tables[tile.level]!.put(tile.column, tile.row, at, tile.bytes.length);
    }
    if (tables.some((table) => table.hasGaps)) {
      const empty = await deflateLabels(new Uint32Array(SIDE * SIDE));
      const at = await file.append(empty);
      for (const table of tables) table.fillGaps(at, empty.length);
    }
    const description = omeXml(basename(path), grid, facts);
    const first = await appendDirectories(file, tables, mpp, description);
    await file.patch(encodeHeader(true, first), 0);
  });
  return { bytes, size: grid.size, levels: sizes.length };
}

/** Where the tiles of a level lie in the file. */
class TileTable {
  readonly size: Size;
  readonly offsets: number[];
  readonly counts: number[];
  readonly #columns: number;

  constructor(size: Size) {
    this.size = size;
    this.#columns = Math.ceil(size.width / SIDE);
    const tiles = this.#columns * Math.ceil(size.height / SIDE);
    this.offsets = new Array<number>(tiles).fill(0);
    this.counts = new Array<number>(tiles).fill(0);
  }

  put(column: number, row: number, at: number, bytes: number): void {
    const tile = row * this.#columns + column;
    this.offsets[tile] = at;
    this.counts[tile] = bytes;
  }

  get hasGaps(): boolean {
    return this.counts.includes(0);
  }

  fillGaps(at: number, bytes: number): void {
    this.counts.forEach((count, tile) => {
      if (count > 0) return;
      this.offsets[tile] = at;
      this.counts[tile] = bytes;
    });
  }
}

/** Returns where the first level's directory lies; those of the others are its SubIFDs. */
async function appendDirectories(
  file: PartFile,
  [finest, ...coarser]: readonly TileTable[],
  mpp: number,
  description: string,
): Promise<number> {
  const subDirectories: number[] = [];
  for (const [i, table] of coarser.entries()) {
    const fields = levelFields(table, 1, mpp * 2 ** (i + 1));
    subDirectories.push(await appendDirectory(file, fields));
  }
  const fields = levelFields(finest!, 0, mpp);
  fields.push(
    { tag: 270, type: TYPE.ASCII, values: ascii(description) },
    { tag: 305, type: TYPE.ASCII, values: ascii(`microtome ${VERSION}`) },
  );
  if (subDirectories.length > 0) {
    fields.push({ tag: 330, type: TYPE.IFD8, values: subDirectories });
  }
  return appendDirectory(file, fields);
}

async function appendDirectory(file: PartFile, fields: TiffField[]): Promise<number> {
  if (file.length % 8 !== 0) await file.append(new Uint8Array(8 - (file.length % 8)));
  const sorted = fields.sort((a, b) => a.tag - b.tag);
  return file.append(encodeDirectory(sorted, file.length, true, true));
}

function levelFields({ size, offsets, counts }: TileTable, reduced: 0 | 1, mpp: number) {
  const perCentimetre = [Math.round(1e7 / mpp), 1000];
  const fields: TiffField[] = [
    { tag: 254, type: TYPE.LONG, values: [reduced] },
    { tag: 256, type: TYPE.LONG, values: [size.width] },
    { tag: 257, type: TYPE.LONG, values: [size.height] },
    { tag: 258, type: TYPE.SHORT, values: [32] },
    { tag: 259, type: TYPE.SHORT, values: [DEFLATE] },
    { tag: 262, type: TYPE.SHORT, values: [MIN_IS_BLACK] },
    { tag: 277, type: TYPE.SHORT, values: [1] },
    { tag: 282, type: TYPE.RATIONAL, values: perCentimetre },
    { tag: 283, type: TYPE.RATIONAL, values: perCentimetre },
    { tag: 284, type: TYPE.SHORT, values: [1] },
    { tag: 296, type: TYPE.SHORT, values: [CENTIMETRE] },
    { tag: 322, type: TYPE.SHORT, values: [SIDE] },
    { tag: 323, type: TYPE.SHORT, values: [SIDE] },
    { tag: 324, type: TYPE.LONG8, values: offsets },
    { tag: 325, type: TYPE.LONG8, values: counts },
    { tag: 339, type: TYPE.SHORT, values: [UNSIGNED] },
  ];
  return fields;
}

function ascii(text: string): number[] {
  return [...Buffer.from(`${text}\0`, "utf8")];
}
