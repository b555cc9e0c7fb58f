import { type Box, intersectBoxes, type Polygon, type Ring } from "../../geometry.ts";
import { forEachSpan } from "../../row-spans.ts";
import type { InstanceSource, PlacedInstance } from "../../store/instance-source.ts";

/** The number that an object's pixels get; 0 leaves it out. */
export type LabelOf = (placed: PlacedInstance) => number;

/** Scale of the drawing, level-0 px per label px on each axis. */
export interface DrawScale {
  readonly x: number;
  readonly y: number;
}

/**
 * Draws the objects of one tile; null where none comes near a pixel centre.
 *
 * Pixel-centre and even-odd rules of {@link forEachSpan}, after the outline is brought to label px:
 * an outline that follows the pixels of this grid gives them back, and tiles meet without a seam.
 * Where objects overlap, the one that comes **earlier** in the source's order keeps the pixel.
 *
 * @param tile label px, integers
 * @returns width × height labels, rows top to bottom
 */
export async function drawTile(
  source: InstanceSource,
  tile: Box,
  scale: DrawScale,
  labelOf: LabelOf,
): Promise<Uint32Array<ArrayBuffer> | null> {
  let labels: Uint32Array<ArrayBuffer> | null = null;
  for await (const placed of source.within(toLevel0(tile, scale))) {
    const label = labelOf(placed);
    if (label === 0) continue;
    const rings = scaledRings(placed.instance.polygon, scale);
    const window = intersectBoxes(centreBox(rings[0]!), tile);
    if (!window) continue;
    labels ??= new Uint32Array(tile.width * tile.height);
    paint(labels, tile, rings, window, label);
  }
  return labels;
}

/** A box of label px in level-0 px. */
export function toLevel0(tile: Box, scale: DrawScale): Box {
  return {
    x: tile.x * scale.x,
    y: tile.y * scale.y,
    width: tile.width * scale.x,
    height: tile.height * scale.y,
  };
}

function paint(
  labels: Uint32Array,
  tile: Box,
  rings: readonly Ring[],
  window: Box,
  label: number,
): void {
  forEachSpan(rings, window, (y, x0, x1) => {
    const row = (y - tile.y) * tile.width - tile.x;
    for (let i = row + x0; i < row + x1; i++) if (labels[i] === 0) labels[i] = label;
  });
}

function scaledRings({ outer, holes }: Polygon, { x, y }: DrawScale): readonly Ring[] {
  const rings = [outer, ...holes];
  if (x === 1 && y === 1) return rings;
  return rings.map((ring) => ring.map((value, i) => (i % 2 === 0 ? value / x : value / y)));
}

/** The smallest box of whole pixels whose centres a ring can enclose; it may be empty. */
function centreBox(ring: Ring): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < ring.length; i += 2) {
    x0 = Math.min(x0, ring[i]!);
    x1 = Math.max(x1, ring[i]!);
    y0 = Math.min(y0, ring[i + 1]!);
    y1 = Math.max(y1, ring[i + 1]!);
  }
  const left = Math.ceil(x0 - 0.5);
  const top = Math.ceil(y0 - 0.5);
  return { x: left, y: top, width: Math.ceil(x1 - 0.5) - left, height: Math.ceil(y1 - 0.5) - top };
}
