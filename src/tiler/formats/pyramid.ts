import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import type { Tiff, TiffDirectory } from "../tiff/structure.ts";

/** How far a level's shape may be from level 0's: a pixel of rounding on either side, or 2 %. */
const SHAPE_TOLERANCE = 0.02;

/**
 * The levels among `candidates`: smaller copies of the first picture, finest first, it included.
 *
 * With `flagged`, only those that their file calls reduced (NewSubfileType bit 0).
 */
export async function pyramidOf(
  tiff: Tiff,
  first: TiffImage,
  candidates: readonly TiffDirectory[],
  flagged: boolean,
): Promise<TiffImage[]> {
  const levels = [first];
  for (const directory of candidates) {
    const image = await readTiffImage(tiff, directory);
    if (flagged && !image.reduced) continue;
    if (isCopy(image, first)) levels.push(image);
  }
  levels.sort((a, b) => b.size.width - a.size.width);
  return levels.filter((level, i) => i === 0 || level.size.width < levels[i - 1]!.size.width);
}

function isCopy(image: TiffImage, first: TiffImage): boolean {
  const { width, height } = image.size;
  if (width >= first.size.width || height > first.size.height) return false;
  if (image.samples !== first.samples) return false;
  const [rx, ry] = [first.size.width / width, first.size.height / height];
  const rounding = 1 / Math.min(width, height);
  return Math.abs(rx - ry) / Math.max(rx, ry) <= SHAPE_TOLERANCE + rounding;
}
