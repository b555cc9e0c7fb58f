/** A vector tile's place: zoom, column, row. */
export interface TileAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** The part of the slide that is on screen, in level-0 px; may stick out of the slide. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Level-0 px per device pixel. */
  readonly pixel: number;
}

/** The zoom whose pixel (2^z level-0 px) is the largest that is not coarser than the screen's. */
export function zoomFor(pixel: number, maxZoom: number): number {
  return Math.max(0, Math.min(maxZoom, Math.floor(Math.log2(pixel) + 1e-6)));
}

/** The tiles that cover a view, those nearest its middle first. `side` is a tile's at z = 0, level-0 px. */
export function tilesInView(view: View, z: number, side: number, slide: Extent): TileAddress[] {
  const step = side * 2 ** z;
  const last = (length: number) => Math.max(0, Math.ceil(length / step) - 1);
  const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));
  const [lastX, lastY] = [last(slide.width), last(slide.height)];
  if (view.x + view.width <= 0 || view.y + view.height <= 0) return [];
  if (view.x >= slide.width || view.y >= slide.height) return [];
  const x0 = clamp(Math.floor(view.x / step), lastX);
  const x1 = clamp(Math.floor((view.x + view.width) / step), lastX);
  const y0 = clamp(Math.floor(view.y / step), lastY);
  const y1 = clamp(Math.floor((view.y + view.height) / step), lastY);
  const tiles: TileAddress[] = [];
  for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) tiles.push({ z, x, y });
  const midX = (view.x + view.width / 2) / step - 0.5;
  const midY = (view.y + view.height / 2) / step - 0.5;
  const far = (tile: TileAddress) => (tile.x - midX) ** 2 + (tile.y - midY) ** 2;
  return tiles.sort((a, b) => far(a) - far(b));
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** One word for a tile's place. */
export function tileKey(tile: TileAddress): string {
  return `${tile.z}/${tile.x}/${tile.y}`;
}

/** True when a tile has any part of the view. */
export function tileMeets(tile: TileAddress, view: View, side: number): boolean {
  const step = side * 2 ** tile.z;
  return (
    tile.x * step < view.x + view.width &&
    (tile.x + 1) * step > view.x &&
    tile.y * step < view.y + view.height &&
    (tile.y + 1) * step > view.y
  );
}
