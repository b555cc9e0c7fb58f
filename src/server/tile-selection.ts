import { UNITS_PER_PIXEL } from "./outline.ts";
import { OVERLAY_TILE_SIZE, type TileAddress } from "./overlay-source.ts";

/** At most so many outlines in one tile, the largest first; the rest are dots. */
const MAX_OUTLINES = 12_000;
/** At most so many dots in one tile. */
const MAX_DOTS = 32_000;
/** Objects whose longer side is shorter than this, in pixels of the zoom, are dots. */
const DOT_BELOW_PX = 1.5;

/** An object as far as a tile needs to know it to choose. Hundredths of a level-0 px. */
export interface TileObject {
  readonly index: number;
  readonly classOf: number;
  /** The middle of its box. */
  readonly x: number;
  readonly y: number;
  /** The longer side of its box. */
  readonly extent: number;
}

/** What a tile holds, before it is bytes. */
export interface SelectedObjects {
  /** Objects with an outline, by index. */
  readonly outlines: readonly TileObject[];
  /** Objects that stand for one or more too small to see, by index. */
  readonly dots: readonly TileObject[];
  readonly total: number;
}

/** A tile's corner and side, and a pixel of its zoom, in hundredths of a level-0 px. */
export function tileFrame({ x, y, z }: TileAddress) {
  const pixel = 2 ** z * UNITS_PER_PIXEL;
  const side = OVERLAY_TILE_SIZE * pixel;
  return { originX: x * side, originY: y * side, side, pixel };
}

/**
 * Chooses what a tile shows from the objects that meet it, which are added in the order of their indices.
 *
 * Holds those large enough for an outline, and one dot a pixel: however many objects there are, no
 * more than the tile has pixels.
 */
export class TileSelection {
  readonly #frame: ReturnType<typeof tileFrame>;
  readonly #large: TileObject[] = [];
  readonly #dots: TileObject[] = [];
  readonly #taken = new Uint8Array(OVERLAY_TILE_SIZE ** 2);
  /** Pixels outside the tile that hold the middle of an object that meets it. */
  readonly #takenAround = new Set<number>();
  #total = 0;

  constructor(address: TileAddress) {
    this.#frame = tileFrame(address);
  }

  add(
    index: number,
    minX: number,
    minY: number,
    maxX: number,
    maxY: number,
    classOf: number,
  ): void {
    const { originX, originY, side, pixel } = this.#frame;
    // Tiles are half-open: an object that only touches the far edge belongs to the neighbour.
    if (minX > originX + side - 1 || maxX < originX) return;
    if (minY > originY + side - 1 || maxY < originY) return;
    this.#total++;
    const [x, y] = [(minX + maxX) / 2, (minY + maxY) / 2];
    const extent = Math.max(maxX - minX, maxY - minY);
    if (extent >= DOT_BELOW_PX * pixel) this.#large.push({ index, classOf, x, y, extent });
    else if (this.#take(x, y)) this.#dots.push({ index, classOf, x, y, extent });
  }

  finish(): SelectedObjects {
    const large = this.#large;
    const dots = this.#dots;
    if (large.length > MAX_OUTLINES) {
      large.sort((a, b) => b.extent - a.extent || a.index - b.index);
      for (const object of large.splice(MAX_OUTLINES)) {
        if (this.#take(object.x, object.y)) dots.push(object);
      }
      large.sort((a, b) => a.index - b.index);
      dots.sort((a, b) => a.index - b.index);
    }
    // One dot a pixel is all that can be seen; above the limit, every so many-th of those.
    const step = Math.ceil(dots.length / MAX_DOTS);
    const shown = step <= 1 ? dots : dots.filter((_, i) => i % step === 0);
    return { outlines: large, dots: shown, total: this.#total };
  }

  /** Whether the pixel of a point was free; it is no longer. */
  #take(x: number, y: number): boolean {
    const { originX, originY, pixel } = this.#frame;
    const column = Math.floor((x - originX) / pixel);
    const row = Math.floor((y - originY) / pixel);
    const inside = column >= 0 && column < OVERLAY_TILE_SIZE && row >= 0 && row < OVERLAY_TILE_SIZE;
    if (inside) {
      const cell = row * OVERLAY_TILE_SIZE + column;
      if (this.#taken[cell] === 1) return false;
      this.#taken[cell] = 1;
      return true;
    }
    const cell = column + row * 2 ** 26;
    if (this.#takenAround.has(cell)) return false;
    this.#takenAround.add(cell);
    return true;
  }
}
