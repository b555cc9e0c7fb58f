import { MicrotomeError } from "../errors.ts";
import { type Box, intersectBoxes } from "../geometry.ts";
import { forEachSpan } from "../row-spans.ts";
import { type Outline, outlinePixelBox, outlineRings } from "./outline.ts";

/**
 * An instance segmentation as numbers: 0 is background, every other number one object.
 *
 * **Connectivity.** An object is *all* pixels of its number, whether they touch or not: nothing is
 * relabelled by connected components, neither 4- nor 8-connected. Two touching objects are told
 * apart by their numbers, and an object in two pieces stays one.
 */
export interface LabelImage {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** width × height numbers, rows top to bottom. */
  readonly data: Uint16Array | Uint32Array;
}

const MOST_PIXELS = 2 ** 30;

/**
 * Draws outlines into a label image: outline i becomes the number i + 1.
 *
 * Pixel-centre and even-odd rules of {@link forEachSpan}: exact for crack outlines on integer
 * coordinates. Where outlines overlap, the **earlier** one keeps the pixel (give them best first);
 * an outline that covers no free pixel centre leaves no trace.
 *
 * @param outlines level-0 px
 * @param frame the part that is drawn, level-0 px, integers; its top left becomes pixel (0, 0)
 * @throws MicrotomeError `usage` for a frame of more than 2³⁰ pixels (score the polygons with
 *   `scoreGeoJson` instead, which draws nothing), `corrupt-file` on a coordinate out of range
 */
export function rasterisePolygons(outlines: readonly Outline[], frame: Box): LabelImage {
  const { width, height } = frame;
  if (![frame.x, frame.y, width, height].every(Number.isInteger) || width < 1 || height < 1) {
    throw new MicrotomeError(
      "usage",
      `Cannot draw a label image of ${width} × ${height} pixels at (${frame.x}, ${frame.y}); expected whole pixels and a size of at least 1 × 1.`,
      { width, height },
    );
  }
  if (width * height > MOST_PIXELS) {
    throw new MicrotomeError(
      "usage",
      `A label image of ${width} × ${height} pixels is too large to draw (limit 2^30 pixels). Compare GeoJSON with GeoJSON, which draws nothing, or a smaller part.`,
      { width, height },
    );
  }
  const data = new Uint32Array(width * height);
  outlines.forEach((outline, index) => {
    const rings = outlineRings(outline);
    const box = outlinePixelBox(rings, index);
    const window = box && intersectBoxes(box, frame);
    if (!window) return;
    forEachSpan(rings, window, (y, x0, x1) => {
      const row = (y - frame.y) * width - frame.x;
      for (let i = row + x0; i < row + x1; i++) {
        if (data[i] === 0) data[i] = index + 1;
      }
    });
  });
  return { width, height, data };
}
