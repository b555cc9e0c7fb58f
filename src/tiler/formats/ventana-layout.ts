import type { Size } from "../../geometry.ts";
import type { ScanArea } from "./ventana-xml.ts";

/** A stored tile of level 0, and where on the canvas it lies (px, not rounded). */
export interface PlacedTile {
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

/** Where all scanned tiles of level 0 lie. */
export interface Layout {
  /** Px, not rounded. */
  readonly size: Size;
  /** In the order they are laid down: right and lower tiles over left and upper ones. */
  readonly tiles: readonly PlacedTile[];
}

/**
 * Places tiles as OpenSlide does for the scanners before the DP series: one step a axis for all
 * tiles, the tile less the mean overlap weighted by confidence; areas by their positions, y counted
 * upwards. Null where an axis of several tiles has no joint of any confidence.
 */
export function evenLayout(areas: readonly ScanArea[], tile: Size): Layout | null {
  const step = {
    x: tile.width - meanOverlap(areas, "x"),
    y: tile.height - meanOverlap(areas, "y"),
  };
  if (!(step.x > 0 && step.y > 0)) return null;
  const sizeOf = (area: ScanArea): Size => ({
    width: (area.columns - 1) * step.x + tile.width,
    height: (area.rows - 1) * step.y + tile.height,
  });
  const height = largest(areas, (area) => area.position.y + sizeOf(area).height);
  const width = largest(areas, (area) => area.position.x + sizeOf(area).width);
  const tiles = areas.flatMap((area) => {
    const top = height - area.position.y - sizeOf(area).height;
    return gridOf(area, tile, (column, row) => ({
      x: area.position.x + column * step.x,
      y: top + row * step.y,
    }));
  });
  const lowest = largest(tiles, ({ y }) => y) + tile.height;
  return { size: { width, height: lowest }, tiles };
}

/** NaN where several tiles have no joint to tell their overlap. */
function meanOverlap(areas: readonly ScanArea[], axis: "x" | "y"): number {
  let [sum, weight] = [0, 0];
  for (const joint of areas.flatMap(({ joints }) => joints)) {
    if (joint.axis !== axis) continue;
    sum += joint.overlap * joint.confidence;
    weight += joint.confidence;
  }
  if (weight > 0) return sum / weight;
  const alone = areas.every((area) => (axis === "x" ? area.columns : area.rows) === 1);
  return alone ? 0 : Number.NaN;
}

/**
 * Places tiles as Roche describes for the DP series: each gap between columns, or rows, of an area is
 * narrowed by the mean overlap of the joints across it that are said to be joined; areas by their origins.
 */
export function joinedLayout(areas: readonly ScanArea[], tile: Size): Layout {
  const tiles = areas.flatMap((area) => {
    const xs = edges(area, "x", area.columns, tile.width);
    const ys = edges(area, "y", area.rows, tile.height);
    return gridOf(area, tile, (column, row) => ({
      x: area.origin.x + xs[column]!,
      y: area.origin.y + ys[row]!,
    }));
  });
  const right = largest(tiles, ({ x }) => x) + tile.width;
  const bottom = largest(tiles, ({ y }) => y) + tile.height;
  return { size: { width: right, height: bottom }, tiles };
}

function edges(area: ScanArea, axis: "x" | "y", count: number, side: number): Float64Array {
  const sums = new Float64Array(count);
  const weights = new Float64Array(count);
  for (const joint of area.joints) {
    if (joint.axis !== axis || !joint.joined || joint.confidence === 0) continue;
    sums[joint.gap]! += joint.overlap * joint.confidence;
    weights[joint.gap]! += joint.confidence;
  }
  const at = new Float64Array(count);
  for (let i = 1; i < count; i++) {
    const overlap = weights[i - 1]! > 0 ? sums[i - 1]! / weights[i - 1]! : 0;
    at[i] = at[i - 1]! + side - overlap;
  }
  return at;
}

function gridOf(
  area: ScanArea,
  tile: Size,
  at: (column: number, row: number) => { readonly x: number; readonly y: number },
): PlacedTile[] {
  const tiles: PlacedTile[] = [];
  const first = {
    column: Math.floor(area.origin.x / tile.width),
    row: Math.floor(area.origin.y / tile.height),
  };
  for (let row = 0; row < area.rows; row++) {
    for (let column = 0; column < area.columns; column++) {
      tiles.push({ column: first.column + column, row: first.row + row, ...at(column, row) });
    }
  }
  return tiles;
}

/** Not Math.max of a spread: that many arguments would overflow the stack. */
function largest<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((most, item) => Math.max(most, of(item)), Number.NEGATIVE_INFINITY);
}
