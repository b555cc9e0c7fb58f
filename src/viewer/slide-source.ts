import OpenSeadragon from "openseadragon";
import type { SlideInfo, SlideLevel } from "../server/api.ts";

/**
 * A slide's own pyramid as OpenSeadragon asks for it.
 *
 * OpenSeadragon expects every level to be half of the next; scanners' levels are 4, 16.002, 32.01 …
 * times smaller, each with tiles of its own size. Here each level keeps its true size and is laid
 * over the whole slide. OpenSeadragon's level 0 is the coarsest, the slide's is the finest.
 */
export class SlideSource extends OpenSeadragon.TileSource {
  readonly slide: SlideInfo;

  constructor(slide: SlideInfo) {
    const { width, height, levels } = slide;
    super({
      width,
      height,
      tileSize: levels[0]!.tileWidth,
      tileOverlap: 0,
      minLevel: 0,
      maxLevel: levels.length - 1,
    });
    this.slide = slide;
  }

  override getLevelScale(level: number): number {
    return this.#at(level).width / this.slide.width;
  }

  override getTileWidth(level: number): number {
    return this.#at(level).tileWidth;
  }

  override getTileHeight(level: number): number {
    return this.#at(level).tileHeight;
  }

  override getNumTiles(level: number): OpenSeadragon.Point {
    const { width, height, tileWidth, tileHeight } = this.#at(level);
    return new OpenSeadragon.Point(Math.ceil(width / tileWidth), Math.ceil(height / tileHeight));
  }

  // The package's own types call the answer a Tile; it is a Point with a column and a row.
  override getTileAtPoint(level: number, point: OpenSeadragon.Point): OpenSeadragon.Tile {
    const { width, height, tileWidth, tileHeight } = this.#at(level);
    const count = this.getNumTiles(level);
    const column = Math.floor((point.x * width) / tileWidth);
    const row = Math.floor((point.y * this.aspectRatio * height) / tileHeight);
    const clamp = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    const place = new OpenSeadragon.Point(clamp(column, count.x), clamp(row, count.y));
    return place as unknown as OpenSeadragon.Tile;
  }

  override getTileBounds(
    level: number,
    x: number,
    y: number,
    isSource?: boolean,
  ): OpenSeadragon.Rect {
    const { width, height, tileWidth, tileHeight } = this.#at(level);
    const left = x * tileWidth;
    const top = y * tileHeight;
    // Stored tiles at the right and bottom edge are padded: only what is slide is drawn.
    const inWidth = Math.min(tileWidth, width - left);
    const inHeight = Math.min(tileHeight, height - top);
    if (isSource) return new OpenSeadragon.Rect(0, 0, inWidth, inHeight);
    const down = height * this.aspectRatio;
    return new OpenSeadragon.Rect(left / width, top / down, inWidth / width, inHeight / down);
  }

  override getTileUrl(level: number, x: number, y: number): string {
    const own = this.slide.levels.length - 1 - level;
    const { id, version } = this.slide;
    return `/api/slides/${id}/tiles/${own}/${x}/${y}.jpg?v=${version}`;
  }

  #at(level: number): SlideLevel {
    return this.slide.levels[this.slide.levels.length - 1 - level]!;
  }
}
