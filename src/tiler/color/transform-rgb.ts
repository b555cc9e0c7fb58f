import sharp from "sharp";
import type { RgbImage } from "../slide.ts";
import { profiledTiff } from "./profiled-tiff.ts";

/** Thrown where Little CMS, inside libvips, will not take a profile. */
export class ProfileRefused extends Error {}

/**
 * The colours of a picture, taken by an ICC profile, in 8-bit sRGB: perceptual intent, by Little CMS.
 *
 * Throws ProfileRefused with what Little CMS says.
 */
export async function transformRgb(image: RgbImage, profile: Uint8Array): Promise<RgbImage> {
  let refusal: string | null = null;
  // sharp takes pixels with a profile only as a file: an uncompressed TIFF in memory is the plainest.
  const picture = sharp(profiledTiff(image, profile), { limitInputPixels: false });
  picture.on("warning", (message: string) => {
    refusal ??= message;
  });
  const data = await picture.toColourspace("srgb").raw({ depth: "uchar" }).toBuffer();
  // libvips leaves the colours as they are, with a warning: silence would be the wrong colours.
  if (refusal !== null) throw new ProfileRefused(refusal);
  if (data.length !== image.data.length) throw new ProfileRefused("it changes the channels");
  return { data, width: image.width, height: image.height };
}
