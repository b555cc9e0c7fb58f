import type { RgbImage } from "../tiler/slide.ts";
import type { FoundTissue } from "../tiler/tissue.ts";

/** A picture is enlarged by whole cells until it is at least this long, px. */
const LEAST_SIDE = 800;

/** How much of the light what is no tissue keeps. */
const DIMMED = 0.45;

const OUTLINE = [0, 200, 90] as const;

/** The slide in the mask's cells: tissue as it is with an outline around it, everything else dimmed. */
export function paintTissue(tissue: FoundTissue): RgbImage {
  const { width, height, tight, colors } = tissue;
  const zoom = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(width, height)));
  const image = {
    data: new Uint8Array(width * height * zoom * zoom * 3),
    width: width * zoom,
    height: height * zoom,
  };
  const isTissue = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && tight[y * width + x] === 1;
  for (let y = 0, o = 0; y < image.height; y++) {
    const row = Math.floor(y / zoom);
    for (let x = 0; x < image.width; x++, o += 3) {
      const column = Math.floor(x / zoom);
      const inside = isTissue(column, row);
      const edge =
        inside &&
        !(
          isTissue(Math.floor((x - 1) / zoom), row) &&
          isTissue(Math.floor((x + 1) / zoom), row) &&
          isTissue(column, Math.floor((y - 1) / zoom)) &&
          isTissue(column, Math.floor((y + 1) / zoom))
        );
      const from = (row * width + column) * 3;
      for (let c = 0; c < 3; c++) {
        const value = colors.data[from + c]!;
        image.data[o + c] = edge ? OUTLINE[c]! : inside ? value : value * DIMMED;
      }
    }
  }
  return image;
}
