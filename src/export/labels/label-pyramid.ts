import type { Box, Size } from "../../geometry.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import { drawTile, toLevel0 } from "./draw-tile.ts";
import { type LabelGrid, requireLabels } from "./label-grid.ts";

/** A tile of one level that holds at least one label. */
export interface LabelTile {
  /** 0 is the finest. */
  readonly level: number;
  /** In tiles from the level's left. */
  readonly column: number;
  readonly row: number;
  /** side × side labels, rows top to bottom; 0 beyond the level's edge. */
  readonly labels: Uint32Array<ArrayBuffer>;
}

/** Sizes of a pyramid's levels, halved and rounded up until one tile holds the whole. */
export function levelSizes({ size }: LabelGrid, side: number): readonly Size[] {
  const sizes = [size];
  for (let { width, height } = size; Math.max(width, height) > side; ) {
    width = Math.ceil(width / 2);
    height = Math.ceil(height / 2);
    sizes.push({ width, height });
  }
  return sizes;
}

/**
 * Draws every object as its place in the source + 1, and gives the tiles of all levels that are not
 * empty: the four of a finer level before the one that is made of them (so in the order of a Z curve).
 *
 * A coarser pixel has the label of the upper left of the four beneath it: labels are no quantity
 * that could be averaged, and pixel i of a level keeps the centre of pixel 2i of the level before.
 * Four tiles a level are held at once, whatever the slide's size. Throws MicrotomeError `usage` for
 * more objects than labels.
 *
 * @param side of a tile, even, label px
 */
export async function* labelTiles(
  source: InstanceSource,
  grid: LabelGrid,
  side: number,
): AsyncGenerator<LabelTile, void, void> {
  requireLabels(source.count);
  const sizes = levelSizes(grid, side);
  const scale = { x: grid.downsample, y: grid.downsample };

  async function* tileOf(
    level: number,
    column: number,
    row: number,
  ): AsyncGenerator<LabelTile, LabelTile | null, void> {
    const { width, height } = sizes[level]!;
    if (column * side >= width || row * side >= height) return null;
    let labels: LabelTile["labels"] | null = null;
    if (level === 0) {
      const left = column * side;
      const top = row * side;
      const tile = { x: left, y: top, width: side, height: side };
      labels = await drawTile(source, tile, scale, ({ index }) => index + 1);
      if (labels) cutOff(labels, side, width - left, height - top);
    } else if (await hasAny(source, toLevel0(boxAtLevel0(level, column, row, side), scale))) {
      for (const [dx, dy] of QUADRANTS) {
        const finer = yield* tileOf(level - 1, 2 * column + dx, 2 * row + dy);
        if (!finer) continue;
        labels ??= new Uint32Array(side * side);
        halveInto(labels, finer.labels, side, dx, dy);
      }
    }
    // What lies between the points of a coarser level leaves no trace in it.
    if (!labels?.some((label) => label !== 0)) return null;
    const tile: LabelTile = { level, column, row, labels };
    yield tile;
    return tile;
  }

  yield* tileOf(sizes.length - 1, 0, 0);
}

const QUADRANTS = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const;

function boxAtLevel0(level: number, column: number, row: number, side: number): Box {
  const width = side * 2 ** level;
  return { x: column * width, y: row * width, width, height: width };
}

async function hasAny(source: InstanceSource, box: Box): Promise<boolean> {
  for await (const _ of source.within(box)) return true;
  return false;
}

/** Clears what hangs over the level's right and lower edge. */
function cutOff(labels: Uint32Array, side: number, width: number, height: number): void {
  for (let row = 0; width < side && row < Math.min(side, height); row++) {
    labels.fill(0, row * side + width, (row + 1) * side);
  }
  if (height < side) labels.fill(0, height * side);
}

function halveInto(into: Uint32Array, from: Uint32Array, side: number, dx: number, dy: number) {
  const half = side / 2;
  for (let y = 0; y < half; y++) {
    const target = (dy * half + y) * side + dx * half;
    const source = 2 * y * side;
    for (let x = 0; x < half; x++) into[target + x] = from[source + 2 * x]!;
  }
}
