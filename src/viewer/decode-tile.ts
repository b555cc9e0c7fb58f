/** First word of a vector tile: "mtv1" read as little-endian. */
const MAGIC = 0x3176746d;
const HEADER_WORDS = 8;

/** A vector tile, as views on the bytes that came. Coordinates are level-0 px from the tile's corner. */
export interface DecodedTile {
  /** Objects that meet the tile, those too many to be in it included. */
  readonly total: number;
  /** Index of each outlined object. */
  readonly objects: Uint32Array;
  readonly classes: Uint32Array;
  /** Outline i has rings ringsOf[i] … ringsOf[i+1]. */
  readonly ringsOf: Uint32Array;
  /** Ring r has points pointsOf[r] … pointsOf[r+1]. */
  readonly pointsOf: Uint32Array;
  readonly xy: Float32Array;
  /** Objects too small for an outline. */
  readonly dots: Uint32Array;
  readonly dotClasses: Uint32Array;
  readonly dotXy: Float32Array;
  readonly bytes: number;
}

/** Reads the bytes of `GET /api/runs/:id/overlay/:z/:x/:y`. Throws Error when they are no tile. */
export function decodeTile(buffer: ArrayBuffer): DecodedTile {
  const header = new Uint32Array(buffer, 0, Math.min(HEADER_WORDS, buffer.byteLength >> 2));
  const [magic, version, n = 0, r = 0, p = 0, d = 0, total = 0] = header;
  if (magic !== MAGIC || version !== 1) throw new Error("The overlay came in a form unknown here.");
  const expected = 4 * (HEADER_WORDS + 2 * n + (n + 1) + (r + 1) + 2 * p + 4 * d);
  if (buffer.byteLength !== expected) {
    throw new Error(`The overlay came with ${buffer.byteLength} bytes; expected ${expected}.`);
  }
  let offset = 4 * HEADER_WORDS;
  const words = (count: number) => {
    const view = new Uint32Array(buffer, offset, count);
    offset += 4 * count;
    return view;
  };
  const floats = (count: number) => {
    const view = new Float32Array(buffer, offset, count);
    offset += 4 * count;
    return view;
  };
  return {
    objects: words(n),
    classes: words(n),
    ringsOf: words(n + 1),
    pointsOf: words(r + 1),
    xy: floats(2 * p),
    dots: words(d),
    dotClasses: words(d),
    dotXy: floats(2 * d),
    total,
    bytes: buffer.byteLength,
  };
}
