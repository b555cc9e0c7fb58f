import { MAX_ICC_BYTES } from "../limits.ts";
import { TAG } from "./names.ts";
import type { Tiff, TiffDirectory } from "./structure.ts";

/**
 * The ICC profile of a directory's picture (tag 34675), or null where it has none.
 *
 * Empty where the tag claims more than MAX_ICC_BYTES or bytes that the file does not hold: the pixels
 * can be read without it, so it is no reason to refuse the slide.
 */
export async function readIccTag(tiff: Tiff, directory: TiffDirectory): Promise<Uint8Array | null> {
  const entry = directory.entries.get(TAG.iccProfile);
  if (!entry) return null;
  if (entry.count > MAX_ICC_BYTES || entry.offset + entry.count > tiff.source.size) {
    return new Uint8Array(0);
  }
  return tiff.source.fetch(entry.offset, entry.count);
}
