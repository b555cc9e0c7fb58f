import { CorruptSlideError } from "../../errors.ts";
import { type Box, intersectBoxes } from "../../geometry.ts";
import type { RgbImage, Slide } from "../slide.ts";
import { readIccFacts } from "./icc-profile.ts";
import { transformRgb } from "./transform-rgb.ts";

/** Pixels converted at once: 2^22, 12 MiB. */
const BAND_PIXELS = 2 ** 22;

/** What slides have been converted to, so that a request each need not ask again; and they themselves. */
const converted = new WeakMap<Slide, Promise<Slide>>();

/**
 * The same slide with its colours converted to sRGB by its own ICC profile: perceptual intent.
 *
 * The slide itself where it has no profile: its colours are taken for sRGB as they are. What lies
 * outside a level stays white; stored tiles are no longer passed on; `iccProfile` is still that of the
 * file. Closing either closes both. Throws CorruptSlideError for a profile that is damaged or not for
 * RGB: wrong colours would look right.
 */
export function convertToSrgb(slide: Slide): Promise<Slide> {
  const known = converted.get(slide);
  if (known) return known;
  const making = makeConverted(slide);
  converted.set(slide, making);
  making.then(
    (made) => converted.set(made, making),
    () => converted.delete(slide),
  );
  return making;
}

async function makeConverted(slide: Slide): Promise<Slide> {
  const profile = slide.iccProfile;
  if (!profile) return slide;
  const { damage, space } = readIccFacts(profile);
  if (damage !== null) throw unusable(slide, damage);
  if (space !== "RGB") throw unusable(slide, `it is for ${space} colours, not RGB`);
  // One pixel tells whether the profile's tables can be used.
  await convert(slide, { data: Uint8Array.of(128, 64, 96), width: 1, height: 1 }, profile);
  return {
    ...slide,
    async readRegion(level, levelBox, signal) {
      const image = await slide.readRegion(level, levelBox, signal);
      const inside = intersectBoxes(levelBox, { x: 0, y: 0, ...slide.levels[level]!.size });
      for (const band of bandsOf(inside, levelBox)) {
        signal?.throwIfAborted();
        const part = await convert(slide, cut(image, band), profile);
        paste(part, image, band);
      }
      return image;
    },
    async readRawTile(level, column, row) {
      // For its errors: what is stored is not what is shown.
      await slide.readRawTile(level, column, row);
      return null;
    },
    close: () => slide.close(),
  };
}

async function convert(slide: Slide, image: RgbImage, profile: Uint8Array): Promise<RgbImage> {
  return transformRgb(image, profile).catch((cause: unknown) => {
    throw unusable(slide, cause instanceof Error ? cause.message : String(cause), cause);
  });
}

function unusable(slide: Slide, why: string, cause?: unknown): CorruptSlideError {
  return new CorruptSlideError(
    `${slide.path}: its ICC profile cannot be used (${why}); leave --icc out to take its colours as they are stored.`,
    { path: slide.path },
    cause,
  );
}

/** The part of a region that holds pixels of the level, in bands of full width; region px. */
function bandsOf(inside: Box | null, region: Box): readonly Box[] {
  if (!inside) return [];
  const bands: Box[] = [];
  const rows = Math.max(1, Math.floor(BAND_PIXELS / inside.width));
  for (let y = 0; y < inside.height; y += rows) {
    bands.push({
      x: inside.x - region.x,
      y: inside.y - region.y + y,
      width: inside.width,
      height: Math.min(rows, inside.height - y),
    });
  }
  return bands;
}

function cut(image: RgbImage, { x, y, width, height }: Box): RgbImage {
  const whole = x === 0 && width === image.width;
  const first = (y * image.width + x) * 3;
  if (whole) return { data: image.data.subarray(first, first + width * height * 3), width, height };
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = first + row * image.width * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { data, width, height };
}

function paste(part: RgbImage, image: RgbImage, { x, y }: Box): void {
  for (let row = 0; row < part.height; row++) {
    const from = row * part.width * 3;
    image.data.set(
      part.data.subarray(from, from + part.width * 3),
      ((y + row) * image.width + x) * 3,
    );
  }
}
