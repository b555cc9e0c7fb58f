import type { Box, Size } from "../geometry.ts";

/** Side of a tile without its overlap, px: the default of OpenSlide's DeepZoomGenerator. */
const TILE_SIDE = 254;
/** Pixels that a tile shares with each neighbour, px. */
const OVERLAP = 1;

/** What a tile shows and how large it is. */
export interface DeepZoomTile {
  /** Level-0 px. */
  readonly box: Box;
  /** The tile's own pixels. */
  readonly size: Size;
}

/**
 * Sizes of a slide's Deep Zoom levels: level 0 is one pixel, each further one twice the size, rounded
 * up, and the last is the slide. Source: Microsoft's Deep Zoom file format; openslide-python's deepzoom.py.
 */
export function deepZoomLevels(full: Size): readonly Size[] {
  const sizes = [full];
  for (let size = full; size.width > 1 || size.height > 1; ) {
    size = { width: Math.ceil(size.width / 2), height: Math.ceil(size.height / 2) };
    sizes.push(size);
  }
  return sizes.reverse();
}

/** Columns and rows of a level's tiles. */
export function deepZoomGrid(level: Size): { readonly columns: number; readonly rows: number } {
  return {
    columns: Math.ceil(level.width / TILE_SIDE),
    rows: Math.ceil(level.height / TILE_SIDE),
  };
}

/**
 * A tile of a slide, or null where the pyramid has none at that place.
 *
 * A level's last pixel may stand for less than the others. Clients lay the last tile from its corner to
 * the slide's edge, so it shows just that, a fraction of a pixel stretched.
 */
export function deepZoomTile(
  full: Size,
  level: number,
  column: number,
  row: number,
): DeepZoomTile | null {
  const levels = deepZoomLevels(full);
  const size = levels[level];
  if (!size) return null;
  const { columns, rows } = deepZoomGrid(size);
  if (column >= columns || row >= rows) return null;
  const across = span(column, size.width);
  const down = span(row, size.height);
  const shrink = 2 ** (levels.length - 1 - level);
  const x = across.start * shrink;
  const y = down.start * shrink;
  return {
    size: { width: across.length, height: down.length },
    box: {
      x,
      y,
      width: Math.min(across.length * shrink, full.width - x),
      height: Math.min(down.length * shrink, full.height - y),
    },
  };
}

function span(index: number, limit: number): { readonly start: number; readonly length: number } {
  const start = Math.max(0, index * TILE_SIDE - OVERLAP);
  const end = Math.min(limit, (index + 1) * TILE_SIDE + OVERLAP);
  return { start, length: end - start };
}

/** The descriptor (.dzi) that a client opens. `format` is the ending of tiles: jpg or png. */
export function describeDeepZoom(full: Size, format: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="${format}" Overlap="${OVERLAP}" TileSize="${TILE_SIDE}"><Size Width="${full.width}" Height="${full.height}"/></Image>
`;
}
